"""Fine-tuning of voices: one after the other, in slices between what the engine speaks.

All of it runs on the engine's thread, some steps at a time, so that a line that is to be spoken
waits for a step at most.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, Protocol, assert_never

from PySide6.QtCore import QObject, Signal

from ditar_studio.services.fine_tuning import (
    InstantKept,
    Level,
    TuningCancelled,
    TuningControl,
    TuningEvent,
    TuningProgress,
    VoiceTuned,
)
from ditar_studio.services.speech_events import Failed
from ditar_studio.ui.features.project.document import Document
from ditar_studio.ui.features.speaking.engine import Engine
from ditar_studio.ui.features.speaking.engine_model import ModelState

if TYPE_CHECKING:
    from ditar_studio.audio.clips.compare import Comparison
    from ditar_studio.services.library import Library
    from ditar_studio.services.loaded_model import SpeechModel
    from ditar_studio.services.voice_library import Voice

_SLICE = 0.25
"""Seconds after which the engine's thread is free for what else waits."""


class Tune(Protocol):
    """Fine-tunes a voice of a library; `services.fine_tuning.tune_voice` is one."""

    def __call__(
        self,
        library: Library,
        voice_id: str,
        model: SpeechModel,
        level: Level,
        control: TuningControl | None = None,
    ) -> Iterator[TuningEvent]: ...


class Fit(Enum):
    """The relation of a voice to the model in memory."""

    INSTANT = auto()
    FINE_TUNED = auto()
    OTHER_MODEL = auto()
    OTHER_SAMPLES = auto()


@dataclass(eq=False)
class Tuning:
    """The fine-tuning of one voice.

    Attributes:
        progress: the last that was reported.
        paused: whether it rests as the user wants.
    """

    voice_id: str
    level: Level
    progress: TuningProgress | None = None
    paused: bool = False
    control: TuningControl = field(default_factory=TuningControl)
    events: Iterator[TuningEvent] | None = None
    queued: bool = False
    over: bool = False


@dataclass(frozen=True)
class _SliceOver:
    """The engine's thread goes on to what else waits."""


@dataclass(frozen=True, eq=False)
class _ProbesReady:
    pair: Comparison


