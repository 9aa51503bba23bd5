"""Minimum and maximum of a waveform at many resolutions, to draw it quickly at any zoom.

Level 0 holds the minimum and maximum of each 64 samples, every further level those of 4 entries
below. A query reads from the coarsest level that still gives a pixel at least one entry, so that
its cost depends on the number of pixels and not on the length of the sound. Appending costs
amortised O(1) per sample.
"""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

BASE = 64
FANOUT = 4


class _Growing:
    """A float32 array [n, width] that grows at its end."""

    def __init__(self, width: int) -> None:
        self._data = np.empty((1024, width), np.float32)
        self.length = 0

    @property
    def view(self) -> Samples:
        return self._data[: self.length]

    def append(self, rows: Samples) -> None:
        needed = self.length + len(rows)
        if needed > len(self._data):
            grown = np.empty((max(needed, 2 * len(self._data)), self._data.shape[1]), np.float32)
            grown[: self.length] = self.view
            self._data = grown
        self._data[self.length : needed] = rows
        self.length = needed


class Peaks:
    """An appendable pyramid of minima and maxima over mono samples.

    Args:
        sample_rate: of the sound, in Hz.
        samples: what is there from the start [n].
    """

    def __init__(self, sample_rate: int, samples: Samples | None = None) -> None:
        self.sample_rate = sample_rate
        self._lock = threading.Lock()
        self._samples = _Growing(1)
        self._levels: list[_Growing] = []
        if samples is not None:
            self.append(samples)

    def __len__(self) -> int:
        """Return number of samples."""
        return self._samples.length

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self) / self.sample_rate

    def append(self, samples: Samples) -> None:
        """Add samples [n] at the end. Safe against a concurrent `query`."""
        with self._lock:
            self._samples.append(np.asarray(samples, np.float32).reshape(-1, 1))
            self._extend()

    def query(self, start: float, end: float, pixels: int) -> Samples:
        """Return minimum and maximum for each pixel of a stretch of time.

        Args:
            start, end: seconds; what lies outside the sound reads as silence.
            pixels: how many columns to draw.

        Returns:
            [pixels, 2], minimum and maximum in -1..1.
        """
        out = np.zeros((pixels, 2), np.float32)
        if pixels < 1 or end <= start:
            return out
        with self._lock:
            edges = np.linspace(start * self.sample_rate, end * self.sample_rate, pixels + 1)
            source, size = self._source((end - start) * self.sample_rate / pixels)
            rest = self._samples.view[len(source) * size :]
            count = len(source) + bool(len(rest))
            if not count:
                return out
            low = np.floor(edges[:-1] / size).astype(np.int64)
            high = np.maximum(np.ceil(edges[1:] / size).astype(np.int64), low + 1)
            inside = (high > 0) & (low < count)
            first = np.clip(low, 0, count - 1)
            last = np.clip(high, first + 1, count)
            begin, finish = int(first.min()), int(last.max())
            lows, highs = source[begin:finish, 0], source[begin:finish, -1]
            if finish > len(source):  # samples that do not fill a row of this level yet
                lows, highs = np.append(lows, rest.min()), np.append(highs, rest.max())
            # reduceat wants indices below the length: one spare entry carries a last bound.
            bounds = np.stack([first, last], axis=1).ravel() - begin
            out[:, 0] = np.minimum.reduceat(np.append(lows, lows[-1]), bounds)[::2]
            out[:, 1] = np.maximum.reduceat(np.append(highs, highs[-1]), bounds)[::2]
            out[~inside] = 0.0
        return out

    def _source(self, samples_per_pixel: float) -> tuple[Samples, int]:
        """Return the coarsest rows that still give each pixel an entry, and samples per row."""
        rows, size = self._samples.view, 1
        level_size = BASE
        for level in self._levels:
            if level_size > samples_per_pixel:
                break
            rows, size = level.view, level_size
            level_size *= FANOUT
        return rows, size

    def _extend(self) -> None:
        below, size = self._samples, BASE
        depth = 0
        while below.length // size > 0:
            if depth == len(self._levels):
                self._levels.append(_Growing(2))
            level = self._levels[depth]
            first, last = level.length * size, below.length // size * size
            if last > first:
                rows = below.view[first:last].reshape(-1, size, below.view.shape[1])
                low = rows[:, :, 0].min(axis=1)
                high = rows[:, :, -1].max(axis=1)
                level.append(np.stack([low, high], axis=1))
            below, size = level, FANOUT
            depth += 1
