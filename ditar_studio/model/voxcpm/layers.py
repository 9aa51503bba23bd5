"""MiniCPM-4 blocks: what the two language models, the local encoder and LocDiT are built from.

Projections that read the same input are held as one matrix (``qkv``, ``gate_up``), which halves
the number of products per block. Normalisation and rotary angles are computed in float32.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ditar_studio.model.voxcpm.config import RopeConfig, TransformerConfig

_ALL = slice(None)


class Projection(nn.Linear):
    """A linear layer whose weights are not drawn first: they come from a checkpoint."""

    def reset_parameters(self) -> None:
        """Nothing."""


class RMSNorm(nn.Module):
    """x / rms(x) over the last axis, times a learned weight; the mean square is in float32."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(size))
        self.eps = eps
        self._least: Tensor | None = None
        self._scale: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        # For one row the number of operations counts: these are the fewest.
        if self._least is None or self._least.device != x.device:
            root = math.sqrt(x.shape[-1])
            self._least = torch.tensor(root * math.sqrt(self.eps), device=x.device)
            self._scale = (self.weight * root) if x.dtype == torch.float32 else None
        wide = x.float()
        size = torch.linalg.vector_norm(wide, dim=-1, keepdim=True).hypot_(self._least)
        if self._scale is not None:
            return wide.div(size).mul_(self._scale)
        return wide.mul(math.sqrt(x.shape[-1])).div_(size).to(x.dtype).mul_(self.weight)