class FineTuning(QObject):
    """Fine-tunes voices with the model in memory, and lets them be compared with before.

    Signals:
        changed: something began, went on, paused or ended.
        tuned: id of a voice that is fine-tuned now.
        stayed: id of a voice that stays as it was; `reason` says why.
        compared: id of a voice, and the `Comparison` of its instant and its fine-tuned speech.
        failed: message, remedy.
    """

    changed = Signal()
    tuned = Signal(str)
    stayed = Signal(str)
    compared = Signal(str, object)
    failed = Signal(str, str)

    def __init__(
        self, document: Document, engine: Engine, tune: Tune, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._engine, self._tune = document, engine, tune
        self._waiting: list[Tuning] = []
        self._reasons: dict[str, tuple[str, str]] = {}
        self.at_work: Tuning | None = None
        engine.state_changed.connect(self._on_model)

    # --- what is there

    @property
    def available(self) -> bool:
        """Whether the model in memory can be fine-tuned to a voice."""
        info = self._engine.info
        return self._engine.state is ModelState.READY and info is not None and info.fine_tunes

    @property
    def is_short(self) -> bool:
        """Whether it takes minutes at most with the model in memory, or with that on its way."""
        info = self._engine.info
        return info is None or not info.fine_tunes or info.tuning_seconds is not None

    def of(self, voice_id: str) -> Tuning | None:
        """Return the fine-tuning of a voice that is at work or waits."""
        wanted = [self.at_work, *self._waiting]
        return next((each for each in wanted if each and each.voice_id == voice_id), None)

    def fit(self, voice: Voice) -> Fit:
        """Return what a voice is, beside the model in memory."""
        adapter, info = voice.adapter, self._engine.info
        if adapter is None:
            return Fit.INSTANT
        if info is not None and info.weights_hash != adapter.model_hash:
            return Fit.OTHER_MODEL
        clips = [sample.hash for sample in voice.samples]
        return Fit.FINE_TUNED if list(adapter.card.get("clips", [])) == clips else Fit.OTHER_SAMPLES

    def reason(self, voice: Voice) -> str:
        """Return why the last fine-tuning left a voice as it is; empty if it has changed since."""
        state, words = self._reasons.get(voice.id, ("", ""))
        return words if state == _state(voice) else ""

    # --- fine-tuning

    def start(self, voice_id: str, level: Level) -> None:
        """Fine-tune a voice as soon as the model is there and those before it are done."""
        if self.of(voice_id) is None:
            self._reasons.pop(voice_id, None)
            self._waiting.append(Tuning(voice_id, level))
            self._go_on()

    def pause(self, voice_id: str) -> None:
        """Let the fine-tuning of a voice rest."""
        tuning = self.of(voice_id)
        if tuning is not None:
            tuning.paused = True
            self.changed.emit()

    def resume(self, voice_id: str) -> None:
        """Go on with the fine-tuning of a voice."""
        tuning = self.of(voice_id)
        if tuning is not None:
            tuning.paused = False
            if tuning is self.at_work:
                self._queue(tuning)
            self.changed.emit()

    def cancel(self, voice_id: str) -> None:
        """Give up the fine-tuning of a voice, which stays as it is."""
        tuning = self.of(voice_id)
        if tuning is None:
            return
        tuning.control.cancel()
        if tuning is self.at_work:
            self._queue(tuning)  # it cleans up
            self.at_work = None
        else:
            self._waiting.remove(tuning)
        self._go_on()

    def make_instant(self, voice_id: str) -> None:
        """Take away what a voice was fine-tuned to; undo brings it back."""
        self._document.submit(self._document.library.voices.make_instant, voice_id)

    def compare(self, voice: Voice) -> None:
        """Have the voice speak as it was before it was fine-tuned and as it is; see `compared`."""

        def work(cancel: threading.Event) -> Iterator[_ProbesReady]:
            from ditar_studio.audio.clips.compare import compare
            from ditar_studio.services.voice_probe import speak_probes

            pair = speak_probes(*self._engine.in_memory(), voice, cancel)
            if not cancel.is_set():
                yield _ProbesReady(compare(*pair))

        def listen(event: _ProbesReady | Failed) -> None:
            if isinstance(event, Failed):
                self.failed.emit(event.message, event.remedy)
            else:
                self.compared.emit(voice.id, event.pair)

        self._document.bridge.generate(work, listen, owner=self)

    # --- inside

    def _on_model(self, _state: ModelState) -> None:
        if self.at_work is not None:
            self.cancel(self.at_work.voice_id)  # it was for the model that was in memory
        self._go_on()

    def _go_on(self) -> None:
        if self.at_work is None and self._waiting and self._engine.state is ModelState.READY:
            if self.available:
                self.at_work = self._waiting.pop(0)
                self._queue(self.at_work)
            else:
                self._waiting.clear()
        self.changed.emit()

    def _queue(self, tuning: Tuning) -> None:
        """Have the engine do the next slice, after all that waits."""
        goes_on = not tuning.paused or tuning.control.cancelled.is_set()
        if goes_on and not tuning.queued:
            tuning.queued = True
            self._document.bridge.generate(
                partial(self._slice, tuning), partial(self._on_event, tuning), owner=self
            )

    def _slice(
        self, tuning: Tuning, closing: threading.Event
    ) -> Iterator[TuningEvent | _SliceOver]:
        """Do a slice of fine-tuning, on the engine's thread."""
        if tuning.events is None:
            model, _ = self._engine.in_memory()
            tuning.events = self._tune(
                self._document.library, tuning.voice_id, model, tuning.level, tuning.control
            )
        end = time.monotonic() + _SLICE
        for event in tuning.events:
            yield event
            if closing.is_set() or time.monotonic() > end:
                break
        yield _SliceOver()

    def _on_event(self, tuning: Tuning, event: TuningEvent | Failed | _SliceOver) -> None:
        if isinstance(event, TuningProgress):
            tuning.progress = event
            self.changed.emit()
        elif isinstance(event, _SliceOver):
            tuning.queued = False
            if not tuning.over:
                self._queue(tuning)
        else:
            tuning.over = True
            if tuning is self.at_work:
                self.at_work = None
                self._notify(tuning.voice_id, event)
                self._go_on()

    def _notify(self, voice_id: str, end: TuningEvent | Failed) -> None:
        match end:
            case VoiceTuned():
                self.tuned.emit(voice_id)
            case InstantKept():
                snapshot = self._document.snapshot
                voice = snapshot.voice(voice_id) if snapshot is not None else None
                if voice is not None:
                    self._reasons[voice_id] = (_state(voice), end.reason)
                    self.stayed.emit(voice_id)
            case Failed():
                self.failed.emit(end.message, end.remedy)
            case TuningCancelled() | TuningProgress():
                pass
            case _:
                assert_never(end)


def _state(voice: Voice) -> str:
    return f"{voice.hash} {len(voice.samples)}"
