"""Whole transformers, and what LocDiT has around its own, by the compiled kernels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ditar_studio.inference.kernels.locdit import CompiledLocDiT
from ditar_studio.inference.kernels.matrix import Matrix
from ditar_studio.inference.kernels.transformer import (
    BlockWeights,
    CompiledTransformer,
    Filled,
    RotaryTable,
    Shape,
)
from ditar_studio.inference.voxcpm.precision import CompiledLinear, put
from ditar_studio.model.solver import Guidance, Solver
from ditar_studio.model.voxcpm.layers import Block, KVCache, Transformer
from ditar_studio.model.voxcpm.locdit import LocDiT


def compile_transformers(model: nn.Module) -> None:
    """Replace every transformer within a model, and LocDiT, by what the kernels compute, where all
    of its projections are compiled."""
    for place, module in [*model.named_modules()]:
        if isinstance(module, Transformer) and (compiled := _compiled(module)) is not None:
            put(model, place, NativeTransformer(module, compiled))
    for place, module in [*model.named_modules()]:
        if isinstance(module, LocDiT) and (sampler := _locdit(module)) is not None:
            put(model, place, NativeLocDiT(module, sampler))


class NativeTransformer(Transformer):
    """A transformer whose passes the kernels run, on the CPU in float32."""

    def __init__(self, plain: Transformer, compiled: CompiledTransformer) -> None:
        """
        Args:
            plain: whose weights they are.
            compiled: computes the same.
        """
        with torch.device("meta"):
            super().__init__(plain.config)
        self.blocks, self.norm, self.rotary = plain.blocks, plain.norm, plain.rotary
        self._compiled = compiled

    @property
    def compiled(self) -> CompiledTransformer:
        """What runs the passes."""
        return self._compiled

    def local(self, x: Tensor, kept: slice) -> Tensor:
        """Pass x [batch, length, hidden] both ways, and return the positions ``kept``."""
        return self._compiled.local(x, self.table(x.shape[1]), kept)

    def causal(self, x: Tensor, cache: KVCache) -> Tensor:
        """Continue the cached sequence with x [length, hidden]; the cache grows by length."""
        end = cache.length + x.shape[0]
        filled = Filled(cache.keys, cache.values, cache.length)
        y = self._compiled.causal(x[None], self._table(cache.length, end), filled, x.shape[0])
        cache.length = end
        return y[0]

    def table(self, length: int) -> RotaryTable | None:
        """Return the rotations of so many positions."""
        return self._table(0, length)

    def _table(self, start: int, end: int) -> RotaryTable | None:
        table = self.rotary.table(start, end)
        return None if table is None else RotaryTable(*table)


class NativeLocDiT(LocDiT):
    """A LocDiT whose runs of solver steps the kernels take in one call."""

    def __init__(self, plain: LocDiT, compiled: CompiledLocDiT) -> None:
        """
        Args:
            plain: whose modules these are.
            compiled: computes the same.
        """
        with torch.device("meta"):
            super().__init__(plain.transformer.config, plain.latent_dim, plain.generation)
        for name, child in plain.named_children():
            setattr(self, name, child)
        self._compiled = compiled

    def sample(
        self,
        solver: Solver,
        noise: Tensor,
        guidance: Guidance,
        conditions: Tensor,
        times: Tensor,
        previous: Tensor,
    ) -> Tensor:
        """Turn noise into a patch; see `LocDiT.sample`."""
        stacked = torch.stack([self.condition_tokens(conditions, time) for time in times])
        start = solver.start(noise)
        return self._compiled.patch(solver.steps, start, noise, guidance, stacked, previous)


def _locdit(locdit: LocDiT) -> CompiledLocDiT | None:
    inward, outward, transformer = locdit.in_proj, locdit.out_proj, locdit.transformer
    if not isinstance(inward, CompiledLinear) or not isinstance(outward, CompiledLinear):
        return None
    if not isinstance(transformer, NativeTransformer):
        return None
    assert inward.bias is not None
    assert outward.bias is not None
    edges = inward.matrix, inward.bias, outward.matrix, outward.bias
    return CompiledLocDiT(transformer.compiled, transformer.table, *edges)


def _compiled(transformer: Transformer) -> CompiledTransformer | None:
    config = transformer.config
    blocks = [_weights(block) for block in transformer.blocks]  # type: ignore[arg-type]
    if None in blocks or config.head_dim % 8:
        return None
    return CompiledTransformer(
        Shape(
            config.hidden,
            config.heads,
            config.kv_heads,
            config.head_dim,
            config.ffn,
            gated=True,
            epsilon=config.eps,
            branch_scale=config.residual_scale,
        ),
        [block for block in blocks if block is not None],
        transformer.norm.weight,
    )


def _weights(block: Block) -> BlockWeights | None:
    attention, feed_forward = block.attention, block.feed_forward
    matrices: list[Matrix] = []
    for module in (attention.qkv, attention.out, feed_forward.gate_up, feed_forward.down):
        if not isinstance(module, CompiledLinear):
            return None
        matrices.append(module.matrix)
    qkv, out, gate_up, down = matrices
    gains = block.attention_norm.weight, block.feed_forward_norm.weight
    return BlockWeights(gains[0], qkv, out, gains[1], gate_up, down)
