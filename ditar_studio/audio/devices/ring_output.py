"""The audio callback's side of a player: it copies from a ring, applies the volume, and counts.

Nothing here allocates, waits or raises while sound is played.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ditar_studio.audio.devices.ring import Ring

Samples = npt.NDArray[np.float32]

_RAMP_FRAMES = 256


class RingOutput:
    """Gives out what is in a ring, without clicks at pauses, jumps and changes of the volume.

    Args:
        ring: its reading side.
        clock: returns the time in seconds.

    Attributes:
        open: whether sound comes out; written by the player.
        volume: factor 0..1; written by the player.
        flush_to: ring index before which nothing is played any more; written by the player.
        end_index: ring index at which the sound ends; -1 while that isn't known.
        starved: whether the ring ran dry before the end; the player sets it back.
        dropouts: how often the device itself ran dry.
        read_at: when the ring was last read.
    """

    def __init__(self, ring: Ring, clock: Callable[[], float]) -> None:
        self._ring = ring
        self._clock = clock
        self.open = False
        self.volume = 1.0
        self.flush_to = 0
        self.end_index = -1
        self.starved = False
        self.dropouts = 0
        self.read_at = 0.0
        self._gain = 0.0
        self._mono = np.zeros(1 << 14, np.float32)
        self._ramp = np.linspace(0.0, 1.0, _RAMP_FRAMES, dtype=np.float32)
        self._curve = np.zeros(_RAMP_FRAMES, np.float32)

    @property
    def position(self) -> int:
        """Ring index of the next sample to come out."""
        return max(self._ring.read, self.flush_to)

    @property
    def flushed(self) -> bool:
        """Whether the last jump has been made."""
        return self._ring.read >= self.flush_to

    @property
    def drained(self) -> bool:
        """Whether the sound has been read to its end."""
        return self._ring.read >= self.end_index >= 0

    def silence(self) -> None:
        """Fall silent before a stream starts: what is in the ring was meant for another one."""
        self.open = False
        self._gain = 0.0

    def on_block(self, block: Samples, ran_dry: bool) -> None:
        """Fill a block [frames, channels]; the audio callback."""
        mono = self._mono[: len(block)]
        ring = self._ring
        flush = self.flush_to
        count = 0
        if ring.read < flush:  # a jump: fade out what was, then go there
            if self._gain > 0.0:
                count = ring.read_into(mono[: flush - ring.read])
                self._shape(mono[:count], 0.0)
            ring.skip_to(flush)
        elif self.open and not self.starved:
            if ran_dry and self._gain > 0.0:
                self.dropouts += 1
            count = ring.read_into(mono)
            self.read_at = self._clock()
            complete = count == len(mono) or ring.read >= self.end_index >= 0
            if not complete:
                self.starved = True
            self._shape(mono[:count], self.volume if complete else 0.0)
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
