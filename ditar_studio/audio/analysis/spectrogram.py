"""A mel spectrogram as a picture, computed on demand for the stretch of sound that is shown."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

_WINDOW_SECONDS = 0.032


def mel_picture(
    samples: Samples, sample_rate: int, columns: int, bands: int = 96, range_db: float = 80.0
) -> Samples:
    """Return log-mel energies of a stretch of sound, scaled for a colour map.

    Args:
        samples: float32 [n], one channel.
        sample_rate: of the samples, in Hz.
        columns: width of the picture; each column is one short window centred on its share.
        bands: height of the picture in mel bands from 0 Hz to half the rate.
        range_db: what lies so far below the loudest point is 0.

    Returns:
        [bands, columns] in 0..1; row 0 is the lowest band; all 0 for silence.
    """
    picture = np.zeros((bands, columns), np.float32)
    if not len(samples) or columns < 1:
        return picture
    size = 1 << max(6, round(np.log2(_WINDOW_SECONDS * sample_rate)))
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    padded = np.zeros(len(samples) + size, np.float32)
    padded[size // 2 : size // 2 + len(samples)] = samples
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)
    starts = ((np.arange(columns) + 0.5) * len(samples) / columns).astype(np.int64)
    weights = _mel_weights(bands, size, sample_rate)
    for first in range(0, columns, 256):  # bounds the memory for wide pictures
        part = frames[starts[first : first + 256]] * window
        power = np.square(np.abs(np.fft.rfft(part, axis=1)))
        picture[:, first : first + 256] = weights @ power.T
    loudest = float(picture.max())
    if loudest <= 1e-10:
        return np.zeros((bands, columns), np.float32)
    decibels = 10.0 * np.log10(np.maximum(picture / loudest, 10.0 ** (-range_db / 10.0)))
    scaled: Samples = (decibels / range_db + 1.0).astype(np.float32)
    return scaled


def _mel_weights(bands: int, size: int, rate: int) -> npt.NDArray[np.float64]:
    """Return triangular filters [bands, size // 2 + 1] at equal distances on the mel scale
    (O'Shaughnessy).
    """
    top = 2595.0 * np.log10(1.0 + rate / 2.0 / 700.0)
    edges = 700.0 * (10.0 ** (np.linspace(0.0, top, bands + 2) / 2595.0) - 1.0)
    bins = np.fft.rfftfreq(size, 1.0 / rate)
    # Low bands are narrower than a bin: widen them so that each sees one.
    width = np.maximum(np.diff(edges), rate / size)
    rising = (bins - (edges[1:-1] - width[:-1])[:, None]) / width[:-1, None]
    falling = ((edges[1:-1] + width[1:])[:, None] - bins) / width[1:, None]
    weights: npt.NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling))
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    return weights
