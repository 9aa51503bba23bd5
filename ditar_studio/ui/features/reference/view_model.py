"""A reference in the making: its recording, with a countdown, a meter and a microphone."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, assert_never

from PySide6.QtCore import QObject, QTimer, Signal

from ditar_studio.errors import StudioError
from ditar_studio.ui.features.project.document import Document
from ditar_studio.ui.features.reference.clip import ReferenceClip, Stage
from ditar_studio.ui.kit.translate import tr

if TYPE_CHECKING:
    from ditar_studio.audio.analysis.level import LevelReading
    from ditar_studio.audio.analysis.peaks import Peaks
    from ditar_studio.audio.devices.countdown import Countdown
    from ditar_studio.audio.devices.recorder import RecorderEvent
    from ditar_studio.services.history import Outcome
    from ditar_studio.services.library import Recording

_TICK_MS = 40
COUNTDOWN_SECONDS = 3


class Microphone(Protocol):
    """The protocol of a recorder; `audio.devices.recorder.Recorder` has it."""

    @property
    def level(self) -> LevelReading: ...
    @property
    def monitoring(self) -> bool: ...
    @property
    def recording(self) -> bool: ...
    @property
    def recorded_seconds(self) -> float: ...
    @property
    def peaks(self) -> Peaks | None: ...
    def monitor(self, on: bool = True) -> None: ...
    def record(self, path: Path) -> None: ...
    def stop(self) -> None: ...
    def set_device(self, device: str | None) -> None: ...
    def reset_clip(self) -> None: ...
    def close(self, limit: float = 5.0) -> None: ...


class ReferenceMaker(ReferenceClip):
    """The reference that is being made.

    Signals:
        ticked: the meter, the countdown or the length of the recording moved.
    """

    ticked = Signal()

    def __init__(
        self,
        document: Document,
        make_microphone: Callable[[Callable[[RecorderEvent], None]], Microphone],
        parent: QObject | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(document, parent)
        self.microphone = make_microphone(
            lambda event: self.bridge.post(lambda: self._on_event(event))
        )
        self.monitoring = False
        self._clock = clock
        self._countdown: Countdown | None = None
        self._passage = ""
        self._new_recording = ""
        self.silence = ""
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._on_tick)

    # --- what is shown

    @property
    def countdown_number(self) -> int:
        """Seconds left before the recording begins; 0 outside of a countdown."""
        return self._countdown.number(self._clock()) if self._countdown else 0

    # --- the microphone

    def set_monitoring(self, on: bool) -> None:
        """Open or close the microphone for the meter."""
        self.monitoring = on
        self.microphone.monitor(on)
        self._tick.start()
        self.ticked.emit()

    def toggle_recording(self, passage: str = "") -> None:
        """Count down and record, or end what is under way.

        Args:
            passage: the text that is going to be read; becomes the transcript.
        """
        if self.stage is Stage.COUNTDOWN:
            self._countdown = None
            self.microphone.monitor(self.monitoring)
            self._set_stage(Stage.CLIP if self.clip else Stage.IDLE)
        elif self.stage is Stage.RECORDING:
            self.microphone.stop()
        elif self.stage is not Stage.READING:
            from ditar_studio.audio.devices.countdown import Countdown

            self._passage = passage
            self.microphone.monitor(True)
            self._countdown = Countdown(self._clock(), COUNTDOWN_SECONDS)
            self._set_stage(Stage.COUNTDOWN)
            self._tick.start()

    def close(self) -> None:
        """End recording and close the microphone."""
        self._tick.stop()
        self._judge.stop()
        self.microphone.close()

    # --- inside

    def _on_tick(self) -> None:
        if self._countdown is not None and self._countdown.ended(self._clock()):
            self._countdown = None
            self._begin_recording()
        self.ticked.emit()
        if (
            not self.monitoring
            and not self.microphone.monitoring
            and self.stage not in (Stage.COUNTDOWN, Stage.RECORDING)
        ):
            self._tick.stop()

    def _begin_recording(self) -> None:
        self._set_stage(Stage.RECORDING)

        def record(made: Outcome[Recording]) -> None:
            self._new_recording = made.value.id
            try:
                self.microphone.record(made.value.path)
            except StudioError as error:
                self._failed(error)

        self.document.submit(
            self.document.library.recordings.begin,
            self._passage,
            done=record,
            failed=self._failed,
        )

    def _on_event(self, event: RecorderEvent) -> None:
        from ditar_studio.audio.devices import recorder

        match event:
            case recorder.RecordingStopped():
                self.microphone.monitor(self.monitoring)
                if event.reason == "too long":
                    self.notified.emit(tr("The longest recording is reached."), "", "info")
                elif event.reason == "device lost":
                    self.notified.emit(
                        tr("The microphone is gone."),
                        tr("What was recorded until then is kept."),
                        "warning",
                    )
                self.document.submit(self.document.library.recordings.finish, self._new_recording)
                self.use_recording(self._new_recording, event.path, self._passage)
            case recorder.InputSilent():
                self.silence = f"{event.message} {event.remedy}"
            case recorder.MicrophoneLost():
                if self.stage is not Stage.RECORDING:
                    self.notified.emit(event.message, tr("Choose another microphone."), "warning")
            case recorder.RecorderFailed():
                self.notified.emit(event.message, event.remedy, "danger")
                if self.stage in (Stage.COUNTDOWN, Stage.RECORDING):
                    self._countdown = None
                    self.microphone.stop()
                    self._set_stage(Stage.CLIP if self.clip else Stage.IDLE)
            case recorder.SoundDropped():
                if event.count == 1:
                    self.notified.emit(
                        tr("The computer was too busy: a piece of the recording is missing."),
                        tr("Record again when less is going on."),
                        "warning",
                    )
            case recorder.Monitoring() | recorder.MonitoringEnded() | recorder.InputRestored():
                self.silence = ""
            case recorder.RecordingStarted():
                pass
            case _:
                assert_never(event)
        self.ticked.emit()
