"""Faster or slower speech at the same pitch: WSOLA (Verhelst and Roelands 1993).

Windows are laid at an even pace into the output; each is taken from the input near where the speed
puts it, at the offset where it continues the window before it best, so that pitch periods line up.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ditar_studio.audio.clip import Clip
from ditar_studio.errors import StudioError

Samples = npt.NDArray[np.float32]

SLOWEST, FASTEST = 0.5, 2.0

_HOP_SECONDS = 0.016
_TOLERANCE_SECONDS = 0.010


def stretch(clip: Clip, speed: float) -> Clip:
    """The same words at another speed.

    Args:
        clip: speech.
        speed: 2.0 is twice as fast (half as long), 0.5 half as fast.

    Returns:
        round(n / speed) samples; the clip itself at speed 1.

    Raises:
        StudioError: a speed outside 0.5..2.
    """
    if not SLOWEST <= speed <= FASTEST:
        raise StudioError(
            f"A speed of {speed:g} is not possible.",
            f"Choose one between {SLOWEST:g} and {FASTEST:g}.",
        )
    if speed == 1.0 or not len(clip.samples):
        return clip
    return Clip(_wsola(clip.samples, clip.sample_rate, speed), clip.sample_rate)


def _wsola(samples: Samples, rate: int, speed: float) -> Samples:
    hop = max(8, round(_HOP_SECONDS * rate))
    size = 2 * hop
    reach = max(4, round(_TOLERANCE_SECONDS * rate))
    length = max(1, round(len(samples) / speed))
    frames = length // hop + 2
    lead = hop + reach
    padded = np.zeros(lead + len(samples) + size * 2 + round(hop * speed) + 2 * reach, np.float32)
    padded[lead : lead + len(samples)] = samples
    energy = np.concatenate([[0.0], np.cumsum(np.square(padded, dtype=np.float64))])
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    out = np.zeros(frames * hop + size, np.float32)
    last_start = len(padded) - size - reach - hop
    position = reach
    for frame in range(frames):
        if frame:
            target = min(reach + round(frame * hop * speed), last_start)
            position = _best_start(padded, energy, target, position + hop, size, reach)
        at = frame * hop
        out[at : at + size] += window * padded[position : position + size]
    return out[hop : hop + length]


def _best_start(
    padded: Samples,
    energy: npt.NDArray[np.float64],
    target: int,
    natural: int,
    size: int,
    reach: int,
) -> int:
    """Where near `target` the input is most like what naturally followed the last window."""
    if abs(natural - target) <= 1:
        return natural
    wanted = padded[natural : natural + size]
    first = target - reach
    likeness = np.correlate(padded[first : target + reach + size], wanted, "valid")
    starts = np.arange(first, target + reach + 1)
    norm = np.sqrt(energy[starts + size] - energy[starts] + 1e-9)
    # At equal likeness, as in silence, keep to the target.
    away = np.abs(starts - target) / reach
    return int(starts[np.argmax(likeness / norm - 1e-6 * away)])
