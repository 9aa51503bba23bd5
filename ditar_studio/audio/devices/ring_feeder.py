"""Feeds a growing sound into a ring: resampled, looped, and with the way back from ring to
sound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ditar_studio.audio.devices.ring import Ring
from ditar_studio.audio.devices.ring_output import RingOutput
from ditar_studio.audio.devices.sample_buffer import SampleBuffer

Samples = npt.NDArray[np.float32]

_AHEAD_SECONDS = 0.4


@dataclass(frozen=True)
class _Anchor:
    """The ring index from which on sound comes from this sample of the buffer."""

    ring: int
    source: float


class RingFeeder:
    """Reads a sample buffer into a ring. Used on one thread; `position` on any.

    Args:
        ring: its writing side.
        output: what reads the ring.

    Attributes:
        rate: hertz of the device; 0 before there is one.
        latency: seconds from the ring to the ear.
    """

    def __init__(self, ring: Ring, output: RingOutput) -> None:
        self._ring = ring
        self._output = output
        self.rate = 0
        self.latency = 0.0
        self._cursor = 0  # next sample of the buffer to go into the resampler
        self._resampler: Any = None
        self._spill = np.zeros(0, np.float32)  # resampled, but the ring was full
        self._anchors = [_Anchor(0, 0.0)]
        self._fed = 0  # samples of the buffer since the first anchor

    def close(self) -> None:
        """Let go of the resampler; soxr complains if it outlives the interpreter."""
        self._resampler = None

    def go_to(self, sound: SampleBuffer, source: float) -> None:
        """Empty the ring and read the sound from this sample on."""
        self._cursor = min(max(0, round(source)), len(sound))
        self._output.flush_to = self._ring.written
        self._output.end_index = -1
        self._resampler = None
        self._spill = np.zeros(0, np.float32)
        self._fed = 0
        self._anchors = [_Anchor(self._ring.written, self._cursor)]

    def fill(self, sound: SampleBuffer, loop: tuple[float, float] | None) -> None:
        """Resample and put into the ring until enough is ahead."""
        output, ring = self._output, self._ring
        if not self.rate:
            return
        chunk = max(64, 2048 * sound.sample_rate // self.rate)
        while True:
            self._spill = self._spill[ring.write(self._spill) :]
            if output.end_index >= 0:
                return
            ahead = ring.written - output.position
            if len(self._spill) or ahead >= _AHEAD_SECONDS * self.rate:
                return
            finished = sound.finished  # before the samples: what is finished has them all
            part = sound.part(self._cursor, self._cursor + chunk)
            if loop is not None:
                start, end = (round(edge * sound.sample_rate) for edge in loop)
                if finished:
                    end = min(end, len(sound))
                if start < end <= self._cursor:
                    self._jump_to(start, sound)
                    continue
                part = part[: max(0, end - self._cursor)]
            if len(part):
                self._cursor += len(part)
                self._fed += len(part)
                self._spill = self._resample(part, sound, last=False)
            elif finished:
                self._spill = self._resample(part, sound, last=True)
                output.end_index = ring.written + len(self._spill)
            else:
                return

    def position(self, sound: SampleBuffer, ahead: float = 0.0) -> float:
        """Return seconds of the sound that have been played.

        Args:
            sound: what is in the ring.
            ahead: seconds that have left the ring and not yet been heard.
        """
        index = self._output.position - ahead * self.rate
        anchors = self._anchors
        anchor = next((a for a in reversed(anchors) if a.ring <= index), anchors[0])
        source = anchor.source
        if self.rate:
            source += max(0.0, index - anchor.ring) * sound.sample_rate / self.rate
        return min(source, len(sound)) / sound.sample_rate

    def _jump_to(self, source: int, sound: SampleBuffer) -> None:
        """Go on reading elsewhere without a gap, and remember from which ring index on."""
        ring = self._anchors[0].ring + round(self._fed * self.rate / sound.sample_rate)
        played = self._ring.read - self.latency * self.rate
        past = [a for a in self._anchors[1:] if a.ring <= played]
        # The first anchor counts samples; of those in between, drop what has been played.
        left = [a for a in self._anchors[1:] if a not in past[:-1]]
        self._anchors = [self._anchors[0], *left, _Anchor(ring, source)]
        self._cursor = source

    def _resample(self, part: Samples, sound: SampleBuffer, last: bool) -> Samples:
        if sound.sample_rate == self.rate:
            return part
        if self._resampler is None:
            import soxr

            self._resampler = soxr.ResampleStream(
                sound.sample_rate, self.rate, 1, dtype="float32", quality="HQ"
            )
        resampled: Samples = self._resampler.resample_chunk(part, last=last)
        return resampled
