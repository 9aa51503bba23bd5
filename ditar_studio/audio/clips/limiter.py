"""A limiter that looks ahead: peaks are turned down smoothly, the rest stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_AHEAD: Final = 0.005
"""Seconds in which the gain reaches what a peak needs, and comes back from it."""


def limit(samples: NDArray[np.float32], rate: int, ceiling: float) -> NDArray[np.float32]:
    """Limit samples [n] to `ceiling`, between them too; what lies below it stays.

    The gain is the lowest that any sample within 5 ms needs, averaged over 5 ms, so that it moves
    before a peak and never jumps.
    """
    if not len(samples):
        return samples
    size = _sizes(samples)
    if float(size.max()) <= ceiling:
        return samples
    half = max(1, round(_AHEAD * rate / 2))
    needed = np.minimum(1.0, ceiling / np.maximum(size, 1e-9))
    lowest = _lowest_near(needed, 2 * half)
    width = 2 * half + 1
    padded = np.pad(lowest, half, mode="edge")
    summed = np.cumsum(np.insert(padded, 0, 0.0))
    gain = (summed[width:] - summed[:-width]) / width
    return np.asarray(samples * np.minimum(gain, needed), np.float32)


def _sizes(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the highest value at and just after each sample [n], by fourfold oversampling."""
    import soxr

    over = soxr.resample(samples.astype(np.float64), 1.0, 4.0, quality="VHQ")
    over = np.abs(np.pad(over, (0, max(0, 4 * len(samples) - len(over))))[: 4 * len(samples)])
    highest = over.reshape(-1, 4).max(axis=1)
    return np.asarray(np.maximum(highest, np.abs(samples)), np.float64)


def _lowest_near(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Find for each value [n] the lowest of those at most `reach` away (van Herk)."""
    width = 2 * reach + 1
    count = len(values)
    padded = np.pad(values, reach, mode="constant", constant_values=1.0)
    rows = -(-len(padded) // width)
    padded = np.pad(padded, (0, rows * width - len(padded)), constant_values=1.0)
    blocks = padded.reshape(rows, width)
    forward = np.minimum.accumulate(blocks, axis=1).ravel()
    backward = np.minimum.accumulate(blocks[:, ::-1], axis=1)[:, ::-1].ravel()
    return np.minimum(backward[:count], forward[width - 1 : width - 1 + count])
