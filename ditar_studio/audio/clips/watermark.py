"""An inaudible watermark in speech, and its detector.

Spread spectrum (Cox et al. 1997): a noise that is the same for everybody and repeats each second is
added to the speech, in each time and frequency 21 to 26 dB below it, where the speech masks it. The
detector makes all frequencies about equally loud and looks for the noise at every delay of its
period, so that trimming, gain, resampling and lossy codecs leave it where it is; a change of tempo
or pitch does not. It says that speech is synthetic, no more: it holds no message, and whoever knows
it can take it out. See docs/decisions/watermark.md for what was measured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from ditar_studio.errors import StudioError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ditar_studio.audio.clips.clip import Clip

LOWEST_RATE = 8000
"""Lowest sample rate in Hz that can carry it."""

FALSE_ALARMS = 1e-4
"""Highest chance that the detector finds it in a recording that has none."""

PEAK_DB = 0.7
"""By so many dB the watermark may raise the peak of a sound."""

_DECIBELS = ((200, -26.0), (1500, -21.0))
"""From a frequency in Hz on, the noise's level against the speech. What lies below 1.5 kHz is what
listeners, and DNSMOS, hear of it first; what lies above is as good to the detector."""
_LOWEST, _HIGHEST = 200, 7000  # the noise's frequencies in Hz
_SEED = 20250
_HOPS = 64  # a second
_DETECTION_RATE = 16_000
_WINDOW, _STEP = 4, 2  # of detection, in seconds; also whole periods of the noise
_BLOCK = 60 * _DETECTION_RATE
_NEAR = 10  # so many of its neighbours on each side, 32 Hz apart, mask what stands at a frequency
_MASKED, _DROWNED = 0.4, 0.005  # amplitudes against the neighbours' and the whole frame's


class Watermarker:
    """Adds the watermark to mono speech that comes piece by piece.

    All state is in here. What comes out is as long as what went in and does not depend on how it
    was cut; it lags behind by up to 32 ms until `finish`.

    Args:
        sample_rate: in Hz, at least `LOWEST_RATE`; below, speech is passed on as it is.
        on: whether it marks at all.
    """

    def __init__(self, sample_rate: int, on: bool = True) -> None:
        self._marks = on and sample_rate >= LOWEST_RATE
        if not self._marks:
            return
        self._spectra = _Spectra(sample_rate)
        self._carrier = _carrier(sample_rate)
        self._waiting = np.zeros(self._spectra.hop, np.float32)  # not yet in a complete frame
        self._overlap = np.zeros(self._spectra.hop, np.float32)  # of the last frame
        self._frames = 0
        self._taken = self._given = 0

    def feed(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take samples [n]; return those that are ready, perhaps none."""
        if not self._marks:
            return samples
        self._taken += len(samples)
        self._waiting = np.concatenate([self._waiting, np.asarray(samples, np.float32)])
        hop = self._spectra.hop
        count = len(self._waiting) // hop - 1
        if count < 1:
            return np.zeros(0, np.float32)
        speech, self._waiting = self._waiting, self._waiting[count * hop :]
        marked = speech[: count * hop] + self._noise(speech[: (count + 1) * hop], count)
        if not self._given and not self._frames - count:
            marked = marked[hop:]  # silence that was put before the first sample
        self._given += len(marked)
        return np.asarray(marked, np.float32)

    def finish(self) -> NDArray[np.float32]:
        """Return the rest: nothing more comes."""
        if not self._marks:
            return np.zeros(0, np.float32)
        missing = self._taken - self._given
        rest = self.feed(np.zeros(2 * self._spectra.hop, np.float32))
        return rest[:missing]

    def _noise(self, speech: NDArray[np.float32], count: int) -> NDArray[np.float32]:
        """Return what is added to the first `count` hops of speech [(count + 1) * hop]."""
        spectra, hop = self._spectra, self._spectra.hop
        first = (self._frames - 1) * hop
        at = np.arange(first, first + len(speech)) % len(self._carrier)
        self._frames += count
        noise = spectra.of(self._carrier[at])
        noise *= spectra.strength * np.abs(spectra.of(speech))
        added = spectra.sound(noise)  # [count, 2 * hop]
        before = np.concatenate([self._overlap[None], added[:-1, hop:]])
        self._overlap = added[-1, hop:]
        return np.asarray((before + added[:, :hop]).ravel(), np.float32)


def watermarked(clip: Clip) -> Clip:
    """Return a clip with the watermark in it."""
    from ditar_studio.audio.clips.clip import Clip

    marker = Watermarker(clip.sample_rate)
    return Clip(np.concatenate([marker.feed(clip.samples), marker.finish()]), clip.sample_rate)


@dataclass(frozen=True)
class Detection:
    """The result of the detector.

    Attributes:
        found: whether the watermark is there.
        score: its strongest trace, in standard deviations of what chance gives.
        needed: the score from which it counts as found: chance reaches it in one of
            1 / `FALSE_ALARMS` recordings of this length.
    """

    found: bool
    score: float
    needed: float


