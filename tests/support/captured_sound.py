"""Whether what came out of a loudspeaker is a certain sound; silence may have come between.

A machine with too much to do plays with gaps. So what was heard is taken apart where it is silent,
and each piece has to be found in the sound near the place that most of it has.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import soxr

CAPTURE_RATE = 48000

_SILENT = 1e-3
_PAUSE, _SHORTEST = 0.005, 0.03
"""Seconds of silence between two pieces, and the length of the least piece."""
_GAPS = 2.0
"""Seconds that all gaps together may last."""


def sounding_part(samples: np.ndarray) -> np.ndarray:
    """Return a recording [n] from its first to its last sound, faded ends left out."""
    loud = np.flatnonzero(np.abs(samples) > _SILENT)
    return samples[loud[0] : loud[-1] - CAPTURE_RATE // 50]


def sounding_seconds(samples: np.ndarray, rate: int) -> float:
    """Return how long there is sound in samples [n]."""
    return float(sum(piece.stop - piece.start for piece in _pieces(samples, rate))) / rate


def likeness(heard: np.ndarray, sound: np.ndarray, rate: int) -> float:
    """Correlate a recording [n] with the sound [m] at `rate`, each piece at its best place."""
    whole = soxr.resample(sound, rate, CAPTURE_RATE).astype(np.float64)
    heard = heard.astype(np.float64)
    margin = round(_GAPS * CAPTURE_RATE)
    late = int(np.argmax(_correlate(heard, whole))) - len(whole) + 1
    whole = np.pad(whole, margin)
    pieces, places = [], []
    for piece in _pieces(heard, CAPTURE_RATE):
        near = max(0, piece.start - late)
        window = whole[near : near + 2 * margin + piece.stop - piece.start]
        pieces.append(heard[piece])
        places.append(_best_place(pieces[-1], window))
    return float(np.corrcoef(np.concatenate(places), np.concatenate(pieces))[0, 1])


def _best_place(piece: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Return the part of a window that is most like a piece."""
    whole = slice(len(piece) - 1, len(window))  # where the piece lies within the window
    likeness = _correlate(window, piece)[whole]
    energy = _correlate(window**2, np.ones(len(piece)))[whole]
    at = int(np.argmax(likeness / np.sqrt(np.maximum(energy, _SILENT))))
    return window[at : at + len(piece)]


def _correlate(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Multiply one [n] with the other [m] at every place at which they touch: [n + m - 1]."""
    length = len(one) + len(other) - 1
    size = 1 << length.bit_length()
    product = np.fft.rfft(one, size) * np.fft.rfft(other[::-1], size)
    return np.fft.irfft(product, size)[:length]


def _pieces(samples: np.ndarray, rate: int) -> Iterator[slice]:
    """Return where there is sound."""
    loud = np.flatnonzero(np.abs(samples) > _SILENT)
    for run in np.split(loud, np.flatnonzero(np.diff(loud) > _PAUSE * rate) + 1):
        if len(run) and run[-1] - run[0] >= _SHORTEST * rate:
            yield slice(int(run[0]), int(run[-1]))
