"""Frozen transformers by torch alone: what `layers.Transformer` computes, for few rows on a CPU.

On so few rows the overheads of operations weigh as much as the arithmetic. So norms, rotations and
projections are as few operations as there can be, queries, keys and values are turned together, and
the last block answers for the wanted positions alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from ditar_studio.inference.cache import LayerCache
from ditar_studio.inference.products import Product
from ditar_studio.model.layers import Block, RMSNorm, Transformer, rotary

_EPSILON = 1e-6


class FrozenTransformer(Protocol):
    """The function of a `layers.Transformer` whose weights no longer change."""

    def __call__(
        self, x: Tensor, cache: list[LayerCache] | None = None, last: int | None = None
    ) -> Tensor:
        """Return outputs [B, last, dim] at the last positions (None: at all) of x [B, T, dim].

        Without a cache all positions see each other. With one they are those after what it holds
        and see what is before them.
        """


def _gain(norm: RMSNorm) -> Tensor:
    """Return a norm's gain, for what `TorchTransformer._norm` divides by lengths instead
    of means.
    """
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


class TorchTransformer:
    """A `FrozenTransformer` of torch's operations."""

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
        """Run a pass; see `FrozenTransformer`."""
        batch, length, dim = x.shape
        last = last or length
        shape = (batch, length, 3, self._heads, self._head_dim)
        start = cache[0].length if cache else 0
        if start + length > self._rotary.shape[1]:
            self._rotary = self._table(2 * (start + length))
        cos, sin = self._rotary[:, start : start + length]
        mask = None
        if cache is not None and length > 1 and (start or last < length):
            whole = torch.ones(length, start + length, dtype=torch.bool, device=x.device)
            mask = whole.tril(start)
        causal = cache is not None and length > 1 and mask is None
        x = x.reshape(batch * length, dim)
        for number, block in enumerate(self._blocks):
            qkv = block.qkv(self._norm(x, block.attention_gain)).view(shape)
            qkv = torch.addcmul(qkv * cos, qkv.roll(self._head_dim // 2, -1), sin)
            qkv = qkv.permute(2, 0, 3, 1, 4)
            query = qkv[0]
            key, value = qkv[1:] if cache is None else cache[number].append(qkv[1:])
            if number == len(self._blocks) - 1 and last < length:
                query = query[:, :, -last:]
                mask = None if mask is None else mask[-last:]
                x = x.view(batch, length, dim)[:, -last:].reshape(batch * last, dim)
            attended = F.scaled_dot_product_attention(
                query, key, value, attn_mask=mask, is_causal=causal
            )
            x = block.out.add(attended.transpose(1, 2).reshape(x.shape), x)
            up = block.up(self._norm(x, block.ffn_gain))
            x = block.down.add(up.relu_().square_(), x)
        return self._norm(x, self._gain).view(batch, last, dim)

    def _norm(self, x: Tensor, gain: Tensor) -> Tensor:
        """Compute RMSNorm of rows [N, dim] in half the time of `F.rms_norm`."""
        length = torch.linalg.vector_norm(x, dim=1, keepdim=True)
        return (x * gain).div_(torch.hypot(length, self._least))

    def _table(self, count: int) -> Tensor:
        """Return factors [2, count, 3, 1, head_dim] of a vector and of its swapped halves, which
        straight queries and keys by their positions and leave values as they are.
        """
        cos, sin = rotary(torch.arange(count, device=self._gain.device), self._head_dim)
        cos, sin = torch.cat((cos, cos), dim=1), torch.cat((-sin, sin), dim=1)
        straight = torch.stack((cos, cos, torch.ones_like(cos)), dim=1)
        swapped = torch.stack((sin, sin, torch.zeros_like(sin)), dim=1)
        return torch.stack((straight, swapped))[:, :, :, None].to(self._gain.dtype)
