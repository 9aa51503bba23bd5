"""Sound that grows while it is played."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]


class SampleBuffer:
    """A growing array of mono samples: everything fed to the player. Safe between threads.

    Args:
        sample_rate: of the sound, in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self.finished = False
        self._data = np.empty(1 << 16, np.float32)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, samples: Samples) -> None:
        """Add samples [n]; one writer at a time."""
        needed = self._length + len(samples)
        if needed > len(self._data):
            grown = np.empty(max(needed, 2 * len(self._data)), np.float32)
            grown[: self._length] = self._data[: self._length]
            self._data = grown
        self._data[self._length : needed] = samples
        self._length = needed

    def part(self, first: int, last: int) -> Samples:
        """Return samples [last - first] that are there already."""
        return self._data[first : min(last, self._length)]
