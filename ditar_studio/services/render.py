"""Speaking lines of a project: each becomes a take on disk while it is played.

`render` yields events while it works and is made for `engine.worker.Worker.submit`. A take is in
the library and on the disk from its first patch: stopping keeps what there is as a partial take,
and so does a crash (see `store.recovery`).
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, assert_never

import numpy as np

from ditar_studio.audio.clips.files import StreamingWavWriter
from ditar_studio.engine import events
from ditar_studio.engine.request import GenerationRequest, SpokenLine
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.engine.voice import VoiceCache
from ditar_studio.errors import StudioError
from ditar_studio.services.line_queue import LineQueue, Waiting
from ditar_studio.services.live_script import Estimate, LiveScript
from ditar_studio.services.metadata import mark
from ditar_studio.services.references import hashes_of, others_in, reference_of, usable
from ditar_studio.services.render_events import (
    LineFailed,
    RenderDone,
    RenderEvent,
    RenderProgress,
    RenderStarted,
    RenderWarned,
    SoundReady,
    TakeDone,
    TakeStarted,
    WordHeard,
)
from ditar_studio.services.speaking import SpeechStream, SpeechSummary
from ditar_studio.store.own_settings import SettingValue, as_values
from ditar_studio.store.recipe import Recipe, pronunciations_in
from ditar_studio.store.spoken_word import SpokenWord
from ditar_studio.store.take import Verification, WordCheck
from ditar_studio.text import lexicon
from ditar_studio.version import __version__

if TYPE_CHECKING:
    from ditar_studio.engine.speech_model import SpeechModel
    from ditar_studio.store.library import Library
    from ditar_studio.store.project import Line, Project
    from ditar_studio.store.take import Take
    from ditar_studio.store.voice import Voice

log = logging.getLogger(__name__)

REDO_RETRIES = 3
"""How often at least a sentence is tried again of a line in which words were wrong."""

_LISTENING = ("candidates", "verify", "retries")
_SEEDS = 2**31
_UNHEARD = "One, two."
_READY_VOICES = 4


@dataclass(frozen=True)
class RenderRequest:
    """A request to speak lines of a project.

    Args:
        line_ids: lines of one project, spoken in this order.
        variations: takes of each line; those after the first get a seed rolled for them.
    """

    project_id: str
    line_ids: tuple[str, ...]
    variations: int = 1

    def __post_init__(self) -> None:
        if not self.line_ids:
            raise StudioError("There is no line to speak.", "Type some text.")
        if not 1 <= self.variations <= 100:
            raise StudioError(
                "Between 1 and 100 variations are possible.", "Choose another number."
            )


def get_ready(
    library: Library,
    model: SpeechModel,
    project_id: str,
    voices: VoiceCache,
    cancel: threading.Event,
) -> None:
    """Do ahead what the first line would wait for: encode the project's voices, make a patch each.

    Nothing is played. What is wrong with a voice is reported when it is to speak.

    Args:
        cancel: set it when something else is to be spoken.

    Raises:
        StudioError: the project or one of its voices is gone.
    """
    settings = library.projects.get(project_id).settings
    used = [line.voice_id or settings.voice_id for line in library.lines.of_project(project_id)]
    for voice_id in list(dict.fromkeys(filter(None, used)))[:_READY_VOICES]:
        voice = library.voices.get(voice_id)
        if voice.reference is None:
            continue
        reference = reference_of(voice)
        request = GenerationRequest.of(_UNHEARD, reference, model.info.default_settings)
        with contextlib.closing(SpeechStream(model, request, cancel, voices)) as speech:
            for event in speech:
                if isinstance(event, events.PatchReady):
                    break


def render(
    library: Library,
    model: SpeechModel,
    request: RenderRequest,
    cancel: threading.Event,
    voices: VoiceCache | None = None,
    roll: Callable[[], int] = lambda: secrets.randbelow(_SEEDS),
    queue: LineQueue | None = None,
) -> Iterator[RenderEvent]:
    """Speak lines of a project into takes.

    Args:
        queue: what is spoken instead of the request's lines, as long as something waits in it; the
            caller may change it meanwhile.
        cancel: set it to stop after the patch at work; what was made becomes a take.
        voices: keeps encoded voices from call to call.
        roll: gives a seed for takes whose seed is not pinned.

    Raises:
        StudioError: a project or line that is gone, or a disk that takes no more; takes made so far
            are kept. In a worker's job this becomes `engine.events.Failed`, and no `RenderDone`
            comes.
    """
    queue = queue or LineQueue(request.line_ids, request.variations)
    yield from _Run(library, model, request.project_id, queue, cancel, voices, roll).run()


class _Run:
    def __init__(
        self,
        library: Library,
        model: SpeechModel,
        project_id: str,
        queue: LineQueue,
        cancel: threading.Event,
        voices: VoiceCache | None,
        roll: Callable[[], int],
    ) -> None:
        self._library = library
        self._model = model
        self._queue = queue
        self._cancel = cancel
        self._voices = voices
        self._roll = roll
        self._made: list[str] = []
        self._before: Line | None = None
        self._failed: list[str] = []
        self._script = LiveScript(library, project_id)
        self._estimate = Estimate()
        self._measured: tuple[tuple[str, ...], int] = ((), 0)

    def run(self) -> Iterator[RenderEvent]:
        with self._script.followed():
            yield from self._run()

    def _run(self) -> Iterator[RenderEvent]:
        library, info, script = self._library, self._model.info, self._script
        if script.project.model_hash != info.weights_hash:
            library.projects.set_model_hash(script.project.id, info.weights_hash)
        if not any(script.line(line_id) for line_id in self._queue.line_ids):
            raise StudioError("This line is no longer there.", "Undo its deletion.")
        yield RenderStarted(len(self._queue), info.sample_rate)
        while not self._cancel.is_set() and (waiting := self._queue.next_take()) is not None:
            line = script.line(waiting.line_id)
            if line is None:
                continue
            self._estimate.begin(len(line.text))
            try:
                yield from self._render_take(script.project, line, waiting)
            except StudioError as error:
                library.lines.mark_failed(line.id, str(error))
                raise
        yield RenderDone(tuple(self._made), tuple(self._failed), self._cancel.is_set())

    def _render_take(self, project: Project, line: Line, waiting: Waiting) -> Iterator[RenderEvent]:
        """Render one take of one line."""
        try:
            request, recipe = self._prepared(project, line, waiting)
        except StudioError as error:
            log.warning("a line can't be spoken", exc_info=error)
            yield self._line_failed(line, error.message, error.remedy)
            return
        take = self._library.takes.begin(project.id, line.id, recipe, line.fingerprint).value
        if self._before is not None and self._made:
            pause = round(self._before.pause_seconds * self._model.info.sample_rate)
            yield SoundReady(np.zeros(pause, np.float32), None, 0.0)
        self._before = line
        number = self._queue.begun
        words: dict[int, SpokenWord] = {}
        speech = SpeechStream(self._model, request, self._cancel, self._voices)
        try:
            yield TakeStarted(take, number - 1)
            rate = self._model.info.sample_rate
            with StreamingWavWriter(take.path, rate, "FLOAT", comment=mark()) as writer:
                for event in speech:
                    match event:
                        case events.PatchReady():
                            writer.append(event.samples)
                            yield SoundReady(event.samples, take.id, event.at_seconds)
                        case events.Progress():
                            yield self._progress(take, event, number)
                        case events.WordSpoken():
                            word = _spoken_word(event)
                            words[word.start] = word
                            yield WordHeard(take, word)
                        case events.Warned(doubts_words=True):
                            pass  # the take tells which words differ
                        case events.Warned():
                            yield RenderWarned(line.id, event.message, event.remedy)
                        case (
                            events.Started()
                            | events.LineStarted()
                            | events.LineDone()
                            | events.SentenceVerified()
                        ):
                            pass
                        case events.Done() | events.Cancelled() | events.Failed():
                            pass  # the summary tells
                        case _:
                            assert_never(event)
        except BaseException:
            self._finish(take, SpeechSummary(sentences=speech.summary.sentences), words)
            raise
        summary = speech.summary
        finished = self._finish(take, summary, words)
        if summary.failure is not None:
            yield self._line_failed(line, summary.failure.message, summary.failure.remedy)
        if finished is not None:
            self._made.append(finished.id)
            yield TakeDone(finished, summary.stats)

    def _progress(self, take: Take, event: events.Progress, number: int) -> RenderProgress:
        line_ids = self._queue.line_ids
        if line_ids is not self._measured[0]:
            self._measured = line_ids, sum(map(self._script.length, line_ids))
        fraction, seconds_left = self._estimate.at(event.fraction, self._measured[1])
        return RenderProgress(
            take.id,
            fraction,
            event.generated_seconds,
            event.rtf,
            number,
            self._queue.total,
            seconds_left,
        )

    def _finish(
        self, take: Take, summary: SpeechSummary, words: Mapping[int, SpokenWord]
    ) -> Take | None:
        """Enter the take as finished if there is any sound in it; None if there is none."""
        takes = self._library.takes
        finished = takes.finish(
            take.id,
            "complete" if summary.complete else "partial",
            rtf=summary.stats.rtf if summary.stats else None,
            verification=_verification(summary.sentences),
            words=[words[start] for start in sorted(words)],
            word_check=_word_check(summary.sentences),
        ).value
        if finished.seconds == 0:
            takes.abandon(take.id)
            return None
        return finished

    def _prepared(
        self, project: Project, line: Line, waiting: Waiting
    ) -> tuple[GenerationRequest, Recipe]:
        """Return what the engine is asked for, and the recipe of what it will make."""
        info = self._model.info
        wanted: dict[str, SettingValue] = {"verify": True}
        wanted.update((n, v) for n, v in as_values(line.generation).items() if v is not None)
        if waiting.redo:
            wanted["retries"] = max(REDO_RETRIES, line.generation.get("retries") or 0)
        if not info.can_verify:
            wanted = {n: v for n, v in wanted.items() if n not in _LISTENING}
        if "seed" not in wanted or waiting.variation or waiting.redo:
            wanted["seed"] = self._roll()
        settings = GenerationSettings.from_dict({**info.default_settings.as_dict(), **wanted})
        voice = self._voice(line.voice_id or project.settings.voice_id)
        reference = None
        if voice is not None and voice.reference is not None:
            reference = reference_of(voice)
        lexicon_in_force = self._library.projects.lexicon_of(project)
        pronunciations = pronunciations_in(lexicon_in_force, line.text)
        others = others_in([line.text], lambda: usable(self._library.voices.all()))
        recipe = Recipe(
            model_name=info.name,
            model_hash=info.weights_hash,
            voice_id=voice.id if voice else None,
            voice_name=voice.name if voice else "",
            voice_hash=voice.hash if voice else "",
            voice_made_of=voice.mixture if voice else "",
            adapter_hash=voice.adapter.sha256 if voice and voice.adapter else "",
            other_voices=hashes_of([line.text], others),
            text=line.text,
            settings=settings.as_dict(),
            pronunciations=pronunciations,
            app_version=__version__,
            date=datetime.now().astimezone().isoformat(timespec="seconds"),
        )
        words = lexicon.parse(pronunciations) if pronunciations else None
        request = GenerationRequest((SpokenLine(line.text),), reference, settings, words, others)
        return request, recipe

    def _voice(self, voice_id: str | None) -> Voice | None:
        return self._library.voices.get(voice_id) if voice_id else None

    def _line_failed(self, line: Line, message: str, remedy: str) -> LineFailed:
        self._library.lines.mark_failed(line.id, f"{message} {remedy}".strip())
        self._failed.append(line.id)
        return LineFailed(line.id, message, remedy)


def _verification(sentences: Sequence[events.SentenceVerified]) -> Verification | None:
    """Return a take's verification: the errors of all its sounds, and the likeness, weighted by
    sounds.
    """
    if not sentences:
        return None
    checks = [sentence.verification for sentence in sentences]
    sounds = max(1, sum(check.sounds for check in checks))
    known = [(each.likeness, each.sounds) for each in checks if each.likeness is not None]
    weight = sum(count for _, count in known)
    likeness = sum(value * count for value, count in known) / weight if weight else None
    errors = sum(check.errors for check in checks)
    return Verification(errors / sounds, likeness, any(check.doubtful for check in checks))


def _word_check(sentences: Sequence[events.SentenceVerified]) -> WordCheck | None:
    """Return the words of a take that differ, of all its sentences; None where the model didn't
    listen.
    """
    if not sentences:
        return None
    return WordCheck("reader", tuple(span for each in sentences for span in each.differing))


def _spoken_word(event: events.WordSpoken) -> SpokenWord:
    return SpokenWord(event.start, event.end, event.at_seconds, event.at_seconds + event.seconds)
