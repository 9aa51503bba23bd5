"""The objective of VoxCPM's training: the velocity of each patch, and where speech ends.

Both losses, what is dropped and how noise levels are drawn are those of the family's own training
(arXiv 2509.24650), so that what is trained here is what would be trained there.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ditar_studio.model.voxcpm.fsq import FiniteScalarQuantiser
from ditar_studio.model.voxcpm.voxcpm import Prompt, VoxCPM
from ditar_studio.model.voxcpm.whole_pass import whole_pass

_DROPPED = 0.1
"""Share of the patches that are drawn without a condition, for guidance."""

_LEVEL_MEAN = -0.4
"""Of the logits of noise levels; their deviation is 1."""


@dataclass(frozen=True, eq=False)
class Example:
    """Speech to learn, and what stands before it.

    Attributes:
        prompt: its text, behind that of the speech that it goes on from if there is any, and whom
            it is to be spoken like.
        target: [A, P, D] latents of the speech.
    """

    prompt: Prompt
    target: Tensor

    def to(self, device: torch.device) -> Example:
        """Return the same on a device."""
        speech = self.prompt.reference, self.prompt.continuation
        moved = [None if each is None else each.to(device) for each in speech]
        return Example(Prompt(self.prompt.text, *moved), self.target.to(device))


@dataclass(frozen=True, eq=False)
class Draws:
    """All random numbers of a pass.

    Attributes:
        times: [A] noise levels, 0..1.
        noise: [A, P, D] standard normal.
        kept: [A] whether a patch has its condition.
    """

    times: Tensor
    noise: Tensor
    kept: Tensor

    @classmethod
    def of(cls, target: Tensor, generator: torch.Generator) -> Draws:
        """Draw for the patches [A, P, D] of an example, all on the CPU: so that a seed gives the
        same on every device.
        """
        count = target.shape[0]
        times = torch.sigmoid(torch.randn(count, generator=generator) + _LEVEL_MEAN)
        noise = torch.randn(target.shape, generator=generator)
        kept = torch.rand(count, generator=generator) > _DROPPED
        return cls(times, noise, kept)

    def to(self, device: torch.device) -> Draws:
        """Return the same on a device."""
        return Draws(self.times.to(device), self.noise.to(device), self.kept.to(device))


def losses(
    model: VoxCPM, example: Example, draws: Draws, recompute: bool = False
) -> tuple[Tensor, Tensor]:
    """Return the mean squared error of the velocity, and the cross entropy of the end.

    Args:
        model: without a VAE; LoRAs are what gradients are for.
        example: on the model's device.
        draws: for its patches.
        recompute: see `whole_pass`.
    """
    count = example.target.shape[0]
    base, residual = _conditions(model, example, recompute)
    ours, theirs = model.base_to_dit(base), model.residual_to_dit(residual)
    condition = (
        (ours + theirs)[:, None] if model.config.generation == 1 else torch.stack([ours, theirs], 1)
    )
    before = example.prompt.continuation
    first = torch.zeros_like(example.target[:1]) if before is None else before[-1:]
    previous = torch.cat([first.to(example.target), example.target[:-1]])
    velocity = _velocity(
        model, condition * draws.kept[:, None, None], previous, example, draws, recompute
    )
    diffusion = F.mse_loss(velocity.float(), draws.noise - example.target)
    stop = model.stop_head(F.silu(model.stop_proj(base))).float()
    ends = torch.zeros(count, dtype=torch.long, device=stop.device)
    ends[-1] = 1
    return diffusion, F.cross_entropy(stop, ends)


def _conditions(model: VoxCPM, example: Example, recompute: bool) -> tuple[Tensor, Tensor]:
    """Return both language models' outputs [A, hidden] ahead of each patch of the target."""
    with torch.no_grad():  # LocEnc and the table of words never learn
        embedded, is_audio, _ = model.embed_parts([*example.prompt.parts(), example.target])
    audio = is_audio[:, None]
    hidden = whole_pass(model.base_lm, embedded[None], True, recompute)[0]
    hidden = torch.where(audio, _quantised(model.fsq, hidden), hidden)
    fused = model.fuse(hidden, embedded * audio)
    residual = whole_pass(model.residual_lm, fused[None], True, recompute)[0]
    ahead = slice(-1 - example.target.shape[0], -1)
    return hidden[ahead], residual[ahead]


def _quantised(fsq: FiniteScalarQuantiser, hidden: Tensor) -> Tensor:
    """Quantise as `fsq` does; gradients pass the rounding by."""
    smooth = torch.tanh(fsq.in_proj(hidden))
    levels = torch.round(smooth * fsq.scale) / fsq.scale
    result: Tensor = fsq.out_proj(smooth + (levels - smooth).detach())
    return result


def _velocity(
    model: VoxCPM,
    condition: Tensor,
    previous: Tensor,
    example: Example,
    draws: Draws,
    recompute: bool,
) -> Tensor:
    """Return LocDiT's velocities [A, P, D] of the noisy patches under conditions [A, C, hidden]."""
    dit, times = model.dit, draws.times[:, None, None]
    noisy = (1 - times) * example.target + times * draws.noise
    time = dit.time_tokens(draws.times, model.sinusoid_dtype)[:, None]
    tokens = torch.cat(
        [dit.condition_tokens(condition, time), dit.cond_proj(previous), dit.in_proj(noisy)], 1
    )
    hidden = whole_pass(dit.transformer, tokens, False, recompute)
    result: Tensor = dit.out_proj(hidden[:, -noisy.shape[1] :])
    return result
