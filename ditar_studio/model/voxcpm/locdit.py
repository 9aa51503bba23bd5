"""LocDiT: the velocity of one noisy patch, given the language models' outputs."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ditar_studio.model.solver import Guidance, Solver
from ditar_studio.model.voxcpm.config import TransformerConfig
from ditar_studio.model.voxcpm.layers import Projection, Transformer


class TimeEmbedding(nn.Module):
    """Sinusoid of a time, through two layers."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.linear_1: nn.Module = Projection(hidden, hidden)
        self.linear_2: nn.Module = Projection(hidden, hidden)
        self.hidden = hidden

    def forward(self, times: Tensor, dtype: torch.dtype, sinusoid_dtype: torch.dtype) -> Tensor:
        """Map times [n] in 0..1 to [n, hidden] in ``dtype``."""
        wave = sinusoid(times, self.hidden, sinusoid_dtype).to(dtype)
        result: Tensor = self.linear_2(F.silu(self.linear_1(wave)))
        return result


def sinusoid(times: Tensor, size: int, dtype: torch.dtype) -> Tensor:
    """Map times [n] to [n, size]: sines, then cosines, of 1000 t at falling frequencies.

    In bfloat16 the phase is off by up to a third; the released weights were trained that way.
    """
    half = size // 2
    step = math.log(10000) / (half - 1)
    frequencies = torch.exp(torch.arange(half, dtype=dtype, device=times.device) * -step)
    phase = 1000 * times.to(dtype)[:, None] * frequencies
    return torch.cat([phase.sin(), phase.cos()], -1)


class LocDiT(nn.Module):
    """A bidirectional transformer over [condition, previous patch, noisy patch]."""

    def __init__(self, config: TransformerConfig, latent_dim: int, generation: Literal[1, 2]):
        super().__init__()
        self.generation = generation
        self.latent_dim = latent_dim
        self.hidden = config.hidden
        self.in_proj: nn.Module = Projection(latent_dim, config.hidden)
        self.cond_proj: nn.Module = Projection(latent_dim, config.hidden)
        self.out_proj: nn.Module = Projection(config.hidden, latent_dim)
        self.time_mlp = TimeEmbedding(config.hidden)
        self.delta_time_mlp = TimeEmbedding(config.hidden)
        self.transformer = Transformer(config)

    def time_tokens(self, times: Tensor, sinusoid_dtype: torch.dtype = torch.float32) -> Tensor:
        """Map times [n] to [n, hidden]; the step-size branch sees zero, which is not a
        zero vector.
        """
        dtype = self.norm_dtype
        tokens: Tensor = self.time_mlp(times, dtype, sinusoid_dtype)
        still: Tensor = self.delta_time_mlp(torch.zeros_like(times[:1]), dtype, sinusoid_dtype)
        return tokens + still

    @property
    def norm_dtype(self) -> torch.dtype:
        """The dtype that activations have."""
        return self.transformer.norm.weight.dtype

    def previous_tokens(self, previous: Tensor) -> Tensor:
        """Return the previous patch [P, D] as tokens [P, hidden], the same for every
        solver step.
        """
        tokens: Tensor = self.cond_proj(previous)
        return tokens

    def sample(
        self,
        solver: Solver,
        noise: Tensor,
        guidance: Guidance,
        conditions: Tensor,
        times: Tensor,
        previous: Tensor,
    ) -> Tensor:
        """Turn noise into a patch, [P, D] in float32.

        Args:
            solver: of the reverse process.
            noise: [P, D] standard normal.
            guidance: for two conditions.
            conditions: [B, C, hidden], see ``forward``.
            times: [steps, hidden] from ``time_tokens``.
            previous: [P, hidden] from ``previous_tokens``.
        """
        tokens = {step.time: time for step, time in zip(solver.steps, times, strict=True)}

        def network(x: Tensor, t: float) -> Tensor:
            both = self(x.to(self.norm_dtype), conditions, tokens[t], previous)
            return guidance(both.to(x.dtype))

        return solver.solve(network, noise)

    def forward(self, noisy: Tensor, condition: Tensor, time: Tensor, previous: Tensor) -> Tensor:
        """Return velocities of one noisy patch under several conditions.

        Args:
            noisy: [P, D] the patch at this time.
            condition: [B, C, hidden] the conditions: C = 1 token for V1, 2 for V2.
            time: [hidden] from ``time_tokens``.
            previous: [P, hidden] from ``previous_tokens``.

        Returns:
            [B, P, D].
        """
        body = torch.cat([previous, self.in_proj(noisy)], 0).expand(condition.shape[0], -1, -1)
        tokens = torch.cat([self.condition_tokens(condition, time), body], 1)
        hidden = self.transformer.local(tokens, slice(-noisy.shape[0], None))
        result: Tensor = self.out_proj(hidden)
        return result

    def condition_tokens(self, condition: Tensor, time: Tensor) -> Tensor:
        """Return the first tokens: [B, C, hidden] for V1, with a further one for the time
        for V2.
        """
        if self.generation == 1:
            return condition + time
        return torch.cat([condition, time.expand(condition.shape[0], 1, -1)], 1)
