"""Augmentation of recordings: other microphones, rooms' noise and short gaps.

Networks that listen to strangers' recordings (the speaker encoder, the phonetic reader) are trained
on these variants, so that they hear the voice and not the recording.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

_BANDS = 8
_LARGEST_GAIN_DB = 6.0
_QUIETEST_DB, _LOUDEST_DB = 45.0, 12.0  # speech above noise
_LONGEST_GAP = 0.12  # seconds


def equalise(wave: Samples, sample_rate: int, random: np.random.RandomState) -> Samples:
    """Colour wave [..., n] by one smooth random frequency response of up to 6 dB a band."""
    n = wave.shape[-1]
    frequencies = np.fft.rfftfreq(n, 1 / sample_rate)
    centres = np.geomspace(80, sample_rate / 2, _BANDS)
    gains = random.uniform(-_LARGEST_GAIN_DB, _LARGEST_GAIN_DB, _BANDS)
    response = 10 ** (np.interp(np.log(frequencies + 1), np.log(centres), gains) / 20)
    return np.asarray(np.fft.irfft(np.fft.rfft(wave) * response, n), np.float32)


def add_noise(wave: Samples, random: np.random.RandomState) -> Samples:
    """Add noise of a random slope, 12 to 45 dB below each row of wave [B, n]."""
    rows, n = wave.shape
    spectrum = np.fft.rfft(random.standard_normal((rows, n)))
    spectrum[:, 0] = 0
    slope = random.uniform(0, 1, (rows, 1))
    noise = np.fft.irfft(spectrum * (1 + np.arange(spectrum.shape[-1])) ** -slope, n)
    level = 10 ** (-random.uniform(_LOUDEST_DB, _QUIETEST_DB, (rows, 1)) / 20)
    loudness = np.sqrt((wave**2).mean(-1, keepdims=True) / (noise**2).mean(-1, keepdims=True))
    return np.asarray(wave + noise * level * loudness, np.float32)


def cut_gaps(wave: Samples, sample_rate: int, random: np.random.RandomState) -> Samples:
    """Silence two stretches of up to 0.12 s in each row of wave [B, n]."""
    out = wave.copy()
    for row in out:
        for _ in range(2):
            length = int(random.uniform(0, _LONGEST_GAP) * sample_rate)
            start = random.randint(max(1, len(row) - length))
            row[start : start + length] = 0
    return out
