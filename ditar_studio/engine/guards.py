"""Guards that watch a sentence while it is made: silence, loops and overload.

Autoregressive speech models fail in known ways: they fall silent and never stop, they fall into a
loop or a drone, they overshoot full scale. Each guard is fed the patches in order and keeps its own
state; none needs to look ahead, so that streaming stays streaming.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KNEE = 0.9
_CEILING = 0.985


def soften_peaks(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bend what exceeds 0.9 of full scale so that nothing reaches full scale.

    Sample by sample, hence the same whatever the patches are. Below 0.9 nothing changes.
    """
    size = np.abs(samples)
    if not len(samples) or size.max() <= _KNEE:
        return samples
    room = _CEILING - _KNEE
    bent = _KNEE + room * np.tanh((size - _KNEE) / room)
    return np.where(size > _KNEE, np.copysign(bent, samples), samples).astype(np.float32)


def fade_out(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Return the first 10 ms of what would have come next, faded: the end of a sentence that is
    cut.
    """
    length = min(len(samples), round(0.01 * sample_rate))
    ramp = np.cos(np.linspace(0, np.pi / 2, length, dtype=np.float32)) ** 2
    return np.asarray(samples[:length] * ramp, np.float32)


class SilenceGuard:
    """Keeps silences to the length that speech has.

    Silence before the first word is cut to `lead` seconds and inside a sentence to `longest`;
    after `give_up` seconds of it in a row the sentence is over.
    """

    lead = 0.2
    longest = 0.7
    give_up = 1.6
    floor = -50.0
    below_loudest = 45.0

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._loudest = self.floor
        self._silent = 0.0
        self.has_speech = False

    @property
    def silent_seconds(self) -> float:
        """How long it has been silent by now."""
        return self._silent

    @property
    def ended(self) -> bool:
        """Whether it has been silent for so long that no more is to come."""
        return self._silent >= self.give_up

    def resume(self) -> None:
        """Count the silence so far no more: speech is about to go on."""
        self._silent = 0.0

    def feed(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the part of a patch that is given out: all of it, or of too long a silence
        nothing.
        """
        if not len(samples):
            return samples
        level = 10.0 * np.log10(float(np.mean(np.square(samples, dtype=np.float64))) + 1e-12)
        self._loudest = max(self._loudest, level)
        if level > max(self.floor, self._loudest - self.below_loudest):
            self.has_speech = True
            self._silent = 0.0
            return samples
        room = (self.longest if self.has_speech else self.lead) - self._silent
        self._silent += len(samples) / self._rate
        return samples[: max(0, round(room * self._rate))]


class RepetitionGuard:
    """Notices a loop or a drone: the same patches over and over.

    Each patch is described by the log spectrum of its quarters in 24 bands. If patches are within
    3.5 dB on average of those p patches before, for some period p of up to 15 patches, for three
    periods and 1.5 s at least, it is a loop: human speech never repeats itself that exactly.
    """

    longest_period = 15
    seconds = 1.5
    alike_db = 3.5

    def __init__(self, sample_rate: int, patch_samples: int) -> None:
        self._rate = sample_rate
        self._least = max(4, round(self.seconds * sample_rate / patch_samples))
        self._seen = np.full((self.longest_period, 1), np.nan)  # described patches, newest first
        self._runs = np.zeros(self.longest_period, dtype=np.int64)

    def feed(self, samples: NDArray[np.float32]) -> bool:
        """Return whether a loop has been going on up to and including this patch (float32 [n])."""
        described = self._describe(samples)
        if described.shape[0] != self._seen.shape[1]:
            self._seen = np.full((self.longest_period, len(described)), np.nan)
        alike = np.abs(self._seen - described).mean(axis=1) < self.alike_db
        self._runs = np.where(alike, self._runs + 1, 0)
        self._seen = np.concatenate((described[None], self._seen[:-1]))
        periods = np.arange(1, self.longest_period + 1)
        return bool(np.any(self._runs >= np.maximum(self._least, 3 * periods)))

    def _describe(self, samples: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return dB [4 * 24]; of silence, which another guard watches, what is like nothing:
        NaN.
        """
        quarter = len(samples) // 4
        if quarter < 32 or float(np.mean(np.square(samples))) < 1e-5:
            return np.full(self._seen.shape[1], np.nan)
        window, edges = _analysis(quarter)
        power = np.square(np.abs(np.fft.rfft(samples[: 4 * quarter].reshape(4, quarter) * window)))
        bands = np.add.reduceat(power, edges[:-1], axis=1)
        return np.asarray(10.0 * np.log10(bands + 1e-6).ravel())


@lru_cache(maxsize=4)
def _analysis(size: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the window, and the edges of the bands, of a spectrum over so many samples."""
    return np.hanning(size), np.unique(np.geomspace(1, size // 2 + 1, 25).astype(np.int64))
