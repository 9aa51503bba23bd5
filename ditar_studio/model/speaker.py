"""Speaker encoder: what a voice sounds like, whatever the words.

A small convolutional network on log-mels whose frames are pooled by attention into one vector of
unit length (statistics pooling: Okabe et al. 2018, arXiv 1803.10963). The built-in model conditions
language model, LocDiT and VAE decoder on it, beside the prompt; the paper's presets have none.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ditar_studio.model.config import VaeConfig
from ditar_studio.model.features import LogMel
from ditar_studio.model.layers import ConvNeXtBlock

SIZE = 128
_STRIDE = 4  # mel frames a frame of the trunk: 20 Hz


class SpeakerEncoder(nn.Module):
    """Wave [B, n] -> embeddings [B, SIZE] of unit length; n at least 0.1 s."""

    def __init__(
        self, config: VaeConfig, fine_dim: int = 96, dim: int = 256, layers: int = 4
    ) -> None:
        super().__init__()
        self.config = config
        self.mel = LogMel(config.sample_rate, config.hop // 2, config.mel_bins)
        self.inward = nn.Linear(config.mel_bins, fine_dim)
        self.fine = ConvNeXtBlock(fine_dim, causal=False)
        self.down = nn.Linear(_STRIDE * fine_dim, dim)
        self.trunk = nn.Sequential(*(ConvNeXtBlock(dim, causal=False) for _ in range(layers)))
        self.norm = nn.LayerNorm(dim)
        self.attention = nn.Linear(dim, dim)
        self.out = nn.Linear(2 * dim, SIZE)

    def frames(self, wave: Tensor) -> Tensor:
        """Return features [B, n / (4 * mel hop), dim] of wave [B, n] before they are pooled."""
        whole = wave.shape[1] // (self.mel.hop * _STRIDE) * self.mel.hop * _STRIDE
        x = self.fine(self.inward((self.mel(wave[:, :whole]) + 4) / 3))
        x = self.down(x.reshape(x.shape[0], -1, _STRIDE * x.shape[-1]))
        features: Tensor = self.norm(self.trunk(x))
        return features

    def pool(self, x: Tensor) -> Tensor:
        """Pool features [B, T, dim] to embeddings [B, SIZE]."""
        weight = self.attention(x).softmax(dim=1)
        mean = (weight * x).sum(dim=1)
        spread = ((weight * x.square()).sum(dim=1) - mean.square()).clamp_min(1e-5).sqrt()
        return F.normalize(self.out(torch.cat((mean, spread), dim=-1)), dim=-1)

    def forward(self, wave: Tensor) -> Tensor:
        return self.pool(self.frames(wave))
