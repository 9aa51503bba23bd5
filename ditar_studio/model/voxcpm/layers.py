"""MiniCPM-4 blocks: what the two language models, the local encoder and LocDiT are built from.

Projections that read the same input are held as one matrix (``qkv``, ``gate_up``), which halves
the number of products per block. Normalisation and rotary angles are computed in float32.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ditar_studio.model.voxcpm.config import RopeConfig, TransformerConfig


class Projection(nn.Linear):
    """A linear layer whose weights are not drawn first: they come from a checkpoint."""

    def reset_parameters(self) -> None:
        """Do nothing: the weights are loaded."""


class RMSNorm(nn.Module):
    """x / rms(x) over the last axis, times a learned weight; the mean square is in float32."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(size))
        self.eps = eps
        self._root = math.sqrt(size)
        self._gain: Tensor | None = None
        self._least = torch.empty(0)

    def forward(self, x: Tensor) -> Tensor:
        # For one row the number of operations counts: these are the fewest.
        gain = self._gain
        if gain is None or gain.device != x.device:
            gain = self._prepare(x)
        if x.dtype == torch.float32:
            size = torch.linalg.vector_norm(x, 2, -1, True).hypot_(self._least)
            return x.mul(gain).div_(size)
        wide = x.float()
        size = torch.linalg.vector_norm(wide, 2, -1, True).hypot_(self._least)
        return wide.mul_(self._root).div_(size).to(x.dtype).mul_(self.weight)

    def _prepare(self, x: Tensor) -> Tensor:
        """Return the gain over what is divided by lengths instead of root mean squares."""
        self._least = torch.tensor(self._root * math.sqrt(self.eps), device=x.device)
        self._gain = self.weight * self._root
        return self._gain


