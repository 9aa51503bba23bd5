"""LocDiT for generation: the same function as `locdit`, arranged for one patch at a time on a CPU.

The network runs once a step on two rows of nine tokens, where overheads weigh as much as the
arithmetic. So the gains of the norms are folded into the matrices that follow them, what doesn't
depend on the noisy latents is computed once a patch, time embeddings once for ever, queries and
keys are rotated together, and the last block answers for the noisy latents alone. Measured on one
core: less than two thirds of the time of `LocDiT.forward`, equal to it to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ditar_studio.model.diffusion import Network
from ditar_studio.model.layers import Block, rotary
from ditar_studio.model.locdit import LocDiT

_EPSILON = 1e-6


@dataclass(frozen=True)
class _Folded:
    """One block's matrices [in, out], the gains of its norms folded in."""

    qkv: Tensor
    out: Tensor
    up: Tensor
    down: Tensor

    @classmethod
    def of(cls, block: Block) -> _Folded:
        """The matrices; the halves of queries and keys that rotate together are interleaved, so
        that a rotation is one complex product (attention doesn't mind the order of dimensions)."""
        qkv = block.qkv.weight * block.attention_norm.weight
        qkv = qkv.view(3, block.heads, 2, -1, qkv.shape[1])
        queries_and_keys = qkv[:2].transpose(2, 3)
        qkv = torch.cat((queries_and_keys.flatten(0, 3), qkv[2:].flatten(0, 3)))
        return cls(
            qkv.t().contiguous(),
            block.out.weight.t().contiguous(),
            (block.up.weight * block.ffn_norm.weight).t().contiguous(),
            block.down.weight.t().contiguous(),
        )


def _norm(x: Tensor, mean: Tensor) -> Tensor:
    """RMSNorm without gain of rows [N, dim]; `mean` [dim, 1] holds 1 / dim. Two thirds of the time
    of `F.rms_norm`."""
    return x * torch.mm(x * x, mean).add_(_EPSILON).rsqrt_()


class FastLocDiT:
    """A frozen LocDiT; later changes of the original's weights don't reach it."""

    def __init__(self, locdit: LocDiT) -> None:
        config = locdit.transformer.config
        self._locdit = locdit
        self._dim, self._heads = config.dim, config.heads
        self._head_dim = config.dim // config.heads
        self._blocks = [_Folded.of(block) for block in locdit.transformer.blocks]  # type: ignore[arg-type]
        self._inward = locdit.inward.weight.t().contiguous()
        self._target_bias = locdit.inward.bias + locdit.noisy_mark
        self._out = (locdit.out.weight * locdit.transformer.norm.weight).t().contiguous()
        self._mean = torch.full_like(locdit.noisy_mark, 1.0 / config.dim)[:, None]
        self._times: dict[float, Tensor] = {}
        self._turns: dict[int, Tensor] = {}

    def guided(self, h: Tensor, history: Tensor, spoken: Tensor | None, guidance: float) -> Network:
        """The network (x, t) -> u of one patch under LM guidance.

        Args:
            h: [1, language model's dim].
            history: [1, K * P, latent_dim].
            spoken: [1, P, language model's dim], for models with a text pointer.
            guidance: w; 0 runs the conditional branch alone.
        """
        locdit = self._locdit
        if guidance != 0:
            h = torch.cat((h, torch.zeros_like(h)))
            history = torch.cat((history, history))
            if spoken is not None:
                spoken = torch.cat((spoken, torch.zeros_like(spoken)))
        condition = locdit.condition(h)[:, None]
        past = locdit.inward(history)
        target = self._target_bias.expand(len(h), locdit.patch, -1)
        if locdit.spoken is not None:
            target = target + locdit.spoken(spoken)

        def network(x: Tensor, t: float) -> Tensor:
            tokens = (condition + self._time(t, x), past, target + x @ self._inward)
            u = self._transform(torch.cat(tokens, dim=1))
            if guidance == 0:
                return u
            return (1 + guidance) * u[:1] - guidance * u[1:]

        return network

    def _time(self, t: float, like: Tensor) -> Tensor:
        """Time embedding [dim], kept."""
        if t not in self._times:
            angles = 1000 * t * self._locdit.frequencies
            embedding: Tensor = self._locdit.time(torch.cat((angles.sin(), angles.cos())))
            self._times[t] = embedding.to(like.dtype)
        return self._times[t]

    def _turn(self, length: int, like: Tensor) -> Tensor:
        """Rotary factors [length, 1, 1, head_dim / 2] as complex numbers, kept."""
        if length not in self._turns:
            cos, sin = rotary(torch.arange(length, device=like.device), self._head_dim)
            self._turns[length] = torch.complex(cos, sin)[:, None, None]
        return self._turns[length]

    def _transform(self, x: Tensor) -> Tensor:
        """u [B, P, latent_dim] of tokens [B, T, dim]."""
        batch, length, dim = x.shape
        patch = self._locdit.patch
        shape = (batch, length, 3, self._heads, self._head_dim)
        turn = self._turn(length, x)
        x = x.reshape(batch * length, dim)
        for number, block in enumerate(self._blocks, 1):
            qkv = (_norm(x, self._mean) @ block.qkv).view(*shape)
            pairs = torch.view_as_complex(qkv.view(*shape[:-1], -1, 2)[:, :, :2])
            turned = torch.view_as_real(pairs * turn).view(batch, length, 2, *shape[3:])
            query, key = turned.permute(2, 0, 3, 1, 4)
            if number == len(self._blocks):
                query = query[:, :, -patch:]
                x = x.view(batch, length, dim)[:, -patch:].reshape(batch * patch, dim)
            attended = F.scaled_dot_product_attention(query, key, qkv[:, :, 2].transpose(1, 2))
            x = torch.addmm(x, attended.transpose(1, 2).reshape(len(x), dim), block.out)
            x = torch.addmm(x, (_norm(x, self._mean) @ block.up).relu_().square_(), block.down)
        u = torch.addmm(self._locdit.out.bias, _norm(x, self._mean), self._out)
        return u.view(batch, patch, -1)
