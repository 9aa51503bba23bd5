"""Transformer pieces shared by DiTAR's three transformers, and the causal ConvNeXt block of the
VAE.

All transformers are Pre-Norm with RMSNorm, rotary positions and a plain two-matrix feed-forward
(arXiv
2502.03930, section 3.5.2).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ditar_studio.model.config import TransformerConfig


class RMSNorm(nn.Module):
    """Root-mean-square normalisation over the last dimension, with a learned gain."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.weight.shape, self.weight, 1e-6)


def rotary(positions: Tensor, head_dim: int, theta: float = 10_000.0) -> tuple[Tensor, Tensor]:
    """Return cosines and sines [..., head_dim / 2] of rotary positions [...] (any integers)."""
    exponents = (
        torch.arange(0, head_dim, 2, device=positions.device, dtype=torch.float32) / head_dim
    )
    angles = positions[..., None].float() * theta**-exponents
    return angles.cos(), angles.sin()


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate pairs of x [B, H, T, D]; cos and sin [T, D / 2] or [B, 1, T, D / 2]."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


class Block(nn.Module):
    """One Pre-Norm transformer block."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.attention_norm = RMSNorm(config.dim)
        self.qkv = nn.Linear(config.dim, 3 * config.dim, bias=False)
        self.out = nn.Linear(config.dim, config.dim, bias=False)
        self.ffn_norm = RMSNorm(config.dim)
        self.up = nn.Linear(config.dim, config.ffn, bias=False)
        self.down = nn.Linear(config.ffn, config.dim, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, causal: bool) -> Tensor:
        batch, length, dim = x.shape
        qkv = self.qkv(self.attention_norm(x)).view(batch, length, 3, self.heads, dim // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        query, key = _rotate(query, cos, sin), _rotate(key, cos, sin)
        attended = F.scaled_dot_product_attention(query, key, value, is_causal=causal)
        x = x + self.out(attended.transpose(1, 2).reshape(batch, length, dim))
        # Squared ReLU: as good as GELU and several times cheaper on a CPU (arXiv 2109.08668).
        y: Tensor = x + self.down(F.relu(self.up(self.ffn_norm(x))).square())
        return y


class Transformer(nn.Module):
    """A stack of blocks with a final norm.

    `forward` takes x [B, T, dim] and rotary positions [T]; `causal` ones see only what is before
    them. Going on from where a sequence has ended is `inference`'s, which keeps the caches.
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = RMSNorm(config.dim)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02)
            if name.endswith(("out.weight", "down.weight")):
                nn.init.normal_(parameter, std=0.02 / (2 * config.layers) ** 0.5)

    def forward(self, x: Tensor, positions: Tensor, *, causal: bool = False) -> Tensor:
        cos, sin = rotary(positions, self.config.dim // self.config.heads)
        cos, sin = cos.to(x.dtype), sin.to(x.dtype)
        for block in self.blocks:
            x = block(x, cos, sin, causal)
        y: Tensor = self.norm(x)
        return y


class ConvNeXtBlock(nn.Module):
    """ConvNeXt block over time on [B, T, C]: depthwise convolution of width 7, then a pointwise
    MLP.

    `causal` blocks see the present frame and six past ones; `step` continues such a block on a
    further
    chunk, the six frames [B, 6, C] between chunks being its state (zeros at the start).
    """

    WIDTH = 7

    def __init__(self, dim: int, causal: bool) -> None:
        super().__init__()
        self.causal = causal
        self.depthwise = nn.Conv1d(dim, dim, self.WIDTH, groups=dim)
        self.norm = nn.LayerNorm(dim)
        self.up = nn.Linear(dim, 3 * dim)
        self.down = nn.Linear(3 * dim, dim)
        self.scale = nn.Parameter(torch.full((dim,), 0.3))

    def _mix(self, padded: Tensor, x: Tensor) -> Tensor:
        y = self.depthwise(padded.transpose(1, 2)).transpose(1, 2)
        return self._mix_channels(y, x)

    def _mix_channels(self, y: Tensor, x: Tensor) -> Tensor:
        y = self.down(F.gelu(self.up(self.norm(y)), approximate="tanh"))
        return torch.addcmul(x, y, self.scale)

    def forward(self, x: Tensor) -> Tensor:
        left = self.WIDTH - 1 if self.causal else self.WIDTH // 2
        return self._mix(F.pad(x, (0, 0, left, self.WIDTH - 1 - left)), x)

    def step(self, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """Continue on x [B, T, C] after `past` [B, 6, C]; returns the output and the new past."""
        padded = torch.cat((past, x), dim=1)
        after = padded[:, -(self.WIDTH - 1) :]
        if torch.is_grad_enabled():
            return self._mix(padded, x), after
        # On few frames, preparing a convolution takes many times longer than doing without. Tap by
        # tap, the result is the same whatever the chunks are.
        y = self.depthwise.bias
        assert y is not None
        for start, tap in enumerate(self.depthwise.weight[:, 0].unbind(1)):
            y = torch.addcmul(y, padded[:, start : start + x.shape[1]], tap)
        return self._mix_channels(y, x), after
