"""Passes over whole sequences at once, through which gradients flow: what training needs.

`layers` computes the same, patch after patch and with as few operations as can be.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from ditar_studio.model.voxcpm.layers import Attention, Block, RMSNorm, RotaryFactors, Transformer


def whole_pass(transformer: Transformer, x: Tensor, causal: bool, recompute: bool) -> Tensor:
    """Return a transformer's outputs [batch, length, hidden] for its inputs x of the same shape.

    Args:
        transformer: of `layers`; its projections may be of any kind.
        x: positions count from 0.
        causal: whether a position sees those before it only.
        recompute: whether blocks are computed again for their gradients, to keep less in memory.
    """
    rotary = transformer.rotary.factors(0, x.shape[1], x.device)
    for block in transformer.blocks:
        if recompute:
            x = checkpoint(_block, block, x, rotary, causal, use_reentrant=False)
        else:
            x = _block(block, x, rotary, causal)  # type: ignore[arg-type]
    return _norm(transformer.norm, x)


def _block(block: Block, x: Tensor, rotary: RotaryFactors, causal: bool) -> Tensor:
    scale = block.residual_scale
    mixed = _attention(block.attention, _norm(block.attention_norm, x), rotary, causal)
    x = x + mixed * scale
    fed: Tensor = block.feed_forward(_norm(block.feed_forward_norm, x))
    return x + fed * scale


def _attention(attention: Attention, x: Tensor, rotary: RotaryFactors, causal: bool) -> Tensor:
    width = attention.heads + 2 * attention.kv_heads
    turned = rotary.rotate(attention.qkv(x).unflatten(-1, (width, attention.head_dim)))
    queries, keys, values = torch.split(turned.transpose(1, 2), attention.parts, 1)
    mixed = F.scaled_dot_product_attention(
        queries,
        keys.repeat_interleave(attention.group, 1),
        values.repeat_interleave(attention.group, 1),
        is_causal=causal,
        scale=1.0,
    )
    result: Tensor = attention.out(mixed.transpose(1, 2).flatten(2))
    return result


def _norm(norm: RMSNorm, x: Tensor) -> Tensor:
    return F.rms_norm(x.float(), norm.weight.shape, norm.weight.float(), norm.eps).to(x.dtype)
