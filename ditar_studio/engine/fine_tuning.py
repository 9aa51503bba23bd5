"""Fine-tuning a voice: from clips of it to weights of its own, verified by the model itself.

The voice speaks fixed sentences before and after. The tuned one is kept if a phonetic reader makes
out the words as well as before and a speaker encoder takes it for the person of the reference;
else it is taken less far, and if that doesn't help either, the instant voice stays.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import torch

from ditar_studio.engine.attempt import Attempt, Work
from ditar_studio.engine.lora_tuning import LoraTuning
from ditar_studio.engine.native import NativeModel
from ditar_studio.engine.native_tuning import NativeTuning
from ditar_studio.engine.speech_model import PreparedVoice, SpeechModel, Verification
from ditar_studio.engine.tuning_events import (
    InstantKept,
    Level,
    TuningCancelled,
    TuningControl,
    TuningEvent,
    TuningProgress,
    VoiceTuned,
)
from ditar_studio.engine.voxcpm import VoxCPMModel
from ditar_studio.errors import StudioError

if TYPE_CHECKING:
    from ditar_studio.engine.voice import Reference
    from ditar_studio.engine.voice_tuning import Trainer, VoiceTuning

_T = TypeVar("_T")

METHOD = "3"
"""Of tuning; what was tuned by an earlier one is not taken for what this one would make."""

PROBES = (
    "The ferry leaves the harbour every morning at eight.",
    "She found an old photograph inside a dusty book.",
    "Please wash your hands before you touch the cheese.",
    "Why would nobody choose the shorter road?",
)

_WORSE = 0.06
"""So much larger a share of wrong sounds is put down to chance: no more words are lost by it."""

_SAME_PERSON = 0.7
"""Two recordings of one person have a likeness of 0.79 on average. Instant voices often have 0.9,
as embeddings of the same encoder steer them: that is not closer to the person."""

_SAVED_EVERY = 20.0  # seconds

_TUNINGS: tuple[tuple[type[SpeechModel], Callable[..., VoiceTuning]], ...] = (
    (NativeModel, NativeTuning),
    (VoxCPMModel, LoraTuning),
)


def fine_tune(
    model: SpeechModel,
    references: Sequence[Reference],
    level: Level = "quick",
    *,
    seed: int = 0,
    control: TuningControl | None = None,
    checkpoint: Path | None = None,
) -> Iterator[TuningEvent]:
    """Fine-tune a voice while the events are drawn.

    Args:
        model: the model that is to speak in it.
        references: clips of the voice; it speaks from the first.
        level: how much time is taken.
        seed: the same seed gives the same result on the same machine.
        control: pauses and cancels.
        checkpoint: a file from which the same tuning goes on after a crash; gone afterwards.

    Yields:
        `TuningProgress`, at the end one of `VoiceTuned`, `InstantKept` and `TuningCancelled`.

    Raises:
        StudioError: the model can't be fine-tuned, or the clips can't be used.
    """
    tunings = [make for kind, make in _TUNINGS if isinstance(model, kind)]
    if not tunings or not model.info.fine_tunes:
        raise StudioError(
            f"Voices of {model.info.name} can't be fine-tuned.", "Choose the built-in model."
        )
    if not references:
        raise StudioError("The voice has no recording.", "Add one.")
    tuning = tunings[0](model, references, level, seed)
    run = _Run(model, tuning, references, control or TuningControl(), checkpoint)
    try:
        yield from run.events()
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise StudioError(
            "There is not enough memory to fine-tune the voice.", "Close other programs."
        ) from error


class _Run:
    """One tuning in progress."""

    def __init__(
        self,
        model: SpeechModel,
        tuning: VoiceTuning,
        references: Sequence[Reference],
        control: TuningControl,
        checkpoint: Path | None,
    ) -> None:
        self._model, self._tuning, self._references = model, tuning, references
        self._control, self._checkpoint = control, checkpoint
        self._spent = self._probe_seconds = 0.0  # while it was at work itself
        self._progress = TuningProgress(0.0, None)

    def events(self) -> Iterator[TuningEvent]:
        yield self._progress
        instant = self._timed(self._tuning.instant)
        seconds = self._timed(self._tuning.estimate)
        if seconds is not None:
            self._progress = TuningProgress(0.0, seconds)
            yield self._progress
        before = yield from self._probe(instant)
        trainer = None
        if not self._control.cancelled.is_set():
            trainer = self._timed(self._trainer)
            with trainer:
                yield from self._train(trainer)
        if trainer is None or self._control.cancelled.is_set():
            self._delete_checkpoint()
            yield TuningCancelled()
            return
        yield (yield from self._choose(before))
        self._delete_checkpoint()

    def _timed(self, work: Callable[[], _T]) -> _T:
        start = time.monotonic()
        try:
            return work()
        finally:
            self._spent += time.monotonic() - start

    def _trainer(self) -> Trainer:
        trainer = self._tuning.trainer()
        self._clips = tuple(reference.hash() for reference in self._references)
        values = [self._model.info.weights_hash, self._clips, self._tuning.settings]
        self._key = hashlib.sha256(json.dumps(values).encode()).hexdigest()
        if self._checkpoint is not None:
            trainer.resume(self._checkpoint, self._key)
        return trainer

    def _train(self, trainer: Trainer) -> Iterator[TuningEvent]:
        first, trained, saved = trainer.step, 0.0, time.monotonic()
        while trainer.step < trainer.steps:
            self._control.wait()
            if self._control.cancelled.is_set():
                return
            start = time.monotonic()
            trainer.advance()
            now = time.monotonic()
            trained += now - start
            a_step = trained / (trainer.step - first)
            remaining = a_step * (trainer.steps - trainer.step) + 1.2 * self._probe_seconds
            elapsed = self._spent + trained
            self._progress = TuningProgress(elapsed / (elapsed + remaining), remaining)
            yield self._progress
            if self._checkpoint is not None and now - saved > _SAVED_EVERY:
                trainer.save(self._checkpoint, self._key)
                saved = now

    def _choose(self, before: Verification) -> Generator[TuningProgress, None, TuningEvent]:
        """Return the furthest that the voice can go without losing words."""
        best: Verification | None = None
        for share in self._tuning.shares:
            voice = self._tuning.tuned(share)
            after = yield from self._probe(voice)
            if self._control.cancelled.is_set():
                return TuningCancelled()
            if best is None or after.score > best.score:
                best = after
            if _better(after, before):
                figures = _figures(before), _figures(after)
                return VoiceTuned(self._tuning.result(share, voice, self._clips, figures))
        assert best is not None
        return InstantKept(_reason(best, before), _figures(before), _figures(best))

    def _probe(self, voice: PreparedVoice) -> Generator[TuningProgress, None, Verification]:
        """Verify the probe sentences, spoken in a voice; between two of them others may have the
        thread."""
        info, settings = self._model.info, self._model.info.default_settings
        checks: list[Verification] = []
        spent = 0.0
        for number, sentence in enumerate(PROBES):
            if number:
                yield self._progress
            start = time.monotonic()
            generator = torch.Generator().manual_seed(number)
            utterance = self._model.begin(sentence, voice, settings, generator)
            attempt = Attempt(utterance, settings, info, self._control.cancelled, Work())
            for _ in attempt.make():
                pass
            if self._control.cancelled.is_set():
                break
            checks.append(self._tuning.verify(sentence, attempt))
            spent += time.monotonic() - start
        self._probe_seconds = spent
        self._spent += spent
        likeness = sum(each.likeness or 0.0 for each in checks) / max(1, len(checks))
        return Verification(
            sum(each.sounds for each in checks), sum(each.errors for each in checks), likeness
        )

    def _delete_checkpoint(self) -> None:
        if self._checkpoint is not None:
            self._checkpoint.unlink(missing_ok=True)


def _better(after: Verification, before: Verification) -> bool:
    return _like(after, before) and after.error_rate <= before.error_rate + _WORSE


def _like(after: Verification, before: Verification) -> bool:
    likeness = after.likeness or 0.0
    return likeness >= _SAME_PERSON or likeness > (before.likeness or 0.0)


def _reason(after: Verification, before: Verification) -> str:
    if not _like(after, before):
        return "The voice would not have come closer to the recording."
    return "The words would have become less clear."


def _figures(check: Verification) -> dict[str, float]:
    return {
        "error_rate": round(check.error_rate, 4),
        "likeness": round(check.likeness or 0.0, 4),
    }
