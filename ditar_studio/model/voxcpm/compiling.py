"""Whole transformers, and what LocDiT has around its own, by the compiled kernels."""

from __future__ import annotations

from torch import nn

from ditar_studio.model.kernels.locdit import CompiledLocDiT
from ditar_studio.model.kernels.matrix import Matrix
from ditar_studio.model.kernels.transformer import BlockWeights, CompiledTransformer, Shape
from ditar_studio.model.voxcpm.layers import Block, Transformer
from ditar_studio.model.voxcpm.locdit import LocDiT
from ditar_studio.model.voxcpm.precision import CompiledLinear


def compile_transformers(model: nn.Module) -> None:
    """Give every transformer within the model its compiled form, if it has one."""
    for module in model.modules():
        if isinstance(module, Transformer):
            module.compiled = _compiled(module)
    for module in model.modules():
        if isinstance(module, LocDiT):
            module.compiled = _locdit(module)


def _locdit(locdit: LocDiT) -> CompiledLocDiT | None:
    inward, outward, transformer = locdit.in_proj, locdit.out_proj, locdit.transformer.compiled
    if not isinstance(inward, CompiledLinear) or not isinstance(outward, CompiledLinear):
        return None
    if transformer is None:
        return None
    assert inward.bias is not None
    assert outward.bias is not None
    edges = inward.matrix, inward.bias, outward.matrix, outward.bias
    return CompiledLocDiT(transformer, locdit.transformer.table, *edges)


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
