"""LocEnc: one vector for each patch of latents."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ditar_studio.model.voxcpm.config import TransformerConfig
from ditar_studio.model.voxcpm.layers import Projection, Transformer


class LocalEncoder(nn.Module):
    """A bidirectional transformer over [learned token, P latents], read at the learned token."""

    def __init__(self, config: TransformerConfig, latent_dim: int) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.empty(1, 1, 1, config.hidden))
        self.in_proj: nn.Module = Projection(latent_dim, config.hidden)
        self.transformer = Transformer(config)

    def forward(self, patches: Tensor) -> Tensor:
        """Map latents [T, P, D] to [T, hidden]."""
        latents = self.in_proj(patches)
        token = self.token[0].expand(patches.shape[0], -1, -1)
        return self.transformer.local(torch.cat([token, latents], 1), slice(1))[:, 0]
