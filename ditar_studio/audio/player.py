"""Plays sound while it is generated, and finished sound too.

Sample buffer (all that was fed) -> resampler -> ring -> audio callback. The player's own thread
keeps the ring filled; the callback only copies, applies the volume and counts. Playback starts
when enough sound is buffered. That is little at first, so that the first sound comes early, and
grows at each underrun; underruns are counted and reported.

Nothing here blocks the caller: methods make a request, `status` gives the state, events report
the outcome. Events are sent from the player's thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from ditar_studio.audio.control import AudioControl, Yielding, shared_control
from ditar_studio.audio.portaudio import Device
from ditar_studio.audio.ring import Ring
from ditar_studio.audio.stream_monitor import (
    StreamEvent,
    StreamLost,
    StreamMonitor,
    StreamOpened,
    StreamRefused,
)
from ditar_studio.errors import StudioError

if TYPE_CHECKING:
    from ditar_studio.audio.clip import Clip

Samples = npt.NDArray[np.float32]

PlayerState = Literal["empty", "paused", "waiting", "playing", "ended", "device lost"]

_RING_FRAMES = 1 << 15  # 0.7 s at 48 kHz
_AHEAD_SECONDS = 0.4
_TICK_SECONDS = 0.015
_RAMP_FRAMES = 256
_IDLE_SECONDS = 2.0
"""A paused or ended player gives the device back after so long."""


@dataclass(frozen=True)
class BufferSettings:
    """How much sound has to be ready before playback starts or goes on.

    Attributes:
        start: seconds at the beginning.
        growth: seconds added at each underrun.
        most: seconds it never exceeds.
    """

    start: float = 0.2
    growth: float = 0.4
    most: float = 4.0

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.most or self.growth < 0:
            raise StudioError("The buffer settings contradict each other.", "Reset them.")


@dataclass(frozen=True)
class PlayerStatus:
    """The state of a player at one moment.

    Attributes:
        state: "waiting" means that playback is wanted and waits for sound or for the device.
        position: seconds that have been played.
        generated: seconds fed so far.
        finished: whether the sound is complete.
        buffered: seconds that are ready and not yet played.
        buffer_target: seconds that must be ready before playback starts or goes on.
        underruns: how often sound ran out since `begin`.
        dropouts: how often the device itself ran dry meanwhile, because the machine was too busy.
        device: what plays, None while closed.
    """

    state: PlayerState
    position: float
    generated: float
    finished: bool
    buffered: float
    buffer_target: float
    underruns: int
    dropouts: int
    device: Device | None


@dataclass(frozen=True)
class PlaybackStarted:
    """Sound comes out, from this position in seconds; also after an interruption."""

    position: float
    device: Device


@dataclass(frozen=True)
class PlaybackPaused:
    """Playback was paused."""

    position: float


@dataclass(frozen=True)
class PlaybackEnded:
    """The finished sound has been played to its end."""


@dataclass(frozen=True)
class Underrun:
    """Sound ran out while it was being generated; playback goes on when more of it is buffered."""

    count: int
    buffer_target: float


@dataclass(frozen=True)
class OutputLost:
    """The device vanished or stopped responding; playback waits and goes on by itself."""

    device: Device
    message: str
    remedy: str = "Playback goes on when the device is back, or choose another one."


@dataclass(frozen=True)
class OutputChanged:
    """Playback uses this device from now on.

    Attributes:
        fell_back: whether it is another one than the chosen one, which is not there.
    """

    device: Device
    fell_back: bool


@dataclass(frozen=True)
class PlayerFailed:
    """No device could be opened. The player goes on trying."""

    message: str
    remedy: str


PlayerEvent = (
    PlaybackStarted
    | PlaybackPaused
    | PlaybackEnded
    | Underrun
    | OutputLost
    | OutputChanged
    | PlayerFailed
)


class SampleBuffer:
    """A growing array of mono samples: everything fed to the player. Safe between threads.

    Args:
        sample_rate: hertz.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self.finished = False
        self._data = np.empty(1 << 16, np.float32)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, samples: Samples) -> None:
        """Add samples [n]; one writer at a time."""
        needed = self._length + len(samples)
        if needed > len(self._data):
            grown = np.empty(max(needed, 2 * len(self._data)), np.float32)
            grown[: self._length] = self._data[: self._length]
            self._data = grown
        self._data[self._length : needed] = samples
        self._length = needed

    def part(self, first: int, last: int) -> Samples:
        """Samples [last - first] that are there already."""
        return self._data[first : min(last, self._length)]


