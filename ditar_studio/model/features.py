"""Log-mel features of the VAE's encoder."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_WINDOW, _FFT = 1200, 2048


def mel_filters(bins: int, frequencies: int, sample_rate: int) -> Tensor:
    """Return triangular filters [frequencies, bins] on the HTK mel scale from 0 Hz to half the
    sample rate.
    """
    top = 2595 * math.log10(1 + sample_rate / 2 / 700)
    edges = 700 * (10 ** (torch.linspace(0, top, bins + 2) / 2595) - 1)
    grid = torch.linspace(0, sample_rate / 2, frequencies)[:, None]
    rising = (grid - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - grid) / (edges[2:] - edges[1:-1])
    return torch.minimum(rising, falling).clamp_min(0)


class LogMel(nn.Module):
    """Log-mel spectrogram with 50 ms windows, so that the harmonics of low voices stay apart.

    `forward`: wave [B, n] in -1..1 -> [B, n / hop, bins]; n a multiple of `hop`; frame k is
    centred on
    the middle of its hop.
    """

    window: Tensor
    filters: Tensor

    def __init__(self, sample_rate: int, hop: int, bins: int) -> None:
        super().__init__()
        self.hop = hop
        self.register_buffer("window", torch.hann_window(_WINDOW), persistent=False)
        self.register_buffer(
            "filters", mel_filters(bins, _FFT // 2 + 1, sample_rate), persistent=False
        )

    def forward(self, wave: Tensor) -> Tensor:
        margin = (_WINDOW - self.hop) // 2
        frames = F.pad(wave, (margin, margin)).unfold(-1, _WINDOW, self.hop)
        spectrum = torch.fft.rfft(frames * self.window, n=_FFT).abs()
        mel: Tensor = (spectrum @ self.filters).clamp_min(1e-3).log()
        return mel
