"""A ring of samples between one writing and one reading thread, without a lock.

The indices only ever grow; each is written by one side. Storing and loading an int is atomic in
CPython, and the data is in place before the index moves, so neither side ever waits for the
other: what an audio callback needs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]


class Ring:
    """Holds up to `frames` mono samples.

    Attributes:
        written, read: how many samples went in and came out since the start.
    """

    def __init__(self, frames: int) -> None:
        self._data = np.zeros(frames, np.float32)
        self.written = 0
        self.read = 0

    @property
    def available(self) -> int:
        """Samples that can be read."""
        return self.written - self.read

    @property
    def space(self) -> int:
        """Samples that can be written."""
        return len(self._data) - self.available

    def write(self, samples: Samples) -> int:
        """Put in as many samples [n] as fit; return how many."""
        count = min(len(samples), self.space)
        start = self.written % len(self._data)
        first = min(count, len(self._data) - start)
        self._data[start : start + first] = samples[:first]
        self._data[: count - first] = samples[first:count]
        self.written += count
        return count

    def read_into(self, out: Samples) -> int:
        """Fill the beginning of `out` [n] with what is there; return how many samples."""
        count = min(len(out), self.available)
        start = self.read % len(self._data)
        first = min(count, len(self._data) - start)
        out[:first] = self._data[start : start + first]
        out[first:count] = self._data[: count - first]
        self.read += count
        return count

    def skip_to(self, index: int) -> None:
        """Drop everything before `index`, from the reading side."""
        self.read = max(self.read, index)
