"""A piece of mono sound in memory: what the packages hand to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ditar_studio.errors import StudioError

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOWEST_RATE, HIGHEST_RATE = 1_000, 768_000

_BEYOND = 1000.0
"""Times full scale that no recording reaches; whole numbers stored as fractions do."""


@dataclass(frozen=True, eq=False)
class Clip:
    """Mono sound.

    Attributes:
        samples: float32 [n], nominally within -1..1 (full scale); made read-only.
        sample_rate: samples per second.

    Raises:
        StudioError: samples aren't one row of finite numbers around full scale, or the rate is not
            a real one.
    """

    samples: NDArray[np.float32]
    sample_rate: int

    def __post_init__(self) -> None:
        samples = np.ascontiguousarray(self.samples, dtype=np.float32)
        if samples.ndim != 1:
            raise StudioError(
                f"The sound has {samples.ndim} dimensions where one row of samples is needed.",
                "Mix it down to one channel first.",
            )
        if not LOWEST_RATE <= self.sample_rate <= HIGHEST_RATE:
            raise StudioError(
                f"The sound's sample rate of {self.sample_rate} Hz can't be right.",
                f"Use a rate between {LOWEST_RATE} and {HIGHEST_RATE} Hz.",
            )
        if not np.isfinite(samples).all():
            raise StudioError(
                "The sound contains values that are not numbers (NaN or infinity).",
                "Export it again from the program that made it.",
            )
        if len(samples) and max(samples.max(), -samples.min()) > _BEYOND:
            raise StudioError(
                "The sound is far louder than full scale.",
                "Export it again with samples between -1 and 1, or as 16-bit.",
            )
        if samples is self.samples:
            samples = samples.view()
        samples.flags.writeable = False
        object.__setattr__(self, "samples", samples)
        object.__setattr__(self, "sample_rate", int(self.sample_rate))

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate

    @property
    def peak(self) -> float:
        """Largest absolute sample, 0 for an empty clip."""
        return float(np.abs(self.samples).max()) if len(self.samples) else 0.0

    @property
    def rms(self) -> float:
        """Root mean square of the samples, 0 for an empty clip."""
        if not len(self.samples):
            return 0.0
        return float(np.sqrt(np.mean(np.square(self.samples, dtype=np.float64))))

    def cut(self, start_seconds: float, end_seconds: float) -> Clip:
        """Return the part between two times, clamped to the clip's ends."""
        first = max(0, round(start_seconds * self.sample_rate))
        last = max(first, round(end_seconds * self.sample_rate))
        return Clip(self.samples[first:last], self.sample_rate)

    def resample(self, sample_rate: int) -> Clip:
        """Return the same sound at another rate (itself if the rate is the same). Imports torch."""
        if sample_rate == self.sample_rate:
            return self
        from ditar_studio.audio.clips.resample import resample

        return Clip(resample(self.samples, self.sample_rate, sample_rate), sample_rate)
