"""Speaking a text: one stream of events, sentence by sentence, patch by patch.

`generate` is the concatenation of `stream`: there is one code path.
"""

from __future__ import annotations

import functools
import logging
import textwrap
import threading
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

import numpy as np

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.engine.attempt import Attempt, Piece, Work
from ditar_studio.engine.events import (
    Cancelled,
    Done,
    Event,
    Failed,
    GenerationStats,
    LineDone,
    LineEnd,
    LineStarted,
    PatchReady,
    Progress,
    SentenceVerified,
    Started,
    Warned,
    WordSpoken,
)
from ditar_studio.engine.marked import MarkedSentence, sentences_of, shaped, whole
from ditar_studio.engine.request import Generation, GenerationRequest, SpokenLine
from ditar_studio.engine.seeds import candidate_seed, line_seed, sentence_seed
from ditar_studio.engine.voice import Reference, VoiceCache, prepare
from ditar_studio.engine.word_times import Part
from ditar_studio.errors import OtherModelError, StudioError
from ditar_studio.text.markup import unknown_voice
from ditar_studio.text.phonemes import name_unreadable, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from numpy.typing import NDArray

    from ditar_studio.engine.speech_model import ModelInfo, PreparedVoice, SpeechModel, Utterance

log = logging.getLogger(__name__)

_ENDS: dict[LineEnd, str] = {
    "too_long": "A sentence did not come to its end and was cut.",
    "repeated": "A sentence got caught in a loop and was cut.",
    "silent": "A sentence fell silent before its end.",
}


def generate(
    model: SpeechModel,
    request: GenerationRequest,
    cancel: threading.Event | None = None,
    voices: VoiceCache | None = None,
) -> Generation:
    """Speak a request and collect it: `collect(stream(...))`.

    Raises:
        StudioError: it failed.
    """
    return collect(stream(model, request, cancel, voices), model.info.sample_rate)


def collect(events: Iterable[Event], sample_rate: int) -> Generation:
    """Return the whole that a stream of events adds up to.

    Raises:
        StudioError: the stream ended with `Failed`.
    """
    pieces: list[NDArray[np.float32]] = []
    warnings: list[Warned] = []
    for event in events:
        match event:
            case PatchReady():
                pieces.append(event.samples)
            case Warned():
                warnings.append(event)
            case Failed():
                raise StudioError(event.message, event.remedy)
            case Done() | Cancelled():
                samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
                stopped = isinstance(event, Cancelled)
                return Generation(Clip(samples, sample_rate), event.stats, tuple(warnings), stopped)
            case Started() | LineStarted() | LineDone() | Progress():
                pass
            case WordSpoken() | SentenceVerified():
                pass
            case _:
                assert_never(event)
    raise RuntimeError("a stream of events must end with Done, Cancelled or Failed")


def stream(
    model: SpeechModel,
    request: GenerationRequest,
    cancel: threading.Event | None = None,
    voices: VoiceCache | None = None,
) -> Generator[Event, None, None]:
    """Speak a request while the events are drawn.

    Args:
        model: the model that speaks.
        request: the lines, the voice and the settings.
        cancel: set it to stop; takes effect within one patch.
        voices: keeps encoded voices between requests; without it the reference is encoded anew.

    Yields:
        Events as described in `engine.events`. Failures are events too: nothing is raised for what
        a user can cause.
    """
    yield from _Run(model, request, cancel or threading.Event(), voices).events()