class Rotary:
    """Rotary position table of one head size, grown as far as positions are asked for."""

    def __init__(self, config: RopeConfig, head_dim: int) -> None:
        self._config = config
        self._head_dim = head_dim
        self._cos = self._sin = torch.empty(0, head_dim)

    def table(self, start: int, end: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """cos and signed sin, each [end - start, 1, head_dim], for positions start..end-1."""
        if end > self._cos.shape[0] or self._cos.device != device:
            self._grow(max(end, 2 * self._cos.shape[0], 16), device)
        return self._cos[start:end, None], self._sin[start:end, None]

    def _grow(self, length: int, device: torch.device) -> None:
        half = torch.arange(0, self._head_dim, 2, dtype=torch.float32)
        inverse = 1.0 / (self._config.theta ** (half / self._head_dim))
        stretch = 1.0 / torch.tensor(self._config.factors)
        positions = torch.arange(length, dtype=torch.float32)
        angles = torch.outer(positions, stretch) * inverse
        cos, sin = angles.cos() * self._config.scale, angles.sin() * self._config.scale
        self._cos = torch.cat([cos, cos], -1).to(device)
        self._sin = torch.cat([-sin, sin], -1).to(device)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn the channel pairs of x [..., length, heads, head_dim] by their positions' angles."""
    wide = x.float()
    swapped = torch.roll(wide, wide.shape[-1] // 2, -1)
    return torch.addcmul(wide * cos, swapped, sin).to(x.dtype)


class KVCache:
    """Keys and values of every layer of one sequence, and how many positions are filled."""

    def __init__(
        self, config: TransformerConfig, capacity: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        shape = (config.layers, config.kv_heads, capacity, config.head_dim)
        self.keys = torch.empty(shape, dtype=dtype, device=device)
        self.values = torch.empty(shape, dtype=dtype, device=device)
        self.length = 0

    @property
    def capacity(self) -> int:
        return self.keys.shape[2]

    def begin_with(self, other: KVCache) -> None:
        """Take over the filled positions of another sequence that this one begins with."""
        self.length = other.length
        self.keys[:, :, : self.length] = other.keys[:, :, : self.length]
        self.values[:, :, : self.length] = other.values[:, :, : self.length]


class Attention(nn.Module):
    """Grouped-query attention, causal over a cache or bidirectional within a short sequence."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.heads, self.kv_heads = config.heads, config.kv_heads
        self.head_dim = config.head_dim
        self.scale = 1.0 / math.sqrt(config.head_dim)
        width = (config.heads + 2 * config.kv_heads) * config.head_dim
        self.qkv: nn.Module = Projection(config.hidden, width, bias=False)
        self.out: nn.Module = Projection(config.heads * config.head_dim, config.hidden, bias=False)

    def _project(
        self, x: Tensor, angles: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values [..., length, heads, head_dim] of x [..., length, hidden]."""
        heads = self.qkv(x).unflatten(-1, (-1, self.head_dim))
        turned, values = heads.split([self.heads + self.kv_heads, self.kv_heads], -2)
        if angles is not None:
            turned = rotate(turned, *angles)
        queries, keys = turned.split([self.heads, self.kv_heads], -2)
        return queries, keys, values

    def local(self, x: Tensor, angles: tuple[Tensor, Tensor] | None, kept: slice = _ALL) -> Tensor:
        """Every position attends to every position of its sequence; x [batch, length, hidden].

        Only the positions ``kept`` are answered.
        """
        queries, keys, values = self._project(x, angles)
        queries = queries[:, kept]
        batch, length = queries.shape[:2]
        # The queries that share a key head are rows of one small product.
        rows = queries.reshape(batch, length, self.kv_heads, -1, self.head_dim)
        rows = rows.permute(0, 2, 3, 1, 4)
        rows = rows.reshape(batch * self.kv_heads, -1, self.head_dim)
        columns = keys.permute(0, 2, 3, 1).reshape(len(rows), self.head_dim, -1)
        values = values.transpose(1, 2).reshape(len(rows), -1, self.head_dim)
        weights = torch.bmm(rows, columns).mul_(self.scale).softmax(-1, dtype=torch.float32)
        mixed = torch.bmm(weights.to(values.dtype), values)
        mixed = mixed.view(batch, self.heads, length, self.head_dim)
        result: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return result

    def causal(
        self, x: Tensor, angles: tuple[Tensor, Tensor] | None, cache: KVCache, layer: int
    ) -> Tensor:
        """Append x [length, hidden] to the cache and attend to the filled part of it only."""
        start, length = cache.length, x.shape[0]
        end = start + length
        queries, keys, values = self._project(x, angles)
        cache.keys[layer, :, start:end] = keys.transpose(0, 1)
        cache.values[layer, :, start:end] = values.transpose(0, 1)
        known_keys, known_values = cache.keys[layer, :, :end], cache.values[layer, :, :end]
        group = self.heads // self.kv_heads
        if length == 1:
            # The queries that share a key head are rows of one small product.
            grouped = queries.view(self.kv_heads, group, self.head_dim)
            scores = torch.bmm(grouped, known_keys.transpose(1, 2)) * self.scale
            weights = scores.softmax(-1, dtype=torch.float32).to(values.dtype)
            mixed = torch.bmm(weights, known_values).view(1, -1)
        else:
            mask = None
            if start:
                mask = torch.ones(length, end, dtype=torch.bool, device=x.device).tril(start)
            mixed = F.scaled_dot_product_attention(
                queries.transpose(0, 1)[None],
                known_keys.repeat_interleave(group, 0)[None],
                known_values.repeat_interleave(group, 0)[None],
                attn_mask=mask,
                is_causal=mask is None,
            )[0]
            mixed = mixed.transpose(0, 1).flatten(1)
        result: Tensor = self.out(mixed)
        return result


class FeedForward(nn.Module):
    """SwiGLU: down(silu(gate x) * up x)."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.gate_up: nn.Module = Projection(config.hidden, 2 * config.ffn, bias=False)
        self.down: nn.Module = Projection(config.ffn, config.hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate, up = self.gate_up(x).chunk(2, -1)
        result: Tensor = self.down(F.silu(gate) * up)
        return result


class Block(nn.Module):
    """Attention and feed-forward, each behind its own normalisation, each added to its input."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.attention = Attention(config)
        self.feed_forward = FeedForward(config)
        self.attention_norm = RMSNorm(config.hidden, config.eps)
        self.feed_forward_norm = RMSNorm(config.hidden, config.eps)
        self.residual_scale = config.residual_scale

    def _add(self, x: Tensor, branch: Tensor) -> Tensor:
        return x + branch if self.residual_scale == 1 else x + branch * self.residual_scale

    def local(self, x: Tensor, angles: tuple[Tensor, Tensor] | None, kept: slice = _ALL) -> Tensor:
        x = self._add(x[:, kept], self.attention.local(self.attention_norm(x), angles, kept))
        return self._add(x, self.feed_forward(self.feed_forward_norm(x)))

    def causal(
        self, x: Tensor, angles: tuple[Tensor, Tensor] | None, cache: KVCache, layer: int
    ) -> Tensor:
        x = self._add(x, self.attention.causal(self.attention_norm(x), angles, cache, layer))
        return self._add(x, self.feed_forward(self.feed_forward_norm(x)))


class Transformer(nn.Module):
    """A stack of blocks and a final normalisation; it embeds nothing itself."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = RMSNorm(config.hidden, config.eps)
        self._rotary = Rotary(config.rope, config.head_dim) if config.rope else None

    def _angles(self, start: int, end: int, device: torch.device) -> tuple[Tensor, Tensor] | None:
        return None if self._rotary is None else self._rotary.table(start, end, device)

    def local(self, x: Tensor, kept: slice = _ALL) -> Tensor:
        """Bidirectional pass over x [batch, length, hidden], answering the positions ``kept``."""
        angles = self._angles(0, x.shape[1], x.device)
        last = len(self.blocks) - 1
        for layer, block in enumerate(self.blocks):
            assert isinstance(block, Block)
            x = block.local(x, angles, kept if layer == last else _ALL)
        normed: Tensor = self.norm(x)
        return normed

    def causal(self, x: Tensor, cache: KVCache) -> Tensor:
        """Continue the cached sequence with x [length, hidden]; the cache grows by length."""
        end = cache.length + x.shape[0]
        angles = self._angles(cache.length, end, x.device)
        for layer, block in enumerate(self.blocks):
            assert isinstance(block, Block)
            x = block.causal(x, angles, cache, layer)
        cache.length = end
        normed: Tensor = self.norm(x)
        return normed
