"""Loudness as people hear it (ITU-R BS.1770-4, mono), and bringing sounds to the same loudness."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ditar_studio.audio.clips.clip import Clip

Samples = npt.NDArray[np.float32]

REFERENCE_LUFS = -23.0
"""Target for reference clips."""

CEILING_DB = -1.0
"""Normalising never lifts a peak above this, dBFS."""

_BLOCK_SECONDS = 0.4
_STEP_SECONDS = 0.1
_ABSOLUTE_GATE = -70.0
_RELATIVE_GATE = -10.0
_CHUNK_SECONDS = 10
_TAIL_SECONDS = 1


def loudness(clip: Clip) -> float:
    """Return integrated, gated loudness in LUFS; minus infinity for silence.

    A clip shorter than one block of 400 ms counts as one block.
    """
    return integrated([clip])


def integrated(clips: Iterable[Clip]) -> float:
    """Return the loudness of several clips as one source, in LUFS; they are looked at one
    by one.
    """
    powers = [_block_powers(clip) for clip in clips]
    blocks = np.concatenate(powers) if powers else np.zeros(0)
    blocks = blocks[_lufs(blocks) > _ABSOLUTE_GATE]
    if not len(blocks):
        return -math.inf
    gate = _lufs(np.array([blocks.mean()]))[0] + _RELATIVE_GATE
    loud = blocks[_lufs(blocks) > gate]
    return float(_lufs(np.array([loud.mean()]))[0])


def gain_to(clip: Clip, target: float = REFERENCE_LUFS, ceiling_db: float = CEILING_DB) -> float:
    """Return the factor that brings a clip to a loudness, as far as its peak stays below a ceiling.

    Args:
        clip: what to measure.
        target: wanted loudness in LUFS.
        ceiling_db: dBFS; never exceeded.

    Returns:
        The factor; 1.0 for silence.
    """
    present = loudness(clip)
    if not math.isfinite(present):
        return 1.0
    gain = 10.0 ** ((target - present) / 20.0)
    return float(min(gain, 10.0 ** (ceiling_db / 20.0) / clip.peak))


def normalise(clip: Clip, target: float = REFERENCE_LUFS, ceiling_db: float = CEILING_DB) -> Clip:
    """Return the clip at a loudness in LUFS, with its peak below a ceiling in dBFS."""
    gain = np.float32(gain_to(clip, target, ceiling_db))
    return Clip(clip.samples * gain, clip.sample_rate)


def matching_gains(clips: Sequence[Clip]) -> list[float]:
    """Return factors, none above 1, that make clips equally loud: as loud as the quietest one.

    For a fair comparison of takes. Silent clips are left alone.
    """
    measured = [loudness(clip) for clip in clips]
    audible = [value for value in measured if math.isfinite(value)]
    if not audible:
        return [1.0] * len(clips)
    quietest = min(audible)
    return [10.0 ** ((quietest - m) / 20.0) if math.isfinite(m) else 1.0 for m in measured]


def _lufs(power: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return -0.691 + 10.0 * np.log10(np.maximum(power, 1e-12))


def _block_powers(clip: Clip) -> npt.NDArray[np.float64]:
    """Return the mean square of the K-weighted sound in overlapping blocks of 400 ms."""
    step = round(_STEP_SECONDS * clip.sample_rate)
    per_block = round(_BLOCK_SECONDS / _STEP_SECONDS)
    weighted = np.square(_k_weighted(clip))
    if len(weighted) < step * per_block:
        return np.array([weighted.mean()]) if len(weighted) else np.zeros(0)
    steps = weighted[: len(weighted) // step * step].reshape(-1, step).mean(axis=1)
    return np.convolve(steps, np.full(per_block, 1.0 / per_block), "valid")


def _k_weighted(clip: Clip) -> npt.NDArray[np.float64]:
    """Return the sound through the two filters of BS.1770, by overlap-add in the
    frequency domain.
    """
    rate = clip.sample_rate
    chunk, tail = _CHUNK_SECONDS * rate, _TAIL_SECONDS * rate
    size = min(chunk, len(clip.samples)) + tail
    response = _k_response(np.fft.rfftfreq(size), rate)
    out = np.zeros(len(clip.samples) + size)
    for first in range(0, len(clip.samples), chunk):
        spectrum = np.fft.rfft(clip.samples[first : first + chunk], size)
        out[first : first + size] += np.fft.irfft(spectrum * response, size)
    return out[: len(clip.samples)]


def _k_response(cycles: npt.NDArray[np.floating[Any]], rate: int) -> npt.NDArray[np.complex128]:
    """Return frequency response at `cycles` per sample of the shelf and the high-pass.

    The recommendation gives coefficients for 48 kHz; these are the same filters by their corner
    frequency, quality and gain, through the bilinear transform, so that every rate is served.
    """
    z = np.exp(-2j * np.pi * cycles)

    def biquad(b: tuple[float, ...], a: tuple[float, ...]) -> npt.NDArray[np.complex128]:
        above: npt.NDArray[np.complex128] = b[0] + b[1] * z + b[2] * z * z
        below: npt.NDArray[np.complex128] = a[0] + a[1] * z + a[2] * z * z
        return above / below

    k = math.tan(math.pi * 1681.974450955533 / rate)
    q = 0.7071752369554196
    high = 10.0 ** (3.999843853973347 / 20.0)
    band = high**0.4996667741545416
    shelf = biquad(
        (high + band * k / q + k * k, 2.0 * (k * k - high), high - band * k / q + k * k),
        (1.0 + k / q + k * k, 2.0 * (k * k - 1.0), 1.0 - k / q + k * k),
    )
    k = math.tan(math.pi * 38.13547087602444 / rate)
    q = 0.5003270373238773
    low_cut = biquad(
        (1.0, -2.0, 1.0),
        (1.0 + k / q + k * k, 2.0 * (k * k - 1.0), 1.0 - k / q + k * k),
    )
    # The recommendation leaves the high-pass's numerator at 1, -2, 1 over a normalised denominator.
    response: npt.NDArray[np.complex128] = shelf * low_cut * (1.0 + k / q + k * k)
    return response