@dataclass(frozen=True)
class _Anchor:
    """From this ring index on, sound comes from this sample of the sound."""

    ring: int
    source: float


class StreamPlayer:
    """One sound at a time, played while it grows.

    Args:
        on_event: gets `PlayerEvent`s, on the player's thread.
        device: id of the output device, None for the system's default one.
        control: the sound system; the process-wide one unless a test says otherwise.
        buffering: how much is buffered before playback.
    """

    def __init__(
        self,
        on_event: Callable[[PlayerEvent], None] = lambda event: None,
        device: str | None = None,
        control: AudioControl | None = None,
        buffering: BufferSettings | None = None,
    ) -> None:
        self._on_event = on_event
        self._buffering = buffering or BufferSettings()
        self._stream = StreamMonitor(
            control or shared_control(),
            "output",
            2,
            self._on_block,
            self._yields,
            before_start=self._silence,
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
        self._cursor = 0  # next sample of the sound to go into the resampler
        self._resampler: Any = None
        self._spill = np.zeros(0, np.float32)  # resampled, but the ring was full
        self._rate = 0
        self._latency = 0.0
        self._anchors = [_Anchor(0, 0.0)]
        self._fed = 0  # samples of the sound since the first anchor
        self._buffer_target = self._buffering.start
        self._underruns = 0
        self._dropouts_before = 0
        self._drained_at: float | None = None
        self._idle_since = 0.0

        # Shared with the callback: each written by one side.
        self._ring = Ring(_RING_FRAMES)
        self._open_gate = False
        self._volume = 1.0
        self._flush_to = 0
        self._end_index = -1
        self._dropouts = 0
        self._starved = False
        self._read_at = 0.0
        self._gain = 0.0
        self._mono = np.zeros(1 << 14, np.float32)
        self._ramp = np.linspace(0.0, 1.0, _RAMP_FRAMES, dtype=np.float32)
        self._curve = np.zeros(_RAMP_FRAMES, np.float32)

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
        """A copy of everything fed so far [n]."""
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
            self._open_gate = False
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
        return self._volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self._volume = min(1.0, max(0.0, volume))

    def set_device(self, device: str | None) -> None:
        """Play on another device from the present position on; None is the system's default one."""
        with self._wake:
            self._device = device
            self._wake.notify()

    def close(self, limit: float = 5.0) -> None:
        """Fall silent, close the device and end the thread."""
        with self._wake:
            self._wanted = False
            self._open_gate = False
            self._closing = True
            self._wake.notify()
            thread = self._thread
        if thread is not None:
            thread.join(limit)

    def status(self) -> PlayerStatus:
        """The state at this moment. Cheap and never blocks for long; from any thread."""
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
                dropouts=self._dropouts - self._dropouts_before,
                device=opened.device if opened is not None else None,
            )

    # -- PortAudio's thread -----------------------------------------------------------------------

    def _on_block(self, block: Samples, ran_dry: bool) -> None:
        mono = self._mono[: len(block)]
        ring = self._ring
        flush = self._flush_to
        count = 0
        if ring.read < flush:  # a seek: fade out what was, then jump
            if self._gain > 0.0:
                count = ring.read_into(mono[: flush - ring.read])
                self._shape(mono[:count], 0.0)
            ring.skip_to(flush)
        elif self._open_gate and not self._starved:
            if ran_dry and self._gain > 0.0:
                self._dropouts += 1
            count = ring.read_into(mono)
            self._read_at = time.monotonic()
            complete = count == len(mono) or ring.read >= self._end_index >= 0
            if not complete:
                self._starved = True
            self._shape(mono[:count], self._volume if complete else 0.0)
        elif self._gain > 0.0:  # paused: fade out
            count = ring.read_into(mono)
            self._shape(mono[:count], 0.0)
        mono[count:] = 0.0
        block[:] = mono[:, None]

    def _shape(self, samples: Samples, goal: float) -> None:
        """Apply the volume, moving from the last gain to the goal over a short ramp."""
        start = self._gain
        self._gain = goal
        if start == goal:
            if goal != 1.0:
                np.multiply(samples, goal, out=samples)
            return
        # A fade-out happens at the end of the samples, a fade-in at their beginning.
        count = min(len(samples), _RAMP_FRAMES)
        curve = self._curve[:count]
        np.multiply(self._ramp[:count], goal - start, out=curve)
        np.add(curve, start, out=curve)
        if goal < start:
            np.multiply(samples[: len(samples) - count], start, out=samples[: len(samples) - count])
            np.multiply(samples[len(samples) - count :], curve, out=samples[len(samples) - count :])
        else:
            np.multiply(samples[:count], curve, out=samples[:count])
            np.multiply(samples[count:], goal, out=samples[count:])

    # -- the player's thread ----------------------------------------------------------------------

    def _yields(self) -> Yielding:
        return "asked" if self._wanted else "always"

    def _start(self) -> None:
        if self._thread is None and not self._closing:
            self._thread = threading.Thread(target=self._run, name="audio-player", daemon=True)
            self._thread.start()
        self._wake.notify()

    def _replace(self, sound: SampleBuffer, play: bool) -> None:
        with self._wake:
            self._sound = sound
            self._wanted = play
            self._open_gate = False
            self._loop = None
            self._seek = 0.0
            self._state = "waiting" if play else "paused"
            self._underruns = 0
            self._dropouts_before = self._dropouts
            # A machine that was too slow once will be again: start from half of what it needed.
            self._buffer_target = max(self._buffering.start, self._buffer_target / 2)
            self._start()

    def _run(self) -> None:
        while True:
            with self._wake:
                if self._resting():
                    if self._closing:
                        self._resampler = None  # soxr complains if it outlives the interpreter
                        return
                    self._wake.wait()
                else:
                    self._wake.wait(_TICK_SECONDS)
                events = self._step(time.monotonic())
            for event in events:
                self._on_event(event)

    def _resting(self) -> bool:
        """Whether there is nothing to do until the next request."""
        return (
            not (self._wanted and not self._closing)
            and self._seek is None
            and self._state not in ("playing", "waiting")
            and self._stream.opened is None
            and self._stream.settled
        )

    def _step(self, now: float) -> list[PlayerEvent]:
        events: list[PlayerEvent] = []
        self._stream.choose(self._device)
        self._stream.want(self._needs_device(now))
        for happening in self._stream.tick():
            self._on_stream_event(happening, events)
        if self._sound is None:
            return events
        if self._seek is not None:
            seconds, self._seek = self._seek, None
            self._go_to(seconds * self._sound.sample_rate)
            if self._state == "ended":
                self._state = "paused"
        self._fill(self._sound)
        self._decide(self._sound, now, events)
        return events

    def _needs_device(self, now: float) -> bool:
        if self._closing:
            return False
        if self._wanted:
            self._idle_since = now
        return self._wanted or (
            self._stream.opened is not None and now - self._idle_since < _IDLE_SECONDS
        )

    def _silence(self) -> None:
        """Before a stream starts: what is in the ring was meant for another one."""
        self._open_gate = False
        self._gain = 0.0

    def _on_stream_event(self, happening: StreamEvent, events: list[PlayerEvent]) -> None:
        position = self._position()
        if isinstance(happening, StreamOpened):
            self._rate = happening.sample_rate
            self._latency = happening.latency
            if self._wanted:
                self._state = "waiting"
            events.append(OutputChanged(happening.device, happening.fell_back))
        elif isinstance(happening, StreamLost):
            message = f"“{happening.device.name}”: {happening.reason}."
            events.append(OutputLost(happening.device, message))
            if self._wanted:
                self._state = "device lost"
            self._open_gate = False
        elif isinstance(happening, StreamRefused):
            events.append(PlayerFailed(happening.message, happening.remedy))
        if self._sound is not None and not isinstance(happening, StreamRefused):
            self._go_to(position * self._sound.sample_rate)

    def _position(self) -> float:
        """Seconds that have been played."""
        sound = self._sound
        if sound is None:
            return 0.0
        if self._seek is not None:
            return min(self._seek, len(sound) / sound.sample_rate)
        index: float = max(self._ring.read, self._flush_to)
        if self._state == "playing":
            # Callbacks come in bursts; between them the device plays on from its buffer.
            ahead = max(0.0, self._latency - (time.monotonic() - self._read_at))
            index -= ahead * self._rate
        anchor = next((a for a in reversed(self._anchors) if a.ring <= index), self._anchors[0])
        source = anchor.source
        if self._rate:
            source += max(0.0, index - anchor.ring) * sound.sample_rate / self._rate
        return min(source, len(sound)) / sound.sample_rate

    def _go_to(self, source: float) -> None:
        """Empty the ring and read the sound from this sample on."""
        assert self._sound is not None
        self._cursor = min(max(0, round(source)), len(self._sound))
        self._flush_to = self._ring.written
        self._end_index = -1
        self._drained_at = None
        self._resampler = None
        self._spill = np.zeros(0, np.float32)
        self._fed = 0
        self._anchors = [_Anchor(self._ring.written, self._cursor)]

    def _fill(self, sound: SampleBuffer) -> None:
        """Resample and put into the ring until enough is ahead."""
        if not self._rate or self._end_index >= 0:
            return
        ring = self._ring
        chunk = max(64, 2048 * sound.sample_rate // self._rate)
        while True:
            self._spill = self._spill[ring.write(self._spill) :]
            ahead = ring.written - max(ring.read, self._flush_to)
            if len(self._spill) or ahead >= _AHEAD_SECONDS * self._rate:
                return
            part = sound.part(self._cursor, self._cursor + chunk)
            if self._loop is not None:
                start, end = (round(edge * sound.sample_rate) for edge in self._loop)
                if sound.finished:
                    end = min(end, len(sound))
                if start < end <= self._cursor:
                    self._jump_to(start, sound)
                    continue
                part = part[: max(0, end - self._cursor)]
            if len(part):
                self._cursor += len(part)
                self._fed += len(part)
                self._spill = self._resample(part, sound, last=False)
            elif sound.finished:
                self._spill = self._resample(part, sound, last=True)
                self._end_index = ring.written + len(self._spill)
                ring.write(self._spill)
                return
            else:
                return

    def _jump_to(self, source: int, sound: SampleBuffer) -> None:
        """Go on reading elsewhere without a gap, and remember from which ring index on."""
        ring = self._anchors[0].ring + round(self._fed * self._rate / sound.sample_rate)
        played = self._ring.read - self._latency * self._rate
        past = [a for a in self._anchors[1:] if a.ring <= played]
        # The first anchor counts samples; of those in between, drop what has been played.
        kept = [a for a in self._anchors[1:] if a not in past[:-1]]
        self._anchors = [self._anchors[0], *kept, _Anchor(ring, source)]
        self._cursor = source

    def _resample(self, part: Samples, sound: SampleBuffer, last: bool) -> Samples:
        if sound.sample_rate == self._rate:
            return part
        if self._resampler is None:
            import soxr

            self._resampler = soxr.ResampleStream(
                sound.sample_rate, self._rate, 1, dtype="float32", quality="HQ"
            )
        resampled: Samples = self._resampler.resample_chunk(part, last=last)
        return resampled

    def _decide(self, sound: SampleBuffer, now: float, events: list[PlayerEvent]) -> None:
        """Open or close the gate of the callback, and say so."""
        opened = self._stream.opened
        if self._state == "playing":
            if not self._wanted:
                self._open_gate = False
                self._state = "paused"
                events.append(PlaybackPaused(self._position()))
            elif self._starved:
                self._open_gate = False
                self._state = "waiting"
                self._underruns += 1
                self._buffer_target = min(
                    self._buffering.most, self._buffer_target + self._buffering.growth
                )
                events.append(Underrun(self._underruns, self._buffer_target))
            elif self._ring.read >= self._end_index >= 0:
                if self._drained_at is None:
                    self._drained_at = now
                if now - self._drained_at >= self._latency:
                    self._open_gate = False
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
        if opened is None or self._ring.read < self._flush_to:
            return
        ready = len(sound) / sound.sample_rate - self._position()
        if sound.finished or ready >= self._buffer_target:
            self._starved = False
            self._open_gate = True
            self._state = "playing"
            events.append(PlaybackStarted(self._position(), opened.device))
