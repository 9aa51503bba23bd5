"""Training of a DiTAR on what it feeds back itself, towards what was recorded.

Of each batch some clips are fed the model's own latents (`rollouts`), the others recorded ones. The
target is the recording either way, so the language model learns to take the voice from the prompt
and the speaker embedding where its own latents have lost it. Text pointer and stop head are to do
what those of the model before did on recorded latents: these are learnt by heart on few clips. So
the result is a mean of the weights before and after.
Sources: scheduled sampling (arXiv 1506.03099); distillation (arXiv 1503.02531); means of weights
(arXiv 2109.01903).
"""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ditar_studio.engine.tuning_data import joined
from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.objective import (
    DiTARLosses,
    DiTARObjective,
    Utterances,
    diffusion_loss,
    patches_at,
)
from ditar_studio.training.loop import Loop, LoopConfig
from ditar_studio.training.rollouts import Rollout

_OWN = 0.75  # share of the clips that are fed the model's own latents
_OWN_NOISE = 0.5  # times the noise that is put on recorded ones
_DRAWS = 2.5  # of noise a patch
_WARM_UP, _AVERAGE = 6, 0.95  # for some hundred steps


class RolloutBatch(Utterances):
    """Prompts with the clips behind them.

    Attributes:
        fed: [B, T * P, latent_dim] latents that are fed back, like `latents`.
        first: [B] patch in which the clip begins.
        patches: [B] patches of each.
        own: [B] whether `fed` has the model's own latents.
        seconds: [B] duration of each.
    """

    fed: Tensor
    first: Tensor
    patches: Tensor
    own: Tensor
    seconds: Tensor


class RolloutData:
    """Batches for `SelfFeedingObjective`."""

    def __init__(self, rollouts: list[Rollout], patch: int, latent_rate: float) -> None:
        self._rollouts, self._patch, self._rate = rollouts, patch, latent_rate

    @property
    def seconds(self) -> list[float]:
        return [
            (len(each.prompt.latents) + len(each.clip.latents)) / self._rate
            for each in self._rollouts
        ]

    def load(self, indices: list[int]) -> RolloutBatch:
        """Load a batch of prompts and clips."""
        rows: list[dict[str, Tensor]] = []
        for index in indices:
            each, patch = self._rollouts[index], self._patch
            utterance = cast("dict[str, Tensor]", joined((each.prompt, each.clip), patch))
            row = {name: value[0] for name, value in utterance.items()}
            first = len(each.prompt.latents) // patch
            own = np.random.random() < _OWN
            row["fed"] = row["latents"].clone()
            if own:
                row["fed"][first * patch :] = each.said
            row |= {
                "first": torch.tensor(first),
                "patches": torch.tensor(len(row["latents"]) // patch),
                "own": torch.tensor(own),
                "voice": each.voice,
                "seconds": torch.tensor(len(row["latents"]) / self._rate),
            }
            rows.append(row)
        batch: dict[str, Tensor] = {}
        for name, example in rows[0].items():
            values = [row[name] for row in rows]
            if example.dim() and name != "voice":
                batch[name] = nn.utils.rnn.pad_sequence(values, batch_first=True)
            else:
                batch[name] = torch.stack(values)
        for line, row in zip(batch["units"], rows, strict=True):
            line[len(row["units"]) :] = row["units"][-1]
        return cast("RolloutBatch", batch)


class SelfFeedingObjective(nn.Module):
    """Losses on a batch of `RolloutData`; language model, aggregator, LocDiT and the projections
    of the speaker embedding learn.

    Args:
        model: a trained model with pointer and speaker embedding.
        share: of the trained weights in the mean with those before, 0 to 1.
    """

    def __init__(self, model: DiTAR, losses: DiTARLosses, share: float = 0.5) -> None:
        super().__init__()
        assert model.pointer is not None
        assert model.voice is not None
        self._share = share
        self.objective, self.losses = DiTARObjective(model, losses), losses
        self.teacher = DiTARObjective(copy.deepcopy(model), losses).requires_grad_(False)
        model.requires_grad_(False)
        learning = (
            model.language_model.transformer,
            model.aggregator,
            model.pointer.heard,
            model.voice,
            model.locdit,
        )
        for part in learning:
            part.requires_grad_(True)

    @property
    def model(self) -> DiTAR:
        return self.objective.model

    @torch.no_grad()
    def mean(self) -> DiTAR:
        """Return the mean of the weights before and after."""
        made = copy.deepcopy(self.teacher.model)
        for weight, trained in zip(made.parameters(), self.model.parameters(), strict=True):
            weight.lerp_(trained, self._share)
        return made

    def forward(self, batch: RolloutBatch) -> dict[str, Tensor]:
        model, losses, patch = self.model, self.losses, self.model.config.patch
        latents, device = batch["latents"], batch["latents"].device
        level = torch.rand(len(latents), 1, 1, device=device) * losses.noise
        level = level * torch.where(batch["own"], _OWN_NOISE, 1.0)[:, None, None]
        fed = batch["fed"] + level * torch.randn_like(latents)
        given = torch.rand(len(latents), 1, device=device) >= losses.speaker_dropout
        dropped: RolloutBatch = {**batch, "voice": batch["voice"] * given}
        conditions = self.objective.conditions(dropped, fed)
        outputs = conditions[0]
        with torch.no_grad():
            wanted = self.teacher.conditions(batch, latents)[0]

        place = torch.arange(latents.shape[1] // patch, device=device)
        in_clip = (place >= batch["first"][:, None]) & (place < batch["patches"][:, None])
        # Where what is fed is recorded, the prompt's patches can be learnt from too.
        drawn = in_clip | (~batch["own"][:, None] & (place > 0) & (place < batch["first"][:, None]))
        rows, columns = torch.nonzero(drawn, as_tuple=True)
        count = int(_DRAWS * in_clip.sum())
        rounds = [torch.randperm(len(rows), device=device) for _ in range(math.ceil(_DRAWS))]
        chosen = torch.cat(rounds)[:count]
        patches = patches_at(model.config, latents, fed, conditions, rows[chosen], columns[chosen])
        out = {"diffusion": diffusion_loss(model.locdit, patches, losses)}

        assert model.pointer is not None
        theirs = model.pointer.pattern(wanted[:, :-1][in_clip]).softmax(-1)
        mine = model.pointer.pattern(outputs[:, :-1][in_clip]).log_softmax(-1)
        out["pattern"] = F.kl_div(mine, theirs, reduction="batchmean")
        stop = model.language_model.stop
        out["stop"] = F.binary_cross_entropy_with_logits(
            stop(outputs[:, 1:])[in_clip], torch.sigmoid(stop(wanted[:, 1:])[in_clip])
        )
        loss = out["diffusion"] + losses.pattern * out["pattern"] + losses.stop * out["stop"]
        return {"loss": loss, **out}


def self_feeding_loop(
    model: DiTAR, rollouts: list[Rollout], config: LoopConfig, out: Path, share: float = 0.5
) -> Loop:
    """Return a loop that trains a model on its rollouts: few steps, decaying from the first.

    Args:
        share: see `SelfFeedingObjective`.
    """
    data = RolloutData(rollouts, model.config.patch, model.config.vae.latent_rate)
    config = replace(config, warmup=_WARM_UP, decay=1.0, ema=_AVERAGE)
    objective = SelfFeedingObjective(model, DiTARLosses(), share)
    return Loop(objective, data.load, data.seconds, config, out)
