"""Aggregation encoder: the latents of one patch become one embedding (arXiv 2502.03930, section
3.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ditar_studio.model.config import DiTARConfig
from ditar_studio.model.layers import Transformer


class Aggregator(nn.Module):
    """Patches [N, P, latent_dim] -> embeddings [N, language model's dim].

    A bidirectional transformer over [learned token ; P projected latents], read at the learned
    token.
    """

    def __init__(self, config: DiTARConfig) -> None:
        super().__init__()
        dim = config.encoder.dim
        self.token = nn.Parameter(torch.randn(dim) * 0.02)
        self.inward = nn.Linear(config.vae.latent_dim, dim)
        self.transformer = Transformer(config.encoder)
        self.out = nn.Linear(dim, config.language_model.dim)

    def tokens(self, patches: Tensor) -> Tensor:
        """Return what the transformer reads, [N, 1 + P, dim]."""
        return torch.cat((self.token.expand(patches.shape[0], 1, -1), self.inward(patches)), dim=1)

    def forward(self, patches: Tensor) -> Tensor:
        x = self.tokens(patches)
        x = self.transformer(x, torch.arange(x.shape[1], device=x.device))
        embeddings: Tensor = self.out(x[:, 0])
        return embeddings
