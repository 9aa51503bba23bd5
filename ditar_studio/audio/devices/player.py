"""Plays sound while it is generated, and finished sound too.

Sample buffer (all that was fed) -> resampler -> ring -> audio callback. The player's own thread
keeps the ring filled (`ring_feeder`); the callback only copies, applies the volume and counts
(`ring_output`). Playback starts when enough sound is buffered. That is little at first, so that the
first sound comes early, and grows at each underrun; underruns are counted and reported.

Nothing here blocks the caller: methods make a request, `status` gives the state, events report
the outcome. Events are sent from the player's thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import assert_never

import numpy as np
import numpy.typing as npt

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.devices.control import AudioControl, Yielding, shared_control
from ditar_studio.audio.devices.player_events import (
    BufferSettings,
    OutputChanged,
    OutputLost,
    PlaybackEnded,
    PlaybackPaused,
    PlaybackStarted,
    PlayerEvent,
    PlayerFailed,
    PlayerState,
    PlayerStatus,
    Underrun,
)
from ditar_studio.audio.devices.ring import Ring
from ditar_studio.audio.devices.ring_feeder import RingFeeder
from ditar_studio.audio.devices.ring_output import RingOutput
from ditar_studio.audio.devices.sample_buffer import SampleBuffer
from ditar_studio.audio.devices.stream_monitor import (
    StreamEvent,
    StreamLost,
    StreamMonitor,
    StreamOpened,
    StreamRefused,
)
from ditar_studio.errors import StudioError

Samples = npt.NDArray[np.float32]

_RING_FRAMES = 1 << 15  # 0.7 s at 48 kHz
_TICK_SECONDS = 0.015
_IDLE_SECONDS = 2.0
"""A paused or ended player gives the device back after so long."""


class StreamPlayer:
    """One sound at a time, played while it grows.

    Args:
        on_event: gets `PlayerEvent`s, on the player's thread.
        device: id of the output device, None for the system's default one.
        control: the sound system; the process-wide one unless a test says otherwise.
        buffering: how much is buffered before playback.
        clock: seconds; time's own unless a test says otherwise.
        threaded: whether the player has a thread of its own; else the caller calls `step`.
    """

    def __init__(
        self,
        on_event: Callable[[PlayerEvent], None] = lambda event: None,
        device: str | None = None,
        control: AudioControl | None = None,
        buffering: BufferSettings | None = None,
        clock: Callable[[], float] = time.monotonic,
        threaded: bool = True,
    ) -> None:
        self._on_event = on_event
        self._buffering = buffering or BufferSettings()
        self._clock = clock
        self._threaded = threaded
        ring = Ring(_RING_FRAMES)
        self._output = RingOutput(ring, clock)
        self._feeder = RingFeeder(ring, self._output)
        self._stream = StreamMonitor(
            control or shared_control(),
            "output",
            2,
            self._output.on_block,
            self._yields,
            before_start=self._output.silence,
            clock=clock,
        )
        self._stream.choose(device)

        self._wake = threading.Condition()
        self._sound: SampleBuffer | None = None
        self._wanted = False
        self._seek: float | None = None
        self._loop: tuple[float, float] | None = None
        self._device = device
        self._closing = False
        self._thread: threading.Thread | None = None

        # The player's thread, under the lock.
        self._state: PlayerState = "empty"
        self._buffer_target = self._buffering.start
        self._underruns = 0
        self._dropouts_before = 0
        self._drained_at: float | None = None
        self._idle_since = 0.0

    # -- the sound ----------------------------------------------------------------------------

    def begin(self, sample_rate: int, play: bool = True) -> None:
        """Drop the present sound and start an empty one, to be fed.

        Args:
            sample_rate: of the samples to come, hertz.
            play: start as soon as enough is buffered.
        """
        self._replace(SampleBuffer(sample_rate), play)

    def feed(self, samples: Samples) -> None:
        """Add generated samples [n] at the end. From any one thread; never blocks."""
        with self._wake:
            if self._sound is None:
                raise RuntimeError("begin comes before feed")
            self._sound.append(samples)
            self._wake.notify()

    def finish(self) -> None:
        """Say that the sound is complete: what is there plays to its end."""
        with self._wake:
            if self._sound is not None:
                self._sound.finished = True
            self._wake.notify()

    def load(self, clip: Clip, play: bool = False) -> None:
        """Take a finished clip as the sound."""
        sound = SampleBuffer(clip.sample_rate)
        sound.append(clip.samples)
        sound.finished = True
        self._replace(sound, play)

    def samples(self) -> Samples:
        """Return a copy of everything fed so far [n]."""
        with self._wake:
            if self._sound is None:
                return np.zeros(0, np.float32)
            return self._sound.part(0, len(self._sound)).copy()

    # -- transport --------------------------------------------------------------------------------

    def play(self) -> None:
        """Play on from the present position, or from the start if the end had been reached."""
        with self._wake:
            if self._state == "ended" and self._seek is None:
                self._seek = self._loop[0] if self._loop is not None else 0.0
            self._wanted = True
            self._start()

    def pause(self) -> None:
        """Fall silent within a callback; the position stays."""
        with self._wake:
            self._wanted = False
            self._output.open = False
            self._wake.notify()

    def toggle(self) -> None:
        """Play if silent, pause if playing."""
        if self._wanted and self._state != "ended":
            self.pause()
        else:
            self.play()

    def stop(self) -> None:
        """Pause and go to the beginning."""
        self.pause()
        self.seek(0.0)

    def replay(self) -> None:
        """Play from the beginning."""
        with self._wake:
            self._seek = 0.0
            self._wanted = True
            self._start()

    def seek(self, seconds: float) -> None:
        """Go to a position; beyond what is generated means its end."""
        with self._wake:
            self._seek = max(0.0, seconds)
            self._start()

    def set_loop(self, region: tuple[float, float] | None) -> None:
        """Repeat a region (start and end in seconds) without a gap; None plays straight through.

        A region that ends where nothing is generated yet takes effect once it is.
        """
        with self._wake:
            if region is not None and not 0 <= region[0] < region[1]:
                raise StudioError("The loop has no length.", "Select a longer region.")
            self._loop = region
            if region is not None and self._sound is not None:
                # What is in the ring was read without the loop: read it again.
                position = self._position()
                self._seek = position if region[0] <= position < region[1] else region[0]
            self._start()

    @property
    def volume(self) -> float:
        """Factor 0..1 on what is played; changes without a click."""
        return self._output.volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self._output.volume = min(1.0, max(0.0, volume))

    def set_device(self, device: str | None) -> None:
        """Play on another device from the present position on; None is the system's default one."""
        with self._wake:
            self._device = device
            self._wake.notify()

    def close(self, limit: float = 5.0) -> None:
        """Fall silent, close the device and end the thread."""
        with self._wake:
            self._wanted = False
            self._output.open = False
            self._closing = True
            self._wake.notify()
            thread = self._thread
        if thread is not None:
            thread.join(limit)

    def status(self) -> PlayerStatus:
        """Return the state at this moment. Cheap and never blocks for long; from any thread."""
        with self._wake:
            sound = self._sound
            opened = self._stream.opened
            generated = len(sound) / sound.sample_rate if sound is not None else 0.0
            position = self._position()
            return PlayerStatus(
                state=self._state,
                position=position,
                generated=generated,
                finished=sound is not None and sound.finished,
                buffered=max(0.0, generated - position),
                buffer_target=self._buffer_target,
                underruns=self._underruns,
                dropouts=self._output.dropouts - self._dropouts_before,
                device=opened.device if opened is not None else None,
            )

    # -- the player's thread ----------------------------------------------------------------------

    def _yields(self) -> Yielding:
        return "asked" if self._wanted else "always"

    def _start(self) -> None:
        if self._threaded and self._thread is None and not self._closing:
            self._thread = threading.Thread(target=self._run, name="audio-player", daemon=True)
            self._thread.start()
        self._wake.notify()

    def _replace(self, sound: SampleBuffer, play: bool) -> None:
        with self._wake:
            self._sound = sound
            self._wanted = play
            self._output.open = False
            self._loop = None
            self._seek = 0.0
            self._state = "waiting" if play else "paused"
            self._underruns = 0
            self._dropouts_before = self._output.dropouts
            # A machine that was too slow once will be again: start from half of what it needed.
            self._buffer_target = max(self._buffering.start, self._buffer_target / 2)
            self._start()

    def _run(self) -> None:
        while True:
            with self._wake:
                if self._resting():
                    if self._closing:
                        self._feeder.close()
                        return
                    self._wake.wait()
                else:
                    self._wake.wait(_TICK_SECONDS)
            for event in self.step():
                self._on_event(event)

    def step(self) -> list[PlayerEvent]:
        """Do what is to be done now, on the player's thread; returns what happened.

        Resampling is done without the lock, so that no caller waits for it.
        """
        events: list[PlayerEvent] = []
        with self._wake:
            self._follow_device(events)
            self._follow_seek()
            sound, loop = self._sound, self._loop
        if sound is None:
            return events
        self._feeder.fill(sound, loop)
        with self._wake:
            if sound is self._sound and self._seek is None:
                self._decide(sound, self._clock(), events)
        return events

    def _resting(self) -> bool:
        """Return whether there is nothing to do until the next request."""
        return (
            not (self._wanted and not self._closing)
            and self._seek is None
            and self._state not in ("playing", "waiting")
            and self._stream.opened is None
            and self._stream.settled
        )

    def _follow_device(self, events: list[PlayerEvent]) -> None:
        self._stream.choose(self._device)
        self._stream.want(self._needs_device(self._clock()))
        for event in self._stream.tick():
            self._on_stream_event(event, events)

    def _follow_seek(self) -> None:
        if self._sound is None or self._seek is None:
            return
        seconds, self._seek = self._seek, None
        self._go_to(self._sound, seconds)
        if self._state == "ended":
            self._state = "paused"

    def _needs_device(self, now: float) -> bool:
        if self._closing:
            return False
        if self._wanted:
            self._idle_since = now
        return self._wanted or (
            self._stream.opened is not None and now - self._idle_since < _IDLE_SECONDS
        )

    def _on_stream_event(self, event: StreamEvent, events: list[PlayerEvent]) -> None:
        position = self._position()
        match event:
            case StreamOpened():
                self._feeder.rate = event.sample_rate
                self._feeder.latency = event.latency
                if self._wanted:
                    self._state = "waiting"
                events.append(OutputChanged(event.device, event.fell_back))
            case StreamLost(device, reason):
                events.append(OutputLost(device, f"“{device.name}”: {reason}."))
                if self._wanted:
                    self._state = "device lost"
                self._output.open = False
            case StreamRefused(message, remedy):
                events.append(PlayerFailed(message, remedy))
                return
            case _:
                assert_never(event)
        if self._sound is not None:
            self._go_to(self._sound, position)

    def _position(self) -> float:
        """Return seconds that have been played."""
        sound = self._sound
        if sound is None:
            return 0.0
        if self._seek is not None:
            return min(self._seek, len(sound) / sound.sample_rate)
        ahead = 0.0
        if self._state == "playing":
            # Callbacks come in bursts; between them the device plays on from its buffer.
            ahead = max(0.0, self._feeder.latency - (self._clock() - self._output.read_at))
        return self._feeder.position(sound, ahead)

    def _go_to(self, sound: SampleBuffer, seconds: float) -> None:
        """Empty the ring and read the sound from there on."""
        self._feeder.go_to(sound, seconds * sound.sample_rate)
        self._drained_at = None

    def _decide(self, sound: SampleBuffer, now: float, events: list[PlayerEvent]) -> None:
        """Open or close the gate of the callback, and say so."""
        opened = self._stream.opened
        if self._state == "playing":
            if not self._wanted:
                self._output.open = False
                self._state = "paused"
                events.append(PlaybackPaused(self._position()))
            elif self._output.starved:
                self._output.open = False
                self._state = "waiting"
                self._underruns += 1
                self._buffer_target = min(
                    self._buffering.most, self._buffer_target + self._buffering.growth
                )
                events.append(Underrun(self._underruns, self._buffer_target))
            elif self._output.drained:
                if self._drained_at is None:
                    self._drained_at = now
                if now - self._drained_at >= self._feeder.latency:
                    self._output.open = False
                    self._wanted = False
                    self._state = "ended"
                    events.append(PlaybackEnded())
            return
        if not self._wanted:
            if self._state in ("waiting", "device lost"):
                self._state = "paused"
                events.append(PlaybackPaused(self._position()))
            return
        if self._state == "paused":
            self._state = "waiting"
        if opened is None or not self._output.flushed:
            return
        ready = len(sound) / sound.sample_rate - self._position()
        if sound.finished or ready >= self._buffer_target:
            self._output.starved = False
            self._output.open = True
            self._state = "playing"
            events.append(PlaybackStarted(self._position(), opened.device))
