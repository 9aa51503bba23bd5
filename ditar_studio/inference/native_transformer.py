"""Frozen transformers by the compiled kernels, where these compute them exactly."""

from __future__ import annotations

import torch
from torch import Tensor

from ditar_studio.inference.cache import LayerCache
from ditar_studio.inference.kernels.matrix import Matrix, exact
from ditar_studio.inference.kernels.transformer import (
    BlockWeights,
    CompiledTransformer,
    Filled,
    RotaryTable,
    Shape,
)
from ditar_studio.model.layers import Block, Transformer, rotary

_EPSILON = 1e-6


def compilable(transformer: Transformer) -> bool:
    """Return whether the kernels compute a transformer exactly, here."""
    config = transformer.config
    matrices = [weight.detach() for weight in transformer.parameters() if weight.dim() == 2]
    return (config.dim // config.heads) % 8 == 0 and all(map(exact, matrices))


class NativeTransformer:
    """A `FrozenTransformer` by the compiled kernels, of one that is `compilable`."""

    def __init__(self, transformer: Transformer) -> None:
        config = transformer.config
        self._head_dim = config.dim // config.heads
        blocks = [_weights(block) for block in transformer.blocks]  # type: ignore[arg-type]
        heads = config.heads, config.heads, self._head_dim
        shape = Shape(config.dim, *heads, config.ffn, gated=False, epsilon=_EPSILON)
        self.transformer = CompiledTransformer(
            shape, blocks, transformer.norm.weight.detach().clone()
        )
        self._rotary = self._table(64)

    def __call__(
        self, x: Tensor, cache: list[LayerCache] | None = None, last: int | None = None
    ) -> Tensor:
        """Run a pass; see `FrozenTransformer`."""
        length = x.shape[1]
        last = last or length
        start = cache[0].length if cache else 0
        table = self.rotary_table(start, length)
        if cache is None:
            return self.transformer.local(x, table, slice(length - last, None))
        for layer in cache:
            layer.reserve(length)
        keys, values = zip(*(layer.stored.flatten(1, 2) for layer in cache), strict=True)
        y = self.transformer.causal(x, table, Filled(keys, values, start), last)
        for layer in cache:
            layer.length += length
        return y

    def rotary_table(self, start: int, length: int) -> RotaryTable:
        """Return the factors of so many positions."""
        end = start + length
        if end > len(self._rotary.cosines):
            self._rotary = self._table(2 * end)
        return RotaryTable(self._rotary.cosines[start:end], self._rotary.sines[start:end])

    def _table(self, count: int) -> RotaryTable:
        cos, sin = rotary(torch.arange(count), self._head_dim)
        return RotaryTable(torch.cat((cos, cos), dim=1), torch.cat((-sin, sin), dim=1))


def _weights(block: Block) -> BlockWeights:
    return BlockWeights(
        block.attention_norm.weight.detach().clone(),
        Matrix.bf16(block.qkv.weight),
        Matrix.bf16(block.out.weight),
        block.ffn_norm.weight.detach().clone(),
        Matrix.bf16(block.up.weight),
        Matrix.bf16(block.down.weight),
    )
