"""The demands of ACX (Audible) on an audiobook's files, and the check of a file.

Source: ACX Audio Submission Requirements, https://www.acx.com/help/acx-audio-submission-requirements
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import soundfile

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE: Final = 44_100
RMS_DB: Final = -20.0
"""What is aimed at; allowed are -23 to -18 dB."""
LOWEST_RMS: Final = -23.0
HIGHEST_RMS: Final = -18.0
PEAK_DB: Final = -3.0
FLOOR_DB: Final = -60.0
HEAD_SECONDS: Final = 0.75
"""Silence before the first word; allowed are 0.5 to 1 s."""
TAIL_SECONDS: Final = 2.0
"""Silence after the last word; allowed are 1 to 5 s."""
LONGEST_SECONDS: Final = 120 * 60.0
BIT_RATE: Final = 192

_WINDOW: Final = 0.5
_SILENT: Final = 10 ** (-50 / 20)

Demand = Literal[
    "loudness", "peak", "noise", "rate", "channels", "bit_rate", "length", "head", "tail"
]


@dataclass(frozen=True)
class Check:
    """One demand and what was measured of a file.

    Attributes:
        demand: name of the demand.
        value: measured, in dB, Hz, kbit/s or seconds.
        lowest, highest: what is allowed.
    """

    demand: Demand
    value: float
    lowest: float
    highest: float

    @property
    def passed(self) -> bool:
        """Whether the file meets it."""
        return self.lowest - 0.05 <= self.value <= self.highest + 0.05


def check(path: Path) -> tuple[Check, ...]:
    """Measure a file by all demands."""
    with soundfile.SoundFile(path) as file:
        rate, channels, is_mp3 = int(file.samplerate), int(file.channels), file.format == "MP3"
        sound = _Sound(rate)
        while len(block := file.read(rate, dtype="float32", always_2d=True)):
            sound.feed(block.mean(axis=1))
    seconds = sound.samples / rate
    checks = [
        Check("loudness", sound.rms, LOWEST_RMS, HIGHEST_RMS),
        Check("peak", sound.peak, -math.inf, PEAK_DB),
        Check("noise", sound.floor, -math.inf, FLOOR_DB),
        Check("rate", rate, RATE, RATE),
        Check("channels", channels, 1, 2),
        Check("length", seconds, 1.0, LONGEST_SECONDS),
        Check("head", sound.head, 0.5, 1.0),
        Check("tail", sound.tail, 1.0, 5.0),
    ]
    if is_mp3 and seconds:
        kilobits = 8 * path.stat().st_size / seconds / 1000
        checks.append(Check("bit_rate", kilobits, BIT_RATE - 1, math.inf))
    return tuple(checks)


class _Sound:
    """Level, peak, quietest half second, and silence at both ends, of sound fed block by block."""

    def __init__(self, rate: int) -> None:
        self.samples = 0
        self._rate = rate
        self._power = 0.0
        self._peak = 0.0
        self._quietest = math.inf
        self._first: int | None = None
        self._last = 0
        self._kept = np.zeros(0, np.float32)

    def feed(self, block: NDArray[np.float32]) -> None:
        loud = np.flatnonzero(np.abs(block) > _SILENT)
        if len(loud):
            if self._first is None:
                self._first = self.samples + int(loud[0])
            self._last = self.samples + int(loud[-1]) + 1
            self._peak = max(self._peak, float(np.abs(block).max()))
        self._power += float(np.sum(np.square(block, dtype=np.float64)))
        self.samples += len(block)
        size = round(_WINDOW * self._rate)
        kept = np.concatenate([self._kept, block])
        for start in range(0, len(kept) - size + 1, size // 2):
            part = kept[start : start + size]
            self._quietest = min(self._quietest, float(np.mean(np.square(part, dtype=np.float64))))
        self._kept = kept[max(0, len(kept) - size) :]

    @property
    def rms(self) -> float:
        return 10 * math.log10(self._power / self.samples) if self._power else -math.inf

    @property
    def peak(self) -> float:
        return 20 * math.log10(self._peak) if self._peak else -math.inf

    @property
    def floor(self) -> float:
        quiet = self._quietest
        return 10 * math.log10(quiet) if 0 < quiet < math.inf else -math.inf

    @property
    def head(self) -> float:
        return (self.samples if self._first is None else self._first) / self._rate

    @property
    def tail(self) -> float:
        return (self.samples - self._last) / self._rate
