"""Monitors and records a microphone; what is recorded is on disk as it is made.

Audio callback -> ring -> the recorder's own thread -> file, meter and peaks. Nothing here blocks
the caller: methods make a request, events report the outcome. Events are sent from the recorder's
thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, assert_never

import numpy as np
import numpy.typing as npt

from ditar_studio.audio.analysis.level import LevelMeter, LevelReading
from ditar_studio.audio.analysis.peaks import Peaks
from ditar_studio.audio.clips.files import StreamingWavWriter, Subtype
from ditar_studio.audio.devices.control import AudioControl, Yielding, shared_control
from ditar_studio.audio.devices.portaudio import Device
from ditar_studio.audio.devices.ring import Ring
from ditar_studio.audio.devices.stream_monitor import (
    StreamEvent,
    StreamLost,
    StreamMonitor,
    StreamOpened,
    StreamRefused,
)
from ditar_studio.errors import StudioError

Samples = npt.NDArray[np.float32]
StopReason = Literal["asked", "device lost", "disk", "too long"]

SILENT_SECONDS = 1.0
"""Exact zeros for so long mean a muted or missing microphone; a real one has noise."""

_TICK_SECONDS = 0.02
_RING_SECONDS = 10
_HIGHEST_RATE = 192_000
_LONGEST_TAIL_SECONDS = 0.2


@dataclass(frozen=True)
class Monitoring:
    """The microphone is open and the meter moves.

    Attributes:
        device: what is open.
        sample_rate: its rate, which a recording will have.
        fell_back: whether it is another device than the chosen one, which is not there.
    """

    device: Device
    sample_rate: int
    fell_back: bool


@dataclass(frozen=True)
class RecordingStarted:
    """Samples go to this file from now on."""

    path: Path
    device: Device
    sample_rate: int


@dataclass(frozen=True)
class RecordingStopped:
    """The file is complete, whatever the reason; a lost device keeps what was recorded."""

    path: Path
    seconds: float
    reason: StopReason


@dataclass(frozen=True)
class InputSilent:
    """Nothing but exact zeros arrive: the microphone is muted, or the system swapped it for a
    dummy.
    """

    message: str = "The microphone delivers complete silence."
    remedy: str = (
        "Check its mute switch, the system's input volume, and that this application may use it."
    )


@dataclass(frozen=True)
class InputRestored:
    """The microphone delivers sound again after `InputSilent`."""


@dataclass(frozen=True)
class SoundDropped:
    """The machine was too busy: a piece of the input was lost inside the recording.

    Attributes:
        count: how many times in this recording.
    """

    count: int


@dataclass(frozen=True)
class MicrophoneLost:
    """The device vanished or stopped responding; the recorder tries to open it again."""

    device: Device
    message: str


@dataclass(frozen=True)
class RecorderFailed:
    """The microphone could not be opened, or the file not be written."""

    message: str
    remedy: str


@dataclass(frozen=True)
class MonitoringEnded:
    """The microphone is closed."""


RecorderEvent = (
    Monitoring
    | RecordingStarted
    | RecordingStopped
    | InputSilent
    | InputRestored
    | SoundDropped
    | MicrophoneLost
    | RecorderFailed
    | MonitoringEnded
)


@dataclass
class _Take:
    """The recording under way."""

    path: Path
    peaks: Peaks
    writer: StreamingWavWriter
    dropped_before: int
    dropped: int = 0


class Recorder:
    """A microphone with a meter and a red button.

    `monitor` opens the device and moves the meter; `record` writes to a file (and opens the device
    first where need be); `stop` ends the recording and goes on monitoring if that was on before.

    Args:
        on_event: gets `RecorderEvent`s, on the recorder's thread.
        device: id of the microphone, None for the system's default one.
        control: the sound system; the process-wide one unless a test says otherwise.
        subtype: sample format of the files.
        max_seconds: a recording stops by itself after so long.
    """

    def __init__(
        self,
        on_event: Callable[[RecorderEvent], None],
        device: str | None = None,
        control: AudioControl | None = None,
        subtype: Subtype = "PCM_24",
        max_seconds: float = 600.0,
    ) -> None:
        self._on_event = on_event
        self._subtype: Subtype = subtype
        self._max_seconds = max_seconds
        self._stream = StreamMonitor(
            control or shared_control(), "input", 1, self._on_block, self._yields
        )
        self._stream.choose(device)
        self._ring = Ring(_RING_SECONDS * _HIGHEST_RATE // 4)
        self._mix = np.zeros(16384, np.float32)
        self._scratch = np.zeros(self._ring.space, np.float32)
        self._dropped = 0

        self._wake = threading.Condition()
        self._monitor = False
        self._target: Path | None = None
        self._stop_recording = False
        self._device: str | None = device
        self._closing = False

        self._take: _Take | None = None
        self._meter: LevelMeter | None = None
        self._zeros = 0
        self._silent = False
        self._was_open = False
        self._stop_at: float | None = None
        self._thread: threading.Thread | None = None

    # -- requests, from any thread ----------------------------------------------------------------

    def monitor(self, on: bool = True) -> None:
        """Open or close the microphone for the meter alone. A running recording goes on."""
        with self._wake:
            self._monitor = on
            self._start()

    def record(self, path: Path) -> None:
        """Record into a new WAV file; `RecordingStarted` is sent when the first samples go in.

        While monitoring it starts at once, else as soon as the device is open.

        Raises:
            StudioError: a recording is under way.
        """
        with self._wake:
            if self._target is not None:
                raise StudioError("A recording is under way.", "Stop it first.")
            self._target = Path(path)
            self._stop_recording = False
            self._stream.try_now()
            self._start()

    def stop(self) -> None:
        """End the recording, or give up waiting for it to start."""
        with self._wake:
            self._stop_recording = True
            self._wake.notify()

    def set_device(self, device: str | None) -> None:
        """Use another microphone; while recording, from the next recording on."""
        with self._wake:
            self._device = device
            self._wake.notify()

    def reset_clip(self) -> None:
        """Switch the clip light off."""
        meter = self._meter
        if meter is not None:
            meter.reset_clip()

    def close(self, limit: float = 5.0) -> None:
        """End a recording properly, close the microphone and end the thread."""
        with self._wake:
            self._closing = True
            self._stop_recording = True
            self._wake.notify()
            thread = self._thread
        if thread is not None:
            thread.join(limit)

    # -- state, from any thread -------------------------------------------------------------------

    @property
    def level(self) -> LevelReading:
        """What the meter shows now."""
        meter = self._meter
        return meter.reading if meter is not None else LevelReading()

    @property
    def monitoring(self) -> bool:
        """Whether the microphone is open."""
        return self._was_open

    @property
    def recording(self) -> bool:
        """Whether samples go to a file."""
        return self._take is not None

    @property
    def recorded_seconds(self) -> float:
        """Length of the recording under way, 0 without one."""
        take = self._take
        return take.peaks.seconds if take is not None else 0.0

    @property
    def peaks(self) -> Peaks | None:
        """The waveform of the recording under way, growing."""
        take = self._take
        return take.peaks if take is not None else None

    # -- PortAudio's thread -----------------------------------------------------------------------

    def _on_block(self, block: Samples, dropped: bool) -> None:
        frames = len(block)
        mix = self._mix[:frames]
        np.copyto(mix, block[:, 0])
        if block.shape[1] > 1:
            np.add(mix, block[:, 1], out=mix)
            np.multiply(mix, 0.5, out=mix)
        if self._ring.write(mix) < frames or dropped:
            self._dropped += 1

    # -- the recorder's thread --------------------------------------------------------------------

    def _yields(self) -> Yielding:
        return "always" if self._target is None else "never"

    def _start(self) -> None:
        if self._thread is None and not self._closing:
            self._thread = threading.Thread(target=self._run, name="audio-recorder", daemon=True)
            self._thread.start()
        self._wake.notify()

    def _run(self) -> None:
        while True:
            with self._wake:
                wanted = (self._monitor or self._target is not None) and not self._closing
                closed = self._stream.opened is None and self._stream.settled
                if not wanted and closed and self._take is None:
                    if self._was_open:
                        self._was_open = False
                        self._on_event(MonitoringEnded())
                    if self._closing:
                        return
                    self._wake.wait()
                    continue
                self._wake.wait(_TICK_SECONDS)
                closing, stopping, target = self._closing, self._stop_recording, self._target
                device, monitor = self._device, self._monitor
            if self._take is None:
                self._stream.choose(device)
            self._stream.want((monitor or target is not None) and not closing)
            for event in self._stream.tick():
                self._on_stream_event(event)
            self._begin_take(target, stopping)
            self._drain()
            if stopping and target is not None and (closing or self._tail_recorded()):
                self._end_take("asked")

    def _on_stream_event(self, event: StreamEvent) -> None:
        match event:
            case StreamOpened():
                self._ring.read = self._ring.written
                self._meter = LevelMeter(event.sample_rate)
                self._zeros = 0
                self._silent = False
                self._was_open = True
                self._on_event(Monitoring(event.device, event.sample_rate, event.fell_back))
            case StreamLost(device, reason):
                if self._meter is not None:
                    self._meter.silence()
                self._drain()
                self._on_event(MicrophoneLost(device, f"“{device.name}”: {reason}."))
                if self._take is not None:
                    self._end_take("device lost")
            case StreamRefused(message, remedy):
                self._on_event(RecorderFailed(message, remedy))
                self._end_take("asked")
            case _:
                assert_never(event)

    def _begin_take(self, target: Path | None, stopping: bool) -> None:
        opened = self._stream.opened
        if target is None or stopping or self._take is not None or opened is None:
            return
        self._drain()
        try:
            writer = StreamingWavWriter(target, opened.sample_rate, self._subtype)
        except StudioError as failure:
            self._clear_target()
            self._on_event(RecorderFailed(failure.message, failure.remedy))
            return
        self._take = _Take(target, Peaks(opened.sample_rate), writer, self._dropped)
        self._on_event(RecordingStarted(target, opened.device, opened.sample_rate))

    def _drain(self) -> None:
        """Move what has arrived to the meter, the peaks and the file."""
        count = self._ring.read_into(self._scratch)
        opened = self._stream.opened
        if not count or self._meter is None:
            return
        block = np.nan_to_num(self._scratch[:count])
        self._meter.update(block)
        self._look_for_silence(block, opened.sample_rate if opened is not None else 48000)
        take = self._take
        if take is None:
            return
        try:
            take.writer.append(block)
        except StudioError as failure:
            self._on_event(RecorderFailed(failure.message, failure.remedy))
            self._end_take("disk")
            return
        take.peaks.append(block)
        dropped = self._dropped - take.dropped_before
        if dropped > take.dropped:
            take.dropped = dropped
            self._on_event(SoundDropped(dropped))
        if take.peaks.seconds >= self._max_seconds:
            self._end_take("too long")

    def _look_for_silence(self, block: Samples, rate: int) -> None:
        if block.any():
            self._zeros = 0
            if self._silent:
                self._silent = False
                self._on_event(InputRestored())
            return
        self._zeros += len(block)
        if not self._silent and self._zeros >= SILENT_SECONDS * rate:
            self._silent = True
            self._on_event(InputSilent())

    def _end_take(self, reason: StopReason) -> None:
        take, self._take = self._take, None
        self._clear_target()
        if take is not None:
            take.writer.close()
            self._on_event(RecordingStopped(take.path, take.writer.seconds, reason))

    def _tail_recorded(self) -> bool:
        """Return whether the sound from before the stop has come through the device."""
        opened = self._stream.opened
        if self._take is None or opened is None:
            return True
        now = time.monotonic()
        if self._stop_at is None:
            self._stop_at = now + min(opened.latency, _LONGEST_TAIL_SECONDS)
        return now >= self._stop_at

    def _clear_target(self) -> None:
        self._stop_at = None
        with self._wake:
            self._target = None
            self._stop_recording = False