@dataclass(frozen=True)
class RotaryFactors:
    """Factors that rotate queries, keys and values of some positions.

    One rotation serves all three: queries are also divided by the root of their size, so that
    scores need no scale, and values stay as they are.

    Attributes:
        factors: [n, heads + 2 kv_heads, head_dim] of the vectors; n is 1 if all are alike.
        swapped: the same of the vectors with their halves swapped; None without positions.
    """

    factors: Tensor
    swapped: Tensor | None

    def rotate(self, x: Tensor) -> Tensor:
        """Rotate x [n, heads + 2 kv_heads, head_dim] by its positions' angles, computed
        in float32.
        """
        wide = x.float()
        turned = wide * self.factors
        if self.swapped is not None:
            turned.addcmul_(wide.roll(wide.shape[-1] // 2, -1), self.swapped)
        return turned.to(x.dtype)

    def repeat(self, count: int) -> RotaryFactors:
        """Repeat the factors for ``count`` sequences of the same positions, one after another."""
        if self.swapped is None:
            return self
        return RotaryFactors(self.factors.repeat(count, 1, 1), self.swapped.repeat(count, 1, 1))


class RotaryEmbedding:
    """RotaryEmbedding position table, grown as far as positions are asked for."""

    def __init__(self, config: TransformerConfig) -> None:
        self._rope = config.rope
        self._head_dim = config.head_dim
        self._counts = config.heads, config.kv_heads
        self._cos = self._sin = torch.empty(0, config.head_dim)

    def factors(self, start: int, end: int, device: torch.device) -> RotaryFactors:
        """Return the factors of the positions start..end-1."""
        heads, kv_heads = self._counts
        shrink = 1.0 / math.sqrt(self._head_dim)
        if self._rope is None:
            factors = torch.ones(1, heads + 2 * kv_heads, self._head_dim, device=device)
            factors[:, :heads] = shrink
            return RotaryFactors(factors, None)
        if end > self._cos.shape[0] or self._cos.device != device:
            self._grow(self._rope, max(end, 2 * self._cos.shape[0], 16), device)
        cos, sin = self._cos[start:end, None], self._sin[start:end, None]
        still, none = torch.ones_like(cos), torch.zeros_like(sin)
        return RotaryFactors(
            _spread((cos * shrink, heads), (cos, kv_heads), (still, kv_heads)),
            _spread((sin * shrink, heads), (sin, kv_heads), (none, kv_heads)),
        )

    def table(self, start: int, end: int) -> tuple[Tensor, Tensor] | None:
        """Return cosines and signed sines [n, head_dim] of the same positions, on the CPU; None
        without positions.
        """
        if self._rope is None:
            return None
        if end > self._cos.shape[0]:
            self._grow(self._rope, max(end, 2 * self._cos.shape[0], 16), torch.device("cpu"))
        return self._cos[start:end], self._sin[start:end]

    def _grow(self, rope: RopeConfig, length: int, device: torch.device) -> None:
        half = torch.arange(0, self._head_dim, 2, dtype=torch.float32)
        inverse = 1.0 / (rope.theta ** (half / self._head_dim))
        stretch = 1.0 / torch.tensor(rope.factors)
        positions = torch.arange(length, dtype=torch.float32)
        angles = torch.outer(positions, stretch) * inverse
        cos, sin = angles.cos() * rope.scale, angles.sin() * rope.scale
        self._cos = torch.cat([cos, cos], -1).to(device)
        self._sin = torch.cat([-sin, sin], -1).to(device)


def _spread(*parts: tuple[Tensor, int]) -> Tensor:
    """Spread tensors [n, 1, head_dim] over the numbers of heads each is for: [n, heads,
    head_dim].
    """
    return torch.cat([part.expand(-1, count, -1) for part, count in parts], 1)


class KVCache:
    """Keys and values of every layer of one sequence, and how many positions are filled."""

    def __init__(
        self, config: TransformerConfig, capacity: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        shape = (config.layers, 2 * config.kv_heads, capacity, config.head_dim)
        self._held = torch.empty(shape, dtype=dtype, device=device)
        self._layers = self._held.unbind()
        self.keys, self.values = zip(*(held.chunk(2) for held in self._layers), strict=True)
        """Of each layer [kv_heads, capacity, head_dim]; views of what is held."""
        self.capacity = capacity
        self.length = 0

    def begin_with(self, other: KVCache) -> None:
        """Take over the filled positions of another sequence that this one begins with."""
        self.length = other.length
        self._held[:, :, : self.length] = other._held[:, :, : self.length]

    def append(self, layer: int, added: Tensor) -> tuple[Tensor, Tensor]:
        """Keep a layer's keys and values [n, 2 kv_heads, head_dim] of the next positions.

        Returns:
            Keys and values [kv_heads, filled, head_dim], the added ones included; ``length``
            is moved on by the caller, after the last layer.
        """
        held, count = self._layers[layer], added.shape[0]
        held.narrow(1, self.length, count).copy_(added.transpose(0, 1))
        keys, values = held.narrow(1, 0, self.length + count).chunk(2)
        return keys, values


@dataclass(frozen=True)
class Frame:
    """The layout of short sequences of one length below each other, as rows of one matrix.

    Attributes:
        batch: number of sequences.
        kept: the positions of each that are answered in the end.
        rotary: of all rows.
        every: [1, rows, group * rows]: zero where the former is seen by the latter, which is
            where both belong to one sequence, else -inf; None where there is but one sequence.
        last: [1, rows, group * rows kept], the same for the rows kept.
    """

    batch: int
    kept: slice
    rotary: RotaryFactors
    every: Tensor | None
    last: Tensor | None

    def pick(self, x: Tensor) -> Tensor:
        """Return the rows kept of x [rows, hidden]."""
        return x.view(self.batch, -1, x.shape[-1])[:, self.kept].reshape(-1, x.shape[-1])


class Attention(nn.Module):
    """Grouped-query attention, causal over a cache or bidirectional within short sequences."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.heads, self.kv_heads = config.heads, config.kv_heads
        self.group = config.heads // config.kv_heads
        self.head_dim = config.head_dim
        self.parts = [config.heads, config.kv_heads, config.kv_heads]
        width = (config.heads + 2 * config.kv_heads) * config.head_dim
        self.qkv: nn.Module = Projection(config.hidden, width, bias=False)
        self.out: nn.Module = Projection(config.heads * config.head_dim, config.hidden, bias=False)

    def _project(self, x: Tensor, rotary: RotaryFactors) -> Tensor:
        """Project x [n, hidden] to rotated queries, keys and values [n, heads + 2 kv_heads,
        head_dim].
        """
        width = self.heads + 2 * self.kv_heads
        return rotary.rotate(self.qkv(x).view(-1, width, self.head_dim))

    def local(self, x: Tensor, frame: Frame, kept: bool) -> Tensor:
        """Let every row of x [rows, hidden] attend to the rows of its sequence.

        Only the rows that the frame keeps are answered, if ``kept``.
        """
        queries, keys, values = torch.split(self._project(x, frame.rotary), self.parts, 1)
        # The queries that share a key head are columns of one small product.
        columns = queries.view(frame.batch, -1, self.kv_heads, self.group, self.head_dim)
        if kept:
            columns = columns[:, frame.kept]
        columns = columns.permute(2, 3, 0, 1, 4).reshape(self.kv_heads, -1, self.head_dim)
        columns, keys = columns.transpose(1, 2), keys.transpose(0, 1)
        mask = frame.last if kept else frame.every
        scores = torch.bmm(keys, columns) if mask is None else torch.baddbmm(mask, keys, columns)
        weights = scores.softmax(1, dtype=torch.float32).to(x.dtype)
        mixed = torch.bmm(weights.transpose(1, 2), values.transpose(0, 1))
        mixed = mixed.view(self.heads, -1, self.head_dim).transpose(0, 1)
        result: Tensor = self.out(mixed.flatten(1))
        return result

    def causal(self, x: Tensor, rotary: RotaryFactors, cache: KVCache, layer: int) -> Tensor:
        """Append x [n, hidden] to the cache and attend to the filled part of it only."""
        start, length = cache.length, x.shape[0]
        qkv = self._project(x, rotary)
        queries = qkv[:, : self.heads]
        keys, values = cache.append(layer, qkv[:, self.heads :])
        if length == 1:
            # The queries that share a key head are rows of one small product.
            scores = torch.bmm(queries.view(self.kv_heads, self.group, -1), keys.transpose(1, 2))
            weights = scores.softmax(-1, dtype=torch.float32).to(values.dtype)
            mixed = torch.bmm(weights, values).view(1, -1)
        else:
            mask = None
            if start:
                shape = length, start + length
                mask = torch.ones(shape, dtype=torch.bool, device=x.device).tril(start)
            mixed = F.scaled_dot_product_attention(
                queries.transpose(0, 1)[None],
                keys.repeat_interleave(self.group, 0)[None],
                values.repeat_interleave(self.group, 0)[None],
                attn_mask=mask,
                is_causal=mask is None,
                scale=1.0,
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
        result: Tensor = self.down(F.silu(gate).mul_(up))
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

    def local(self, x: Tensor, frame: Frame, kept: bool) -> Tensor:
        branch = self.attention.local(self.attention_norm(x), frame, kept)
        x = self._add(frame.pick(x) if kept else x, branch)
        return self._add(x, self.feed_forward(self.feed_forward_norm(x)))

    def causal(self, x: Tensor, rotary: RotaryFactors, cache: KVCache, layer: int) -> Tensor:
        x = self._add(x, self.attention.causal(self.attention_norm(x), rotary, cache, layer))
        return self._add(x, self.feed_forward(self.feed_forward_norm(x)))


class Transformer(nn.Module):
    """A stack of blocks and a final normalisation; it embeds nothing itself."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = RMSNorm(config.hidden, config.eps)
        self.rotary = RotaryEmbedding(config)
        self._frames: dict[object, Frame] = {}

    def local(self, x: Tensor, kept: slice) -> Tensor:
        """Pass x [batch, length, hidden] both ways, and return the positions ``kept``."""
        batch, _, hidden = x.shape
        frame = self._frame(x, kept)
        x, last = x.view(-1, hidden), len(self.blocks) - 1
        for layer, block in enumerate(self.blocks):
            assert isinstance(block, Block)
            x = block.local(x, frame, layer == last)
        normed: Tensor = self.norm(x)
        return normed.view(batch, -1, hidden)

    def _frame(self, x: Tensor, kept: slice) -> Frame:
        """Return how the rows of x [batch, length, hidden] lie; the last one is kept for the next
        call.
        """
        key = x.shape, kept.start, kept.stop, x.dtype, x.device
        if key not in self._frames:
            batch, length = x.shape[:2]
            rotary = self.rotary.factors(0, length, x.device).repeat(batch)
            every = last = None
            if batch > 1:
                sequence = torch.arange(batch, device=x.device)[:, None].expand(-1, length)
                apart = sequence.reshape(-1, 1) != sequence.reshape(1, -1)
                mask = torch.zeros(apart.shape, dtype=x.dtype, device=x.device)
                mask.masked_fill_(apart, -math.inf)
                group = self.config.heads // self.config.kv_heads
                every = mask.repeat(1, group)[None]
                last = mask.view(-1, batch, length)[:, :, kept].flatten(1).repeat(1, group)[None]
            self._frames = {key: Frame(batch, kept, rotary, every, last)}
        return self._frames[key]

    def causal(self, x: Tensor, cache: KVCache) -> Tensor:
        """Continue the cached sequence with x [length, hidden]; the cache grows by length."""
        end = cache.length + x.shape[0]
        rotary = self.rotary.factors(cache.length, end, x.device)
        for layer, block in enumerate(self.blocks):
            assert isinstance(block, Block)
            x = block.causal(x, rotary, cache, layer)
        cache.length = end
        normed: Tensor = self.norm(x)
        return normed
