"""Transformers for generation: the same function as `layers.Transformer`, for a few rows on a CPU.

On so few rows the overheads of operations weigh as much as the arithmetic. So norms, rotations and
projections are as few operations as there can be, queries, keys and values are turned together, and
the last block answers for the wanted positions alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ditar_studio.model.frozen import Product
from ditar_studio.model.layers import Block, LayerCache, RMSNorm, Transformer, rotary

_EPSILON = 1e-6


def _gain(norm: RMSNorm) -> Tensor:
    """Its gain, for what `FastTransformer._norm` divides by lengths instead of means."""
    return norm.weight.detach() * math.sqrt(len(norm.weight))


@dataclass(frozen=True)
class _Block:
    attention_gain: Tensor
    qkv: Product
    out: Product
    ffn_gain: Tensor
    up: Product
    down: Product

    @classmethod
    def of(cls, block: Block) -> _Block:
        return cls(
            _gain(block.attention_norm),
            Product(block.qkv.weight),
            Product(block.out.weight),
            _gain(block.ffn_norm),
            Product(block.up.weight),
            Product(block.down.weight),
        )


class FastTransformer:
    """A frozen transformer; later changes of the original's weights don't reach it."""

    def __init__(self, transformer: Transformer) -> None:
        config = transformer.config
        self._heads, self._head_dim = config.heads, config.dim // config.heads
        self._blocks = [_Block.of(block) for block in transformer.blocks]  # type: ignore[arg-type]
        self._gain = _gain(transformer.norm)
        self._least = self._gain.new_full((1, 1), math.sqrt(_EPSILON * config.dim))
        self._rotary = self._table(16)

    def __call__(
        self, x: Tensor, cache: list[LayerCache] | None = None, last: int | None = None
    ) -> Tensor:
        """Outputs [B, last, dim] at the last positions (None: at all) of x [B, T, dim].

        Without a cache all positions see each other. With one they are those after what it holds
        and see what is before them; then T is 1, or the cache is empty.
        """
        batch, length, dim = x.shape
        last = last or length
        shape = (batch, length, 3, self._heads, self._head_dim)
        start = cache[0].length if cache else 0
        if start + length > self._rotary.shape[1]:
            self._rotary = self._table(2 * (start + length))
        cos, sin = self._rotary[:, start : start + length]
        x = x.reshape(batch * length, dim)
        for number, block in enumerate(self._blocks):
            qkv = block.qkv(self._norm(x, block.attention_gain)).view(shape)
            qkv = torch.addcmul(qkv * cos, qkv.roll(self._head_dim // 2, -1), sin)
            qkv = qkv.permute(2, 0, 3, 1, 4)
            query = qkv[0]
            key, value = qkv[1:] if cache is None else cache[number].append(qkv[1:])
            if number == len(self._blocks) - 1 and last < length:
                query = query[:, :, -last:]
                x = x.view(batch, length, dim)[:, -last:].reshape(batch * last, dim)
            attended = F.scaled_dot_product_attention(
                query, key, value, is_causal=cache is not None and length > 1
            )
            x = block.out.add(attended.transpose(1, 2).reshape(x.shape), x)
            up = block.up(self._norm(x, block.ffn_gain))
            x = block.down.add(up.relu_().square_(), x)
        return self._norm(x, self._gain).view(batch, last, dim)

    def _norm(self, x: Tensor, gain: Tensor) -> Tensor:
        """RMSNorm of rows [N, dim] in half the time of `F.rms_norm`."""
        length = torch.linalg.vector_norm(x, dim=1, keepdim=True)
        return (x * gain).div_(torch.hypot(length, self._least))

    def _table(self, count: int) -> Tensor:
        """Factors [2, count, 3, 1, head_dim] of a vector and of its swapped halves, which straight
        queries and keys by their positions and leave values as they are."""
        cos, sin = rotary(torch.arange(count, device=self._gain.device), self._head_dim)
        cos, sin = torch.cat((cos, cos), dim=1), torch.cat((-sin, sin), dim=1)
        straight = torch.stack((cos, cos, torch.ones_like(cos)), dim=1)
        swapped = torch.stack((sin, sin, torch.zeros_like(sin)), dim=1)
        return torch.stack((straight, swapped))[:, :, :, None].to(self._gain.dtype)
