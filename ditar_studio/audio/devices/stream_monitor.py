"""Keeps one stream open on a device that may vanish: open, watch, lose, try again.

The recorder and the player each own a monitor and call `tick` from their own thread. The monitor
never blocks: it submits jobs to the control thread and looks at their outcome at a later tick.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ditar_studio.audio.devices.control import AudioControl, Job, Yielding
from ditar_studio.audio.devices.portaudio import (
    Device,
    Direction,
    InputCallback,
    OutputCallback,
    Samples,
    Stream,
)
from ditar_studio.errors import StudioError

STALL_SECONDS = 1.5
"""A stream without a callback for so long is lost, whatever PortAudio says."""

RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 2.0
"""Time between attempts to open a lost device again: the first, and the one it grows to."""

FALL_BACK_SECONDS = 2.0
"""After so long without the chosen device the system's default one is used."""

_USUAL_RATES = (48000, 44100, 32000, 24000, 16000)


@dataclass(frozen=True)
class StreamOpened:
    """The stream runs. `fell_back` says that it runs on another device than the chosen one."""

    device: Device
    sample_rate: int
    channels: int
    latency: float
    fell_back: bool


@dataclass(frozen=True)
class StreamLost:
    """The stream ended by itself or stopped calling back. The monitor goes on trying."""

    device: Device
    reason: str


@dataclass(frozen=True)
class StreamRefused:
    """An attempt to open failed. Sent once until the next success; the monitor goes on trying."""

    message: str
    remedy: str


StreamEvent = StreamOpened | StreamLost | StreamRefused


class _Heartbeat:
    """When the callbacks of one stream ran last, and whether it ended."""

    def __init__(self, now: float) -> None:
        self.last_callback = now
        self.ended = False

    def end(self) -> None:
        """Note that the stream is over, for whatever reason."""
        self.ended = True


@dataclass
class _Running:
    """An open stream, as the control sees it too."""

    stream: Stream
    opened: StreamOpened
    heartbeat: _Heartbeat
    yields: Callable[[], Yielding]
    interrupted: bool = False

    def interrupt(self) -> None:
        """Close the stream for a rescan, on the control thread; the monitor opens it again."""
        self.interrupted = True
        self.stream.close()


