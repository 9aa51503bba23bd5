"""Frozen transformers for generation: compiled where that can be, else by torch."""

from __future__ import annotations

from functools import partial
from typing import Protocol

import torch
from torch import Tensor, nn

from ditar_studio.model.fast_transformer import FastTransformer
from ditar_studio.model.kernels.locdit import CompiledLocDiT
from ditar_studio.model.kernels.matrix import Matrix, exact
from ditar_studio.model.kernels.transformer import (
    BlockWeights,
    CompiledTransformer,
    Filled,
    RotaryTable,
    Shape,
)
from ditar_studio.model.layers import Block, LayerCache, Transformer, rotary

_EPSILON = 1e-6


class FrozenTransformer(Protocol):
    """The function of a `layers.Transformer` whose weights no longer change."""

    def __call__(
        self, x: Tensor, cache: list[LayerCache] | None = None, last: int | None = None
    ) -> Tensor:
        """Outputs [B, last, dim] at the last positions (None: at all) of x [B, T, dim].

        Without a cache all positions see each other. With one they are those after what it holds
        and see what is before them; then T is 1, or the cache is empty.
        """


def freeze(transformer: Transformer) -> FrozenTransformer:
    """Its function from now on; later changes of its weights don't reach it."""
    return Compiled(transformer) if _compilable(transformer) else FastTransformer(transformer)


def compiled_locdit(
    transformer: FrozenTransformer, inward: nn.Linear, outward: nn.Linear
) -> CompiledLocDiT | None:
    """A compiled transformer between what leads into it, without its bias, and out of it; None
    where the kernels don't compute it exactly."""
    exactly = all(exact(linear.weight.detach()) for linear in (inward, outward))
    if not isinstance(transformer, Compiled) or not exactly:
        return None
    into, out = Matrix.bf16(inward.weight), Matrix.bf16(outward.weight)
    table, bias = partial(transformer.rotary_table, 0), outward.bias.detach().clone()
    return CompiledLocDiT(transformer.transformer, table, into, None, out, bias)


def _compilable(transformer: Transformer) -> bool:
    config = transformer.config
    matrices = [weight.detach() for weight in transformer.parameters() if weight.dim() == 2]
    return (config.dim // config.heads) % 8 == 0 and all(map(exact, matrices))


class Compiled:
    """A `FrozenTransformer` by the compiled kernels."""

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
        """The factors of so many positions."""
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
