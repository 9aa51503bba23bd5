"""Keys and values of what a causal transformer has read."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from ditar_studio.model.layers import Transformer


@dataclass
class LayerCache:
    """Keys and values [2, B, H, capacity, D] of one layer, of which `length` are filled; grows on
    demand."""

    stored: Tensor
    length: int = 0

    @classmethod
    def empty(cls, batch: int, heads: int, head_dim: int, like: Tensor) -> LayerCache:
        """Make a cache with room for 256 positions, of the dtype and device of `like`."""
        return cls(like.new_empty(2, batch, heads, 256, head_dim))

    def reserve(self, more: int) -> None:
        """Make room for so many further positions."""
        end, capacity = self.length + more, self.stored.shape[3]
        if end > capacity:
            self.stored = F.pad(self.stored, (0, 0, 0, max(end, 2 * capacity) - capacity))

    def append(self, more: Tensor) -> Tensor:
        """Store keys and values [2, B, H, T, D] more; returns all that is filled."""
        self.reserve(more.shape[3])
        self.stored.narrow(3, self.length, more.shape[3]).copy_(more)
        self.length += more.shape[3]
        return self.stored.narrow(3, 0, self.length)


def empty_cache(transformer: Transformer, batch: int = 1) -> list[LayerCache]:
    """Return an empty cache of each layer, for `batch` sequences."""
    config, like = transformer.config, transformer.norm.weight
    return [
        LayerCache.empty(batch, config.heads, config.dim // config.heads, like)
        for _ in range(config.layers)
    ]