class StreamMonitor:
    """One direction, at most one open stream, and whether it should be open.

    Args:
        control: the sound system.
        direction: "input" or "output".
        channels: how many channels to ask for where the device has them.
        callback: see `InputCallback` and `OutputCallback`; runs on PortAudio's thread.
        yields: when the stream may be interrupted for a rescan.
        before_start: called on the control thread before each stream's first callback.
        clock: seconds; time's own unless a test says otherwise.
    """

    def __init__(
        self,
        control: AudioControl,
        direction: Direction,
        channels: int,
        callback: InputCallback | OutputCallback,
        yields: Callable[[], Yielding],
        before_start: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._control = control
        self._direction = direction
        self._channels = channels
        self._callback = callback
        self._yields = yields
        self._before_start = before_start
        self._clock = clock
        self._chosen: str | None = None
        self._wanted = False
        self._reopen = False
        self._opening: Job[_Running] | None = None
        self._closing: Job[None] | None = None
        self._running: _Running | None = None
        self._lost_since: float | None = None
        self._retry_at = 0.0
        self._pause = RETRY_SECONDS
        self._refused = False

    @property
    def opened(self) -> StreamOpened | None:
        """The open stream, or None."""
        return self._running.opened if self._running is not None else None

    @property
    def settled(self) -> bool:
        """Whether nothing is under way: open where wanted, closed where not."""
        return (
            self._opening is None
            and self._closing is None
            and not self._reopen
            and (self._running is not None) == self._wanted
        )

    def want(self, wanted: bool) -> None:
        """Set whether the stream should be open; `tick` brings it about."""
        if wanted and not self._wanted:
            self._lost_since = None
            self._pause = RETRY_SECONDS
            self._retry_at = 0.0
            self._refused = False
        self._wanted = wanted

    def choose(self, device_id: str | None) -> None:
        """Use another device from now on; None is the system's default one."""
        if device_id != self._chosen:
            self._chosen = device_id
            self._reopen = self._running is not None or self._opening is not None
            self._lost_since = None
            self._pause = RETRY_SECONDS
            self._retry_at = 0.0
            self._refused = False

    def try_now(self) -> None:
        """Try at once, and report a failure even if an earlier one was reported."""
        self._refused = False
        self._pause = RETRY_SECONDS
        self._retry_at = 0.0

    def tick(self) -> list[StreamEvent]:
        """Take one step towards the wanted state and report what happened. Never blocks."""
        now = self._clock()
        events: list[StreamEvent] = []
        if self._closing is not None and self._closing.done:
            self._closing = None
        if self._opening is not None and self._opening.done:
            self._finish_opening(self._opening, now, events)
        if self._running is not None:
            self._watch(self._running, now, events)
        if self._running is not None and (not self._wanted or self._reopen):
            self._close()
        if self._may_open(now):
            self._start_opening(now)
        return events

    def _may_open(self, now: float) -> bool:
        idle = self._running is None and self._opening is None and self._closing is None
        return self._wanted and idle and now >= self._retry_at

    def _start_opening(self, now: float) -> None:
        lost_for = now - self._lost_since if self._lost_since is not None else 0.0
        fall_back = lost_for >= FALL_BACK_SECONDS
        again = self._lost_since is not None
        chosen = self._chosen
        self._reopen = False
        self._opening = self._control.submit(
            lambda: self._open(chosen, again, fall_back), dispose=self._dispose
        )

    def _finish_opening(self, job: Job[_Running], now: float, events: list[StreamEvent]) -> None:
        self._opening = None
        try:
            self._running = job.result()
        except StudioError as failure:
            self._retry_at = now + self._pause
            self._pause = min(2 * self._pause, LONGEST_RETRY_SECONDS)
            if self._lost_since is None:
                self._lost_since = now
            if not self._refused and self._wanted:
                self._refused = True
                events.append(StreamRefused(failure.message, failure.remedy))
            return
        self._lost_since = None
        self._pause = RETRY_SECONDS
        self._refused = False
        events.append(self._running.opened)

    def _watch(self, running: _Running, now: float, events: list[StreamEvent]) -> None:
        if running.interrupted:
            self._running = None
            self._retry_at = now
            return
        age = now - running.heartbeat.last_callback
        if not running.heartbeat.ended and age < STALL_SECONDS:
            return
        reason = "it was disconnected" if running.heartbeat.ended else "it stopped responding"
        self._lost_since = now
        self._retry_at = now + RETRY_SECONDS
        self._refused = True  # the loss itself has been reported
        self._close()
        events.append(StreamLost(running.opened.device, reason))

    def _close(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            self._closing = self._control.submit(lambda: self._dispose(running), limit=3.0)

    def _dispose(self, running: _Running) -> None:
        running.stream.close()
        if running in self._control.streams:
            self._control.streams.remove(running)

    def _open(self, chosen: str | None, again: bool, fall_back: bool) -> _Running:
        """Find the device and open it, on the control thread."""
        backend = self._control.backend
        if again and not self._control.streams:
            backend.refresh()
        devices = [d for d in backend.devices() if d.serves(self._direction)]
        if not devices:
            what = "microphone" if self._direction == "input" else "loudspeaker or headphones"
            raise StudioError(f"No {what} found.", "Connect one and rescan the devices.")
        default = next((d for d in devices if d.is_default(self._direction)), devices[0])
        device = default
        if chosen is not None:
            wanted = next((d for d in devices if d.id == chosen), None)
            if wanted is None and not fall_back:
                raise StudioError(
                    "The chosen sound device is not connected.",
                    "Connect it, or choose another one.",
                )
            device = wanted or default
        try:
            return self._open_on(device, fell_back=chosen is not None and device.id != chosen)
        except Exception:
            if not fall_back or device.id == default.id:
                raise
        return self._open_on(default, fell_back=True)

    def _open_on(self, device: Device, fell_back: bool) -> _Running:
        backend = self._control.backend
        available = device.inputs if self._direction == "input" else device.outputs
        # Some devices only open with all their channels.
        counts = dict.fromkeys((min(self._channels, available), min(2, available), available))
        rates = dict.fromkeys((device.sample_rate, *_USUAL_RATES))
        failure: Exception | None = None
        for rate in rates:
            for count in counts:
                heartbeat = _Heartbeat(self._clock())
                try:
                    stream = backend.open(
                        self._direction, device, rate, count, self._alive(heartbeat), heartbeat.end
                    )
                except Exception as error:
                    failure = failure or error
                    continue
                self._before_start()
                try:
                    stream.start()
                except Exception:
                    stream.close()
                    raise
                opened = StreamOpened(device, rate, count, stream.latency, fell_back)
                running = _Running(stream, opened, heartbeat, self._yields)
                self._control.streams.append(running)
                return running
        assert failure is not None
        raise failure

    def _alive(self, heartbeat: _Heartbeat) -> InputCallback | OutputCallback:
        """Call the callback, and note when it ran."""
        callback = self._callback

        def on_block(block: Samples, flagged: bool) -> None:
            heartbeat.last_callback = self._clock()
            callback(block, flagged)

        return on_block
