"""LocDiT for generation: the same function as `locdit`, arranged for one patch at a time on a CPU.

What doesn't depend on the noisy latents is computed once a patch, time embeddings once for ever,
and the transformer is frozen.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ditar_studio.model.diffusion import Sampling, noise_for, reverse
from ditar_studio.model.frozen_transformer import compiled_locdit, freeze
from ditar_studio.model.locdit import LocDiT
from ditar_studio.model.reverse import Guidance


class FastLocDiT:
    """A frozen LocDiT; later changes of the original's weights don't reach it."""

    def __init__(self, locdit: LocDiT) -> None:
        self._locdit = locdit
        self._transformer = freeze(locdit.transformer)
        self._compiled = compiled_locdit(self._transformer, locdit.inward, locdit.out)
        self._inward = locdit.inward.weight.t().contiguous()
        self._target_bias = locdit.inward.bias + locdit.noisy_mark
        self._times: dict[float, Tensor] = {}

    def sample(
        self,
        h: Tensor,
        history: Tensor,
        spoken: Tensor | None,
        sampling: Sampling,
        generator: torch.Generator | None,
    ) -> Tensor:
        """Draw one patch [1, P, latent_dim].

        Args:
            h: [1, language model's dim].
            history: [1, K * P, latent_dim].
            spoken: [1, P, language model's dim], for models with a text pointer.
            sampling: at guidance 0 the conditional branch runs alone.
            generator: of the noise.
        """
        locdit = self._locdit
        if sampling.guidance:
            h = torch.cat((h, torch.zeros_like(h)))
            if spoken is not None:
                spoken = torch.cat((spoken, torch.zeros_like(spoken)))
        condition = locdit.condition(h)[:, None]
        past = locdit.inward(history[0])
        target = self._target_bias.expand(len(h), locdit.patch, -1)
        if locdit.spoken is not None:
            target = target + locdit.spoken(spoken)
        process, guidance = reverse(sampling), Guidance(1 + sampling.guidance)
        noise = noise_for(process, history[0, : locdit.patch], generator)
        if self._compiled is not None:
            heads = torch.stack([condition + self._time(step.time, h) for step in process.steps])
            return self._compiled.patch(process, noise, guidance, heads, past, target)[None]

        def network(x: Tensor, t: float) -> Tensor:
            before = past.expand(len(h), -1, -1)
            tokens = torch.cat((condition + self._time(t, x), before, target + x @ self._inward), 1)
            return guidance(locdit.out(self._transformer(tokens, last=locdit.patch)))

        return process.follow(network, noise)[None]

    def _time(self, t: float, like: Tensor) -> Tensor:
        """Time embedding [dim], kept."""
        if t not in self._times:
            angles = 1000 * t * self._locdit.frequencies
            embedding: Tensor = self._locdit.time(torch.cat((angles.sin(), angles.cos())))
            self._times[t] = embedding.to(like.dtype)
        return self._times[t]
