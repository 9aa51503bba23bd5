"""Drawing patches by a LocDiT whose weights no longer change, one at a time.

What doesn't depend on the noisy latents is computed once a patch, time embeddings once for ever.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ditar_studio.inference.kernels.locdit import CompiledLocDiT
from ditar_studio.inference.torch_transformer import FrozenTransformer
from ditar_studio.model.diffusion import make_solver, noise_for
from ditar_studio.model.locdit import LocDiT
from ditar_studio.model.sampling import Sampling
from ditar_studio.model.solver import Guidance, Step, run_steps


class PatchSampler:
    """Solves for patches; later changes of the LocDiT's weights don't reach its transformer."""

    def __init__(
        self,
        locdit: LocDiT,
        transformer: FrozenTransformer,
        compiled: CompiledLocDiT | None = None,
    ) -> None:
        """
        Args:
            locdit: what surrounds its transformer is used as it is.
            transformer: computes its transformer.
            compiled: takes whole runs of steps in one call.
        """
        self.patch = locdit.patch
        self._condition, self._content, self._out = locdit.condition, locdit.spoken, locdit.out
        self._past, self._embed_time = locdit.inward, locdit.time
        self._frequencies = locdit.frequencies
        self._transformer, self._compiled = transformer, compiled
        self._inward = locdit.inward.weight.t().contiguous()
        self._target_bias = locdit.inward.bias + locdit.noisy_mark
        self._times: dict[float, Tensor] = {}

    def sample(
        self,
        h: Tensor,
        history: Tensor,
        content: Tensor | None,
        sampling: Sampling,
        generator: torch.Generator | None,
    ) -> Tensor:
        """Draw one patch [1, P, latent_dim].

        Args:
            h: [1, language model's dim].
            history: [1, K * P, latent_dim].
            content: [1, P, language model's dim], for models with a text pointer.
            sampling: at guidance 0 the conditional branch runs alone.
            generator: of the noise.
        """
        solver = make_solver(sampling)
        noise = noise_for(solver, history[0, : self.patch], generator)
        start = solver.start(noise)
        return self.run_steps(solver.steps, start, noise, h, history, content, sampling.guidance)[
            None
        ]

    def run_steps(
        self,
        steps: Sequence[Step],
        x: Tensor,
        noise: Tensor,
        h: Tensor,
        history: Tensor,
        content: Tensor | None,
        guidance: float,
    ) -> Tensor:
        """Take x [P, latent_dim] through some steps of a solver; the rest is as in `sample`."""
        if guidance:
            h = torch.cat((h, torch.zeros_like(h)))
            if content is not None:
                content = torch.cat((content, torch.zeros_like(content)))
        condition = self._condition(h)[:, None]
        past = self._past(history[0])
        target = self._target_bias.expand(len(h), self.patch, -1)
        if self._content is not None:
            target = target + self._content(content)
        guided = Guidance(1 + guidance)
        if self._compiled is not None:
            tokens = torch.stack([condition + self._time(step.time, h) for step in steps])
            return self._compiled.patch(steps, x, noise, guided, tokens, past, target)

        def network(x: Tensor, t: float) -> Tensor:
            before = past.expand(len(h), -1, -1)
            tokens = torch.cat((condition + self._time(t, x), before, target + x @ self._inward), 1)
            return guided(self._out(self._transformer(tokens, last=self.patch)))

        return run_steps(steps, network, x, noise)

    def _time(self, t: float, like: Tensor) -> Tensor:
        """Return the time embedding [dim], kept."""
        if t not in self._times:
            angles = 1000 * t * self._frequencies
            embedding: Tensor = self._embed_time(torch.cat((angles.sin(), angles.cos())))
            self._times[t] = embedding.to(like.dtype)
        return self._times[t]


class TunedSampler:
    """Draws patches of a fine-tuned voice: tuned weights at low noise levels, the base's above.

    The timbre is decided at low levels, the words at high ones.
    """

    def __init__(
        self, base: PatchSampler, tuned: PatchSampler, shift: Tensor, level: float
    ) -> None:
        """
        Args:
            base: the model's own.
            tuned: of tuned weights, of the same shape.
            shift: [language model's dim] added, below `level`, to the speaker condition.
            level: highest noise level, 0..1, at which the tuned weights are used.
        """
        self._base, self._tuned = base, tuned
        self._shift, self._level = shift, level

    def sample(
        self,
        h: Tensor,
        history: Tensor,
        content: Tensor | None,
        sampling: Sampling,
        generator: torch.Generator | None,
    ) -> Tensor:
        """Draw one patch; see `PatchSampler.sample`."""
        solver, guidance = make_solver(sampling), sampling.guidance
        noise = noise_for(solver, history[0, : self._base.patch], generator)
        x = solver.start(noise)
        high = [step for step in solver.steps if step.time > self._level]
        low = solver.steps[len(high) :]
        if high:
            x = self._base.run_steps(high, x, noise, h, history, content, guidance)
        if low:
            shifted = None if content is None else content + self._shift
            x = self._tuned.run_steps(low, x, noise, h + self._shift, history, shifted, guidance)
        return x[None]
