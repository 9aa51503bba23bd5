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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from ditar_studio import __version__
from ditar_studio.audio.io import StreamingWavWriter
from ditar_studio.engine.events import (
    GenerationStats,
    PatchReady,
    Progress,
    SentenceVerified,
    Warned,
)
from ditar_studio.engine.generate import GenerationRequest
from ditar_studio.engine.generate import Line as SpokenLine
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.engine.voice import VoiceCache
from ditar_studio.errors import StudioError
from ditar_studio.services.metadata import mark
from ditar_studio.services.references import reference_of
from ditar_studio.services.speaking import SpeechStream, SpeechSummary
from ditar_studio.store.recipe import Recipe, pronunciations_in
from ditar_studio.store.takes import Verification
from ditar_studio.text import lexicon

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ditar_studio.engine.speech_model import SpeechModel
    from ditar_studio.store.library import Library
    from ditar_studio.store.projects import Line, Project
    from ditar_studio.store.takes import Take
    from ditar_studio.store.voice import Voice

log = logging.getLogger(__name__)

_SEEDS = 2**31
_UNHEARD = "One, two."
_READY_VOICES = 4


@dataclass(frozen=True)
class RenderRequest:
    """What to speak.

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


@dataclass(frozen=True)
class RenderStarted:
    """Speaking has begun: `takes` takes are to be made, at a sample rate in Hz."""

    takes: int
    sample_rate: int


@dataclass(frozen=True)
class TakeStarted:
    """A take is about to be made; `number` counts from 0."""

    take: Take
    number: int


@dataclass(frozen=True, eq=False)
class SoundReady:
    """Sound to play, float32 [n].

    Args:
        take_id: the take it belongs to; None for the pause between two lines.
        at_seconds: where it begins in its take.
    """

    samples: NDArray[np.float32]
    take_id: str | None
    at_seconds: float


@dataclass(frozen=True)
class RenderProgress:
    """How far all is.

    Args:
        fraction: of the whole, 0..1, never falling.
        seconds: of sound made for the take at work.
        rtf: time to make / length of what was made, of the take at work.
    """

    take_id: str
    fraction: float
    seconds: float
    rtf: float


@dataclass(frozen=True)
class RenderWarned:
    """Something that the user should know about a line; speaking goes on."""

    line_id: str
    message: str
    remedy: str


@dataclass(frozen=True)
class TakeDone:
    """A take is complete, or partial if it was stopped or failed."""

    take: Take
    stats: GenerationStats | None


@dataclass(frozen=True)
class LineFailed:
    """A line could not be spoken to its end; the next one follows."""

    line_id: str
    message: str
    remedy: str


@dataclass(frozen=True)
class RenderDone:
    """Nothing more comes.

    Args:
        takes: ids of those made, in order, partial ones included.
        failed: ids of the lines that failed.
        cancelled: whether the user stopped it.
    """

    takes: tuple[str, ...]
    failed: tuple[str, ...]
    cancelled: bool


RenderEvent = (
    RenderStarted
    | TakeStarted
    | SoundReady
    | RenderProgress
    | RenderWarned
    | TakeDone
    | LineFailed
    | RenderDone
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
    used = [line.voice_id or settings.voice_id for line in library.projects.lines(project_id)]
    for voice_id in list(dict.fromkeys(filter(None, used)))[:_READY_VOICES]:
        voice = library.voices.get(voice_id)
        if voice.reference is None:
            continue
        reference = reference_of(voice)
        request = GenerationRequest.of(_UNHEARD, reference, model.info.default_settings)
        with contextlib.closing(SpeechStream(model, request, cancel, voices)) as speech:
            for event in speech:
                if isinstance(event, PatchReady):
                    break


def render(
    library: Library,
    model: SpeechModel,
    request: RenderRequest,
    cancel: threading.Event,
    voices: VoiceCache | None = None,
    roll: Callable[[], int] = lambda: secrets.randbelow(_SEEDS),
) -> Iterator[RenderEvent]:
    """Speak lines of a project into takes.

    Args:
        cancel: set it to stop after the patch at work; what was made becomes a take.
        voices: keeps encoded voices from call to call.
        roll: gives a seed for takes whose seed is not pinned.

    Raises:
        StudioError: a project or line that is gone, or a disk that takes no more; takes made so far
            are kept. In a worker's job this becomes `engine.events.Failed`, and no `RenderDone`
            comes.
    """
    yield from _Run(library, model, request, cancel, voices, roll).events()


class _Run:
    def __init__(
        self,
        library: Library,
        model: SpeechModel,
        request: RenderRequest,
        cancel: threading.Event,
        voices: VoiceCache | None,
        roll: Callable[[], int],
    ) -> None:
        self._library = library
        self._model = model
        self._request = request
        self._cancel = cancel
        self._voices = voices
        self._roll = roll
        self._made: list[str] = []
        self._failed: list[str] = []

    def events(self) -> Iterator[RenderEvent]:
        library, info = self._library, self._model.info
        project = library.projects.get(self._request.project_id)
        if project.model_hash != info.weights_hash:
            library.projects.set_model_hash(project.id, info.weights_hash)
        known = {line.id: line for line in library.projects.lines(project.id)}
        lines = [known[line_id] for line_id in self._request.line_ids if line_id in known]
        if not lines:
            raise StudioError("This line is no longer there.", "Undo its deletion.")
        jobs = [(line, n) for line in lines for n in range(self._request.variations)]
        weights = [max(1, len(line.text)) for line, _ in jobs]
        yield RenderStarted(len(jobs), info.sample_rate)
        for number, (line, variation) in enumerate(jobs):
            if self._cancel.is_set():
                break
            if number and self._made:
                pause = np.zeros(round(jobs[number - 1][0].pause_seconds * info.sample_rate))
                yield SoundReady(pause.astype(np.float32), None, 0.0)
            share = (sum(weights[:number]) / sum(weights), weights[number] / sum(weights))
            try:
                yield from self._take(project, line, number, variation, share)
            except StudioError as error:
                library.projects.mark_failed(line.id, str(error))
                raise
        yield RenderDone(tuple(self._made), tuple(self._failed), self._cancel.is_set())

    def _take(
        self, project: Project, line: Line, number: int, variation: int, share: tuple[float, float]
    ) -> Iterator[RenderEvent]:
        """One take of one line, which is a share (beginning, size) of the whole."""
        try:
            request, recipe = self._prepared(project, line, variation)
        except StudioError as error:
            log.warning("a line can't be spoken", exc_info=error)
            yield self._line_failed(line, error.message, error.remedy)
            return
        take = self._library.takes.begin(project.id, line.id, recipe, line.fingerprint).value
        speech = SpeechStream(self._model, request, self._cancel, self._voices)
        try:
            yield TakeStarted(take, number)
            rate = self._model.info.sample_rate
            with StreamingWavWriter(take.path, rate, "FLOAT", comment=mark()) as writer:
                for event in speech:
                    match event:
                        case PatchReady():
                            writer.append(event.samples)
                            yield SoundReady(event.samples, take.id, event.at_seconds)
                        case Progress():
                            fraction = share[0] + share[1] * event.fraction
                            yield RenderProgress(
                                take.id, fraction, event.generated_seconds, event.rtf
                            )
                        case Warned():
                            yield RenderWarned(line.id, event.message, event.remedy)
                        case _:
                            pass
        except BaseException:
            self._finish(take, SpeechSummary(sentences=speech.summary.sentences))
            raise
        summary = speech.summary
        finished = self._finish(take, summary)
        if summary.failure is not None:
            yield self._line_failed(line, summary.failure.message, summary.failure.remedy)
        if finished is not None:
            self._made.append(finished.id)
            yield TakeDone(finished, summary.stats)

    def _finish(self, take: Take, summary: SpeechSummary) -> Take | None:
        """Enter the take as finished if there is any sound in it; None if there is none."""
        takes = self._library.takes
        finished = takes.finish(
            take.id,
            "complete" if summary.complete else "partial",
            rtf=summary.stats.rtf if summary.stats else None,
            verification=_verification(summary.sentences),
        ).value
        if finished.seconds == 0:
            takes.abandon(take.id)
            return None
        return finished

    def _prepared(
        self, project: Project, line: Line, variation: int
    ) -> tuple[GenerationRequest, Recipe]:
        """What the engine is asked for, and the recipe of what it will make."""
        info = self._model.info
        wanted = {n: v for n, v in line.generation.items() if v is not None}
        if not info.can_verify:
            wanted = {n: v for n, v in wanted.items() if n not in ("candidates", "verify")}
        if "seed" not in wanted or variation:
            wanted["seed"] = self._roll()
        settings = GenerationSettings.from_dict({**info.default_settings.as_dict(), **wanted})
        voice = self._voice(line.voice_id or project.settings.voice_id)
        reference = None
        if voice is not None and voice.reference is not None:
            reference = reference_of(voice)
        pronunciations = pronunciations_in(project.settings.lexicon, line.text)
        recipe = Recipe(
            model_name=info.name,
            model_hash=info.weights_hash,
            voice_id=voice.id if voice else None,
            voice_name=voice.name if voice else "",
            voice_hash=voice.hash if voice else "",
            adapter_hash=voice.adapter.sha256 if voice and voice.adapter else "",
            text=line.text,
            settings=settings.as_dict(),
            pronunciations=pronunciations,
            app_version=__version__,
            date=datetime.now().astimezone().isoformat(timespec="seconds"),
        )
        words = lexicon.parse(pronunciations) if pronunciations else None
        request = GenerationRequest((SpokenLine(line.text),), reference, settings, words)
        return request, recipe

    def _voice(self, voice_id: str | None) -> Voice | None:
        return self._library.voices.get(voice_id) if voice_id else None

    def _line_failed(self, line: Line, message: str, remedy: str) -> LineFailed:
        self._library.projects.mark_failed(line.id, f"{message} {remedy}".strip())
        self._failed.append(line.id)
        return LineFailed(line.id, message, remedy)


def _verification(sentences: Sequence[SentenceVerified]) -> Verification | None:
    """Of a take: the errors of all its sounds, and the likeness, weighted by sounds."""
    if not sentences:
        return None
    checks = [sentence.verification for sentence in sentences]
    sounds = max(1, sum(check.sounds for check in checks))
    known = [(each.likeness, each.sounds) for each in checks if each.likeness is not None]
    weight = sum(count for _, count in known)
    likeness = sum(value * count for value, count in known) / weight if weight else None
    errors = sum(check.errors for check in checks)
    return Verification(errors / sounds, likeness, any(check.doubtful for check in checks))
