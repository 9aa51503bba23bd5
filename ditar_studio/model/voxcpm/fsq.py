"""Finite scalar quantisation: the bottleneck between the two language models."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ditar_studio.model.voxcpm.layers import Projection


class FiniteScalarQuantiser(nn.Module):
    """Project down, squash into -1..1, round to 2 * scale + 1 levels, project up."""

    def __init__(self, hidden: int, dim: int, scale: int) -> None:
        super().__init__()
        self.in_proj: nn.Module = Projection(hidden, dim)
        self.out_proj: nn.Module = Projection(dim, hidden)
        self.scale = scale

    def forward(self, hidden: Tensor) -> Tensor:
        """Map [T, hidden] to [T, hidden]."""
        levels = torch.round(torch.tanh(self.in_proj(hidden)) * self.scale) / self.scale
        result: Tensor = self.out_proj(levels)
        return result