def detect(clip: Clip) -> Detection:
    """Look for the watermark in sound at any rate, of any length.

    Raises:
        StudioError: it is shorter than a second, too short to tell.
    """
    if clip.seconds < 1:
        raise StudioError(
            "Less than a second of sound can't be examined.", "Give a longer recording."
        )
    samples = clip.samples
    if clip.sample_rate != _DETECTION_RATE:
        import soxr

        samples = soxr.resample(samples, clip.sample_rate, _DETECTION_RATE, quality="HQ")
    flat = np.concatenate(
        [
            _whitened(np.asarray(samples[start : start + _BLOCK], np.float32))
            for start in range(0, len(samples), _BLOCK)
        ]
    )
    parts = [flat]
    window, step = _WINDOW * _DETECTION_RATE, _STEP * _DETECTION_RATE
    if len(flat) > window:
        parts += [flat[at : at + window] for at in range(0, len(flat) - window + step, step)]
    score = max(map(_trace, parts))
    chances = _DETECTION_RATE * len(parts)
    needed = -NormalDist().inv_cdf(FALSE_ALARMS / chances)
    return Detection(score >= needed, score, needed)


def _trace(flat: NDArray[np.float32]) -> float:
    """Return the highest correlation with the noise over all delays, in standard deviations."""
    periods = -(-len(flat) // _DETECTION_RATE)
    padded = np.pad(flat, (0, periods * _DETECTION_RATE - len(flat)))
    folded = padded.reshape(periods, _DETECTION_RATE).sum(axis=0)
    noise = np.fft.rfft(_carrier(_DETECTION_RATE))
    found = np.fft.irfft(np.fft.rfft(folded) * np.conj(noise), _DETECTION_RATE)
    spread = float(found.std())
    return float(found.max()) / spread if spread > 0 else 0.0


def _whitened(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Make all frequencies of the noise's band about equally loud, in sound at the detector's rate.

    What is far below its neighbours, or below the whole frame, counts less: there codecs put noise
    of their own in the speech's place.
    """
    spectra = _Spectra(_DETECTION_RATE)
    hop = spectra.hop
    hops = -(-len(samples) // hop)
    spectrum = spectra.of(np.pad(samples, (hop, (hops + 1) * hop - len(samples))))
    loudness = np.abs(spectrum)
    power = np.pad(np.square(loudness, dtype=np.float64), ((0, 0), (_NEAR + 1, _NEAR)))
    sums = np.cumsum(power, axis=1)
    width = 2 * _NEAR + 1
    near = np.sqrt(np.maximum(sums[:, width:] - sums[:, :-width], 0) / width)
    frame = np.sqrt(np.mean(power, axis=1, keepdims=True))
    floor = _MASKED * near + _DROWNED * frame + 1e-6 * loudness.max() + 1e-12
    flat = spectra.sound((spectrum / (loudness + floor)).astype(np.complex64))
    return np.asarray((flat[:-1, hop:] + flat[1:, :hop]).ravel()[: len(samples)], np.float32)


class _Spectra:
    """Spectra of frames that overlap by half, and sound of such.

    Attributes:
        hop: half a frame.
        strength: [hop + 1], the watermark's amplitude for one of 1 of the speech.
    """

    def __init__(self, sample_rate: int) -> None:
        self.hop = round(sample_rate / _HOPS)
        size = 2 * self.hop
        angles = np.pi * (np.arange(size) + 0.5) / size
        self._window = np.sin(angles).astype(np.float32)
        hertz = np.arange(self.hop + 1) * sample_rate / size
        self._outside = (hertz < _LOWEST) | (hertz > _HIGHEST)
        self.strength = np.zeros(self.hop + 1, np.float32)
        for lowest, level in _DECIBELS:
            self.strength[hertz >= lowest] = 10 ** (level / 20)

    def of(self, samples: NDArray[np.float32]) -> NDArray[np.complex64]:
        """Return spectra [n, hop + 1] of samples [(n + 1) * hop], without what is outside of the
        band.
        """
        halves = samples.reshape(-1, self.hop)
        frames = np.concatenate([halves[:-1], halves[1:]], axis=1) * self._window
        spectrum = np.fft.rfft(frames, axis=1).astype(np.complex64)
        spectrum[:, self._outside] = 0
        return spectrum

    def sound(self, spectrum: NDArray[np.complex64]) -> NDArray[np.float32]:
        """Return frames [n, 2 * hop], to be added where they overlap."""
        frames = np.fft.irfft(spectrum, 2 * self.hop, axis=1)
        return np.asarray(frames * self._window, np.float32)


@cache
def _carrier(sample_rate: int) -> NDArray[np.float32]:
    """Return one period of the noise: a second of samples, the same sound at every rate.

    Scaled so that the spectra of `_Spectra` have a mean square of 1 in the band.
    """
    # Drawn by hand: the numbers of a library's generator may change with its version.
    state, turns = _SEED, []
    for _ in range(_LOWEST, _HIGHEST + 1):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        turns.append(state / 2**64)
    spectrum = np.zeros(sample_rate // 2 + 1, np.complex128)
    highest = min(_HIGHEST + 1, math.ceil(sample_rate / 2))
    spectrum[_LOWEST:highest] = np.exp(2j * np.pi * np.array(turns[: highest - _LOWEST]))
    frame = 2 * round(sample_rate / _HOPS)
    scale = sample_rate / math.sqrt(sample_rate * frame / 2)
    return (np.fft.irfft(spectrum, sample_rate) * scale).astype(np.float32)
