"""LocDiT for generation: the same function as `locdit`, arranged for one patch at a time on a CPU.

What doesn't depend on the noisy latents is computed once a patch, time embeddings once for ever,
and the transformer is frozen.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ditar_studio.model.diffusion import Network
from ditar_studio.model.frozen_transformer import Compiled, edges_of, freeze
from ditar_studio.model.locdit import LocDiT


class FastLocDiT:
    """A frozen LocDiT; later changes of the original's weights don't reach it."""

    def __init__(self, locdit: LocDiT) -> None:
        self._locdit = locdit
        self._transformer = freeze(locdit.transformer)
        self._edges = edges_of(locdit.inward, locdit.out)
        self._inward = locdit.inward.weight.t().contiguous()
        self._target_bias = locdit.inward.bias + locdit.noisy_mark
        self._times: dict[float, Tensor] = {}

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

        def velocities(x: Tensor, head: Tensor) -> Tensor:
            if self._edges is not None and isinstance(self._transformer, Compiled):
                return self._transformer.velocities(self._edges, x[0], head, past[0], target)
            tokens = torch.cat((head, past, target + x @ self._inward), dim=1)
            u: Tensor = locdit.out(self._transformer(tokens, last=locdit.patch))
            return u

        def network(x: Tensor, t: float) -> Tensor:
            u = velocities(x, condition + self._time(t, x))
            if guidance == 0:
                return u
            return torch.lerp(u[1:], u[:1], 1 + guidance)

        return network

    def _time(self, t: float, like: Tensor) -> Tensor:
        """Time embedding [dim], kept."""
        if t not in self._times:
            angles = 1000 * t * self._locdit.frequencies
            embedding: Tensor = self._locdit.time(torch.cat((angles.sin(), angles.cos())))
            self._times[t] = embedding.to(like.dtype)
        return self._times[t]
