"""Phonetic reader: which phoneme is spoken when, for placing the text pointer in a prompt.

A small convolutional CTC network on log-mels. It also reads the phonemes of a reference that has no
transcript at hand.
"""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor, nn

from ditar_studio.model.config import VaeConfig
from ditar_studio.model.features import LogMel
from ditar_studio.model.layers import ConvNeXtBlock


class PhoneticReader(nn.Module):
    """Wave [B, n] -> CTC log probabilities [B, n / hop, symbols], one row a latent; blank = 0.

    n is a multiple of the hop. Sees both sides, as prompts are whole.
    """

    def __init__(
        self, config: VaeConfig, symbols: int, fine_dim: int = 128, dim: int = 256
    ) -> None:
        super().__init__()
        self.config = replace(config, symbols=symbols)
        self.mel = LogMel(config.sample_rate, config.hop // 2, config.mel_bins)
        self.inward = nn.Linear(config.mel_bins, fine_dim)
        self.fine = nn.Sequential(*(ConvNeXtBlock(fine_dim, causal=False) for _ in range(2)))
        self.down = nn.Linear(2 * fine_dim, dim)
        self.blocks = nn.Sequential(*(ConvNeXtBlock(dim, causal=False) for _ in range(4)))
        self.norm = nn.LayerNorm(dim)
        self.out = nn.Linear(dim, symbols)

    def frames(self, wave: Tensor) -> Tensor:
        """Return features [B, n / hop, dim] of wave [B, n] from which the phonemes are read."""
        x = self.fine(self.inward((self.mel(wave) + 4) / 3))
        batch, frames, _ = x.shape
        x = self.blocks(self.down(x.reshape(batch, frames // 2, -1)))
        features: Tensor = self.norm(x)
        return features

    def forward(self, wave: Tensor) -> Tensor:
        log_probs: Tensor = self.out(self.frames(wave)).float().log_softmax(-1)
        return log_probs
