"""Reward tuning of a trained DiTAR: what it generates is decoded and heard by its own networks.

LocDiT draws patches as in generation, with few steps and with guidance, after recorded patches;
the decoder renders them, and gradients of two rewards flow back through both: the speaker
encoder's, for sounding like the voice that was asked for, and the phonetic reader's, for saying
what was recorded. The diffusion loss goes on beside it and keeps the model from drifting to what
only these networks like.
Sources: reward tuning through the sampler (DRaFT, arXiv 2309.17400); for speech DMOSpeech (arXiv
2410.11097).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ditar_studio.model.diffusion import ddim
from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.objective import (
    Conditions,
    DiTARLosses,
    DiTARObjective,
    LabelledUtterances,
    Patches,
    Utterances,
    patches_at,
)
from ditar_studio.training.batches import map_tensors


@dataclass(frozen=True)
class Reward:
    """Weights of the reward.

    Args:
        speaker: weight of one minus the cosine of the voice that was asked for.
        phonetic: weight of the relative distance of the reader's features.
        steps: network evaluations of a draw.
        trained_steps: the last so many of them carry gradients.
        guidance: w of LM guidance.
        patches: patches of an utterance that are generated, 2 s of them.
    """

    speaker: float = 0.5
    phonetic: float = 0.1
    steps: int = 4
    trained_steps: int = 2
    guidance: float = 2.0
    patches: int = 20


class RewardObjective(nn.Module):
    """Losses on a batch of `training.ditar.DiTARData`; the model has reader and speaker encoder."""

    def __init__(self, model: DiTAR, losses: DiTARLosses, reward: Reward) -> None:
        super().__init__()
        self.diffusion = DiTARObjective(model, losses)
        self.model, self.reward = model, reward

    def forward(self, batch: LabelledUtterances) -> dict[str, Tensor]:
        out = self.diffusion(batch)
        out |= self.rewards(batch)
        reward = self.reward
        loss = out["loss"] + reward.speaker * out["speaker"] + reward.phonetic * out["phonetic"]
        return {**out, "loss": loss}

    def rewards(self, batch: LabelledUtterances) -> dict[str, Tensor]:
        """Return what the networks think of one stretch of each utterance that is long enough."""
        model, width = self.model, self.reward.patches
        assert model.speaker is not None
        assert model.reader is not None
        long = batch["patches"] >= width
        if not long.any():
            zero = batch["latents"].new_zeros(())
            return {"speaker": zero, "phonetic": zero}
        batch = map_tensors(batch, lambda tensor: tensor[long])
        conditions = self.diffusion.conditions(batch, batch["latents"])
        room = (batch["patches"] - width + 1).to(torch.float32)
        starts = (torch.rand(len(room), device=room.device) * room).long()
        columns = (starts[:, None] + torch.arange(width, device=starts.device)).flatten()
        rows = torch.arange(len(room), device=starts.device).repeat_interleave(width)
        patches = self._patches(batch, conditions, rows, columns)
        drawn = self._draw(patches).reshape(len(room), -1, patches.clean.shape[-1])
        recorded = patches.clean.reshape(drawn.shape)
        made = self._render(drawn, batch["voice"])
        with torch.no_grad():
            wanted = model.reader.frames(self._render(recorded, batch["voice"]))
        heard = model.reader.frames(made)
        likeness = (model.speaker(made) * F.normalize(batch["voice"], dim=-1)).sum(-1)
        return {
            "speaker": 1 - likeness.mean(),
            "phonetic": (heard - wanted).abs().mean() / wanted.abs().mean(),
        }

    def _patches(
        self, batch: Utterances, conditions: Conditions, rows: Tensor, columns: Tensor
    ) -> Patches:
        """Return the patches of the stretches for LocDiT; of some the history is noisy or hidden,
        as what it generates itself may be.
        """
        losses = self.diffusion.losses
        latents = batch["latents"]
        patches = patches_at(self.model.config, latents, latents, conditions, rows, columns)
        history = patches.history
        level = torch.rand(len(history), 1, 1, device=history.device) * losses.history_noise
        known = torch.rand(len(history), 1, 1, device=history.device) >= losses.history_dropout
        patches.history.copy_((history + level * torch.randn_like(history)) * known)
        return patches

    def _draw(self, patches: Patches) -> Tensor:
        """Generate each patch from noise; gradients through the last steps alone."""
        reward, locdit = self.reward, self.model.locdit
        h, content = patches.conditions()
        x = torch.randn_like(patches.clean)
        times = [n / reward.steps for n in range(reward.steps, -1, -1)]
        for k, (time, after) in enumerate(pairwise(times)):
            with torch.set_grad_enabled(k >= reward.steps - reward.trained_steps):
                t = x.new_full((len(x),), time)
                guided = locdit(x, t, h, patches.history, content)
                nothing = None if content is None else torch.zeros_like(content)
                free = locdit(x, t, torch.zeros_like(h), patches.history, nothing)
                u = (1 + reward.guidance) * guided - reward.guidance * free
                step = ddim(time, after)
                x = step.x_scale * x + step.output_scale * u
        return x

    def _render(self, latents: Tensor, voice: Tensor) -> Tensor:
        """Render samples [B, n] of normalised latents [B, T, latent_dim]."""
        return self.model.vae.decode(latents, voice)
