"""Faster or slower speech at the same pitch: WSOLA (Verhelst and Roelands 1993).

Windows are laid at an even pace into the output; each is taken from the input near where the speed
puts it, at the offset where it continues the window before it best, so that pitch periods line up.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.errors import StudioError

Samples = npt.NDArray[np.float32]

SLOWEST, FASTEST = 0.25, 4.0

_HOP_SECONDS = 0.016
_TOLERANCE_SECONDS = 0.010


def stretch(clip: Clip, speed: float) -> Clip:
    """Return the same words at another speed: all that a `Stretcher` makes of them.

    Args:
        clip: of speech.
        speed: 2.0 is twice as fast (half as long), 0.5 half as fast.

    Returns:
        round(n / speed) samples; the clip itself at speed 1.

    Raises:
        StudioError: a speed outside 0.25..4.
    """
    stretcher = Stretcher(clip.sample_rate, speed)
    if speed == 1.0 or not len(clip.samples):
        return clip
    changed = np.concatenate([stretcher.feed(clip.samples), stretcher.finish()])
    return Clip(changed, clip.sample_rate)


class Stretcher:
    """Changes the speed of speech while it comes; into what pieces it is cut makes no difference.

    What comes out lags behind by some 45 ms.

    Args:
        sample_rate: of the sound, in Hz.
        speed: as for `stretch`.

    Raises:
        StudioError: a speed outside 0.25..4.
    """

    def __init__(self, sample_rate: int, speed: float) -> None:
        if not SLOWEST <= speed <= FASTEST:
            raise StudioError(
                f"A speed of {speed:g} is not possible.",
                f"Choose one between {SLOWEST:g} and {FASTEST:g}.",
            )
        self._speed = speed
        self._hop = max(8, round(_HOP_SECONDS * sample_rate))
        self._size = 2 * self._hop
        self._reach = max(4, round(_TOLERANCE_SECONDS * sample_rate))
        self._window = np.hanning(self._size + 1)[:-1].astype(np.float32)
        # Input from index `_begin` on; silence comes before the first sample.
        self._input = np.zeros(self._hop + self._reach, np.float32)
        self._begin = 0
        self._taken = 0
        self._frame = 0
        self._position = self._reach
        self._half = np.zeros(self._hop, np.float32)  # of the last window, to be added to
        self._given = 0

    def feed(self, samples: Samples) -> Samples:
        """Take samples [n], and return what is ready [m], perhaps nothing."""
        if self._speed == 1.0:
            return samples
        self._taken += len(samples)
        self._input = np.concatenate([self._input, samples])
        return self._frames()

    def finish(self) -> Samples:
        """Return the rest [m]: nothing more comes."""
        if self._speed == 1.0 or not self._taken:
            return np.zeros(0, np.float32)
        length = max(1, round(self._taken / self._speed))
        silence = 3 * self._size + 2 * round(self._hop * self._speed) + 2 * self._reach
        self._input = np.concatenate([self._input, np.zeros(silence, np.float32)])
        given = self._given
        return self._frames(length)[: length - given]

    def _frames(self, length: int | None = None) -> Samples:
        """Return all windows for which there is input; up to an output of so many samples."""
        ready = []
        while length is None or self._given < length:
            target = self._reach + round(self._frame * self._hop * self._speed)
            natural = self._position + self._hop
            there = self._begin + len(self._input)
            if max(target + self._reach, natural) + self._size > there:
                break
            if self._frame:
                self._position = self._best_start(target, natural)
            at = self._position - self._begin
            sound = self._window * self._input[at : at + self._size]
            if self._frame:  # the first half of the first window is silence
                ready.append(self._half + sound[: self._hop])
                self._given += self._hop
            self._half = sound[self._hop :]
            self._frame += 1
            self._drop_used()
        return np.concatenate(ready) if ready else np.zeros(0, np.float32)

    def _drop_used(self) -> None:
        """Drop input that no window can need any more."""
        target = self._reach + round(self._frame * self._hop * self._speed)
        first = min(self._position + self._hop, target - self._reach)
        if first - self._begin > 8 * self._size:
            self._input = self._input[first - self._begin :]
            self._begin = first

    def _best_start(self, target: int, natural: int) -> int:
        """Return where near `target` the input is most like what naturally followed the last
        window.
        """
        if abs(natural - target) <= 1:
            return natural
        size, reach = self._size, self._reach
        at = natural - self._begin
        wanted = self._input[at : at + size]
        first = target - reach
        near = self._input[first - self._begin : target + reach + size - self._begin]
        likeness = np.correlate(near, wanted, "valid")
        energy = np.concatenate([[0.0], np.cumsum(np.square(near, dtype=np.float64))])
        norm = np.sqrt(energy[size:] - energy[:-size] + 1e-9)
        # At equal likeness, as in silence, keep to the target.
        away = np.abs(np.arange(-reach, reach + 1)) / reach
        return first + int(np.argmax(likeness / norm - 1e-6 * away))