class _Run:
    """One generation in progress."""

    def __init__(
        self,
        model: SpeechModel,
        request: GenerationRequest,
        cancel: threading.Event,
        voices: VoiceCache | None,
    ) -> None:
        self._model = model
        self._info: ModelInfo = model.info
        self._request = request
        self._cancel = cancel
        self._voices = voices
        self._work = Work()
        self._first_patch = 0.0
        self._samples = 0
        self._speech_samples = 0
        self._patches = 0
        self._fraction = 0.0
        self._refused: list[Warned] = []
        settings = request.settings
        # Without noise all candidates would be the same.
        self._candidates = settings.candidates if settings.temperature > 0 else 1
        self._retries = settings.retries if settings.temperature > 0 else 0
        self._verifies = settings.candidates > 1 or settings.retries > 0 or settings.verify
        self._unsuited: OtherModelError | None = None
        self._unknown: set[str] = set()
        self._deaf_to_sounds = False

    def events(self) -> Iterator[Event]:
        yield Started(self._info.sample_rate, len(self._request.lines))
        try:
            yield from self._lines()
        except StudioError as error:
            yield _failed(error, error)
        except MemoryError as error:
            yield _out_of_memory(error)
        except RuntimeError as error:
            if "out of memory" not in str(error) and "can't allocate memory" not in str(error):
                raise
            yield _out_of_memory(error)

    def _lines(self) -> Iterator[Event]:
        request = self._request
        total = sum(max(1, len(line.text)) for line in request.lines)
        voice = None if self._cancel.is_set() else self._work.do(self._prepare)
        if self._unsuited is not None:
            yield Warned(
                "The voice was fine-tuned for another model: the instant voice speaks.",
                self._unsuited.remedy,
            )
        for index, line in enumerate(request.lines):
            if self._cancel.is_set():
                break
            if index and self._samples:
                pause = request.lines[index - 1].pause_seconds
                pause = request.settings.pause_seconds if pause is None else pause
                yield from self._silence(pause, index)
            yield LineStarted(index, line.text)
            start = self._samples
            reason = yield from self._line(index, line, voice, max(1, len(line.text)) / total)
            yield LineDone(index, (self._samples - start) / self._info.sample_rate, reason)
        if self._cancel.is_set():
            yield Cancelled(self._stats())
        elif self._patches:
            yield Done(self._stats())
        elif self._refused:
            yield Failed(self._refused[0].message, self._refused[0].remedy)
        else:
            yield _failed(StudioError("There is nothing to say.", "Type some text."))

    def _line(
        self, index: int, line: SpokenLine, voice: PreparedVoice | None, share: float
    ) -> Generator[Event, None, LineEnd]:
        """Speak one line, `share` of the whole request; returns why its last sentence ended."""
        settings = self._request.settings
        seed = line_seed(settings.seed, index) if line.seed is None else line.seed
        reason: LineEnd = "silent"
        start = self._samples
        try:
            sentences = self._sentences(line.text)
        except StudioError as error:
            self._fraction += share
            yield from self._refuse(error)
            return reason
        characters = sum(len(sentence.part.text) for sentence in sentences)
        for number, sentence in enumerate(sentences):
            text = sentence.part.text
            if self._cancel.is_set():
                break
            if sentence.pause is not None:
                yield from self._silence(sentence.pause, index)
            elif self._samples > start:
                yield from self._silence(settings.pause_seconds, index)
            if not text:
                continue
            who = yield from self._voice_of(sentence, voice)
            begin = functools.partial(self._begin, sentence, who, sentence_seed(seed, number))
            weight = share * len(text) / max(1, characters)
            try:
                first = begin(0)
            except StudioError as error:
                self._fraction += weight
                yield from self._refuse(error)
                continue
            if sentence.sayings and not self._info.reads_phonemes and not self._deaf_to_sounds:
                self._deaf_to_sounds = True
                yield Warned(
                    "The model reads no phonetic signs: the words are said as they are written.",
                    "Write how they sound instead, as [say dee tar]DiTAR[/say].",
                )
            if missed := self._unreadable(text):
                yield Warned(
                    name_unreadable(missed), "They are left out; write them in English words."
                )
            reason = yield from self._sentence(sentence, first, begin, index, weight)
            yield from self._refusals()
        return "cancelled" if self._cancel.is_set() else reason

    def _sentences(self, text: str) -> list[MarkedSentence]:
        """Return the sentences of a line; StudioError if a mark in it can't be used."""
        if self._request.settings.exact_patches is not None:
            return whole(text)
        return sentences_of(text, times_words=self._info.times_words)

    def _voice_of(
        self, sentence: MarkedSentence, voice: PreparedVoice | None
    ) -> Generator[Event, None, PreparedVoice | None]:
        """Return the voice that says a sentence: the one that a mark names, else the line's."""
        if not sentence.voice:
            return voice
        reference = self._request.others.get(sentence.voice.casefold())
        if reference is None:
            if sentence.voice not in self._unknown:
                self._unknown.add(sentence.voice)
                error = unknown_voice(sentence.voice)
                yield Warned(error.message, error.remedy)
            return voice
        prepared: PreparedVoice | None = self._work.do(lambda: self._suited(reference))
        return prepared

    def _begin(
        self, sentence: MarkedSentence, voice: PreparedVoice | None, seed: int, candidate: int
    ) -> Utterance:
        generator = _generator(candidate_seed(seed, candidate))
        request, text = self._request, sentence.part.text
        given = (sentence.sayings,) if sentence.sayings else ()
        return self._work.do(
            lambda: self._model.begin(
                text, voice, request.settings, generator, request.lexicon, *given
            )
        )

    def _refuse(self, error: StudioError) -> Iterator[Event]:
        """Note that a sentence or a line can't be spoken."""
        log.warning("a sentence was refused", exc_info=error)
        self._refused.append(Warned(error.message, error.remedy))
        yield from self._refusals()

    def _refusals(self) -> Iterator[Event]:
        """Return what was refused; where nothing else is spoken, the failure at the end contains
        it.
        """
        if self._patches:
            yield from self._refused
            self._refused = []

    def _unreadable(self, sentence: str) -> list[str]:
        """Return the characters that a model of English phonemes passes over."""
        return unreadable(sentence) if self._info.reads_phonemes else []

    def _prepare(self) -> PreparedVoice | None:
        if self._verifies and not self._info.can_verify:
            raise StudioError(
                f"{self._info.name} can't verify what it speaks.",
                "Choose one candidate, no retries and no verifying, or the built-in model.",
            )
        reference = self._request.voice
        if reference is None:
            if self._info.needs_voice:
                raise StudioError(
                    f"{self._info.name} needs a reference to speak like.",
                    "Choose a voice, or record one.",
                )
            return None
        return self._suited(reference)

    def _suited(self, reference: Reference) -> PreparedVoice:
        """Return a voice, as fine-tuned or, where that was for another model, instant."""
        try:
            return self._prepared(reference)
        except OtherModelError as error:
            self._unsuited = error
            return self._prepared(replace(reference, adapter=None))

    def _prepared(self, reference: Reference) -> PreparedVoice:
        return self._voices.get(reference) if self._voices else prepare(self._model, reference)

    def _sentence(
        self,
        sentence: MarkedSentence,
        first: Utterance,
        begin: Callable[[int], Utterance],
        line: int,
        share: float,
    ) -> Generator[Event, None, LineEnd]:
        """Speak one sentence, `share` of the whole request; returns why it ended.

        A single candidate that is neither to be retried nor to be changed by marks is given out
        while it is made; of several the best, once all are there.
        """
        before, count, part = self._fraction, self._candidates, sentence.part
        at_once = count == 1 and not self._retries and not sentence.styles
        attempts: list[Attempt] = []
        while len(attempts) < count or (
            len(attempts) < count + self._retries and not any(each.is_right for each in attempts)
        ):
            number = len(attempts)
            utterance = begin(number) if number else first
            attempt = Attempt(
                utterance, self._request.settings, self._info, self._cancel, self._work
            )
            began = self._samples
            for piece in attempt.make():
                if at_once:
                    yield from self._emit(piece, part, line, began)
                self._fraction = before + share * min(1.0, (number + piece.done) / count)
                yield self._progress(line)
            self._patches += attempt.patches
            if self._cancel.is_set():
                return "cancelled"
            if self._verifies:
                attempt.verify()
            attempts.append(attempt)
        best = max(attempts, key=lambda attempt: attempt.rank)
        if not at_once:
            began = self._samples
            pieces = best.pieces
            if sentence.styles:
                pieces = [shaped(pieces, sentence.styles, self._info.sample_rate)]
            for piece in pieces:
                yield from self._emit(piece, part, line, began)
        yield from self._remarks(part, best, line, len(attempts))
        return best.end

    def _remarks(self, part: Part, attempt: Attempt, line: int, attempts: int) -> Iterator[Event]:
        """Return the verification of a sentence, and a warning if it may not be right."""
        check = attempt.verification
        if check is not None:
            differing = tuple(part.whole_span(span) for span in check.differing)
            yield SentenceVerified(line, part.text, check, attempts, differing)
        if attempt.end in _ENDS:
            yield Warned(_ENDS[attempt.end], "Try another seed, or a shorter sentence.")
        elif check is not None and check.doubtful:
            words = textwrap.shorten(part.text, 50, placeholder="…")
            yield Warned(
                f"Words may be missing or wrong in “{words}”.",
                "Listen to it; try another seed, or retries.",
                doubts_words=True,
            )

    def _emit(self, piece: Piece, part: Part, line: int, began: int) -> Iterator[Event]:
        """Yield speech, if there is any, and its words, of a part of a line that began at
        a sample.
        """
        if len(piece.samples):
            if not self._speech_samples:
                self._first_patch = self._work.seconds
            self._speech_samples += len(piece.samples)
            yield self._placed(piece.samples, line)
        for spoken in piece.words:
            word = part.moved(spoken, began / self._info.sample_rate)
            yield WordSpoken(line, word.start, word.end, word.at_seconds, word.seconds)

    def _silence(self, seconds: float, line: int) -> Iterator[Event]:
        count = round(seconds * self._info.sample_rate)
        if count and not self._cancel.is_set():
            yield self._placed(np.zeros(count, np.float32), line)

    def _placed(self, samples: NDArray[np.float32], line: int) -> PatchReady:
        start = self._samples / self._info.sample_rate
        self._samples += len(samples)
        return PatchReady(samples, line, start)

    def _progress(self, line: int) -> Progress:
        stats = self._stats()
        return Progress(line, min(1.0, self._fraction), stats.seconds, stats.rtf)

    def _stats(self) -> GenerationStats:
        spoken = self._speech_samples / self._info.sample_rate
        return GenerationStats(
            seconds=self._samples / self._info.sample_rate,
            elapsed=self._work.seconds,
            rtf=self._work.seconds / spoken if spoken else 0.0,
            first_patch_seconds=self._first_patch,
            patches=self._patches,
        )


def _generator(seed: int) -> torch.Generator:
    import torch

    return torch.Generator().manual_seed(seed)


def _out_of_memory(cause: BaseException) -> Failed:
    error = StudioError(
        "There is not enough memory for this model.",
        "Close other programs, or choose a smaller model or the precision int8.",
    )
    return _failed(error, cause)


def _failed(error: StudioError, cause: BaseException | None = None) -> Failed:
    """Return the event for a failure, which goes to the log with its cause."""
    log.warning("speaking failed: %s", error, exc_info=cause)
    return Failed(error.message, error.remedy)
