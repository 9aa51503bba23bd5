"""Level ballistics for a meter: peak with hold, RMS, and a clip light that stays lit until reset.

The meter is moved by audio, not by the clock: `update` with n samples moves it n / rate seconds.
Peak falls 20 dB in 1.7 s (IEC 60268-18), RMS integrates over 300 ms like a VU meter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FLOOR_DB = -90.0
CLIP_AT = 0.9995
"""Samples of at least this magnitude count as clipped (16-bit full scale is 0.99997)."""

_FALL_DB_PER_SECOND = 20.0 / 1.7
_HOLD_SECONDS = 1.5
_RMS_SECONDS = 0.3


@dataclass(frozen=True)
class LevelReading:
    """One reading of the meter.

    Attributes:
        peak_db: falling peak, dBFS.
        hold_db: the highest peak of the last moment, dBFS.
        rms_db: RMS over about 300 ms, dBFS (a full-scale sine reads -3).
        clipped: whether anything clipped since the last reset.
    """

    peak_db: float = FLOOR_DB
    hold_db: float = FLOOR_DB
    rms_db: float = FLOOR_DB
    clipped: bool = False


def decibels(amplitude: float) -> float:
    """Return amplitude (1.0 is full scale) in dBFS, not below `FLOOR_DB`."""
    return max(FLOOR_DB, 20.0 * math.log10(amplitude)) if amplitude > 0 else FLOOR_DB


class LevelMeter:
    """Feed it blocks as they arrive, read it as often as you draw.

    Args:
        sample_rate: of the sound, in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._clipped = False
        self._peak = self._hold = FLOOR_DB
        self._held_for = 0.0
        self._power = 0.0
        self._reading = LevelReading()

    @property
    def reading(self) -> LevelReading:
        """The present state; cheap, safe from any thread."""
        return self._reading

    def update(self, block: npt.NDArray[np.float32]) -> LevelReading:
        """Move the meter by a block of mono samples [n] and return what it shows."""
        if not len(block):
            return self._reading
        seconds = len(block) / self._rate
        peak = float(np.max(np.abs(block)))
        self._clipped = self._clipped or peak >= CLIP_AT
        peak_db = decibels(peak)
        self._peak = max(peak_db, self._peak - _FALL_DB_PER_SECOND * seconds, FLOOR_DB)
        self._held_for += seconds
        if peak_db >= self._hold:
            self._hold, self._held_for = peak_db, 0.0
        elif self._held_for > _HOLD_SECONDS:
            self._hold = self._peak
        power = float(np.dot(block, block)) / len(block)
        keep = math.exp(-seconds / _RMS_SECONDS)
        self._power = keep * self._power + (1.0 - keep) * power
        self._reading = LevelReading(
            self._peak, self._hold, decibels(math.sqrt(self._power)), self._clipped
        )
        return self._reading

    def reset_clip(self) -> None:
        """Switch the clip light off."""
        self._clipped = False
        reading = self._reading
        self._reading = LevelReading(reading.peak_db, reading.hold_db, reading.rms_db, False)

    def silence(self) -> None:
        """Drop the needle to the floor, as when the device is closed; the clip light stays."""
        self._peak = self._hold = FLOOR_DB
        self._held_for = 0.0
        self._power = 0.0
        self._reading = LevelReading(clipped=self._clipped)
