"""The objective of a DiTAR: what it is trained to, and what a voice is fine-tuned to.

One pass of the language model over whole utterances; LocDiT on a random subset of the patches;
every language-model output is zeroed with probability 0.1 for LM guidance.
Sources: arXiv 2502.03930, section 3; its successors for noise on fed-back latents.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import NotRequired, TypedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ditar_studio.model.config import DiTARConfig
from ditar_studio.model.diffusion import diffuse
from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.locdit import LocDiT
from ditar_studio.model.pointer import elapsed_since_move, patterns


@dataclass(frozen=True)
class DiTARLosses:
    """Weights and rates of the objective.

    Args:
        pattern: weight of the pointer's cross-entropy.
        stop: weight of the stop head's.
        draws: noise draws a patch that LocDiT is trained on a step; below 1 the share of patches.
        condition_dropout: probability that a language-model output is zeroed.
        history_dropout: probability that LocDiT does not see the history of a patch, so that the
            language model has to carry the voice.
        noise: largest standard deviation of the noise on latents that are fed back.
        history_noise: the same, of further noise on LocDiT's history.
        speaker_dropout: probability that an example's speaker embedding is zeroed.
        time_shift: mean of the logit-normal noise levels; positive is towards noise.
        time_spread: standard deviation of their logits.
        highest: highest noise level.
    """

    pattern: float = 0.2
    stop: float = 0.05
    draws: float = 0.6
    condition_dropout: float = 0.1
    history_dropout: float = 0.4
    noise: float = 0.3
    history_noise: float = 0.4
    speaker_dropout: float = 0.05
    time_shift: float = 0.3
    time_spread: float = 1.2
    highest: float = 1.0


def in_patches(x: Tensor, patch: int) -> Tensor:
    """Reshape [B, T * P, dim] to [B, T, P, dim]."""
    return x.reshape(x.shape[0], -1, patch, x.shape[-1])


@dataclass(frozen=True)
class Patches:
    """Training examples of LocDiT: N patches, what was before each, and their conditions.

    Attributes:
        clean: [N, P, latent_dim].
        history: [N, K * P, latent_dim] as they are fed back.
        h: [N, dim] outputs of the language model.
        content: [N, P, dim] content embeddings of the latents; None without a pointer.
        voice: [N, dim], or one that broadcasts to it; None without a speaker embedding.
    """

    clean: Tensor
    history: Tensor
    h: Tensor
    content: Tensor | None
    voice: Tensor | None

    def conditions(self) -> tuple[Tensor, Tensor | None]:
        """Return `h` and `content` with the speaker condition, as LocDiT takes them."""
        if self.voice is None:
            return self.h, self.content
        content = None if self.content is None else self.content + self.voice[:, None]
        return self.h + self.voice, content


Conditions = tuple[Tensor, Tensor | None, Tensor | None]
"""Language-model outputs [B, T + 1, dim]; with a pointer, content embeddings [B, T * P, dim];
with a speaker embedding, LocDiT's speaker condition [B, dim]."""


def patches_at(
    config: DiTARConfig,
    latents: Tensor,
    fed: Tensor,
    conditions: Conditions,
    rows: Tensor,
    columns: Tensor,
) -> Patches:
    """Return the patches at `rows`, `columns` of utterances with latents [B, T * P, latent_dim],
    which are `fed` back with some noise.
    """
    outputs, content, voice = conditions
    earlier = F.pad(in_patches(fed, config.patch), (0, 0, 0, 0, config.history, 0))
    history = [earlier[rows, columns + k] for k in range(config.history)]
    return Patches(
        clean=in_patches(latents, config.patch)[rows, columns],
        history=torch.cat(history, dim=1),
        h=outputs[rows, columns],
        content=None if content is None else in_patches(content, config.patch)[rows, columns],
        voice=None if voice is None else voice[rows],
    )


def diffusion_loss(
    locdit: LocDiT,
    patches: Patches,
    losses: DiTARLosses,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Return the mean squared error of what LocDiT predicts, with conditions dropped, history made
    noisy or dropped, and noise levels drawn as `losses` says.

    Args:
        generator: of all that is drawn; None for torch's own.
    """
    h, content = patches.conditions()
    count, clean = len(patches.clean), patches.clean
    uniform = partial(torch.rand, generator=generator, device=clean.device)
    normal = partial(torch.randn, generator=generator, device=clean.device)
    kept = (uniform(count, 1) >= losses.condition_dropout).to(clean.dtype)
    known = uniform(count, 1, 1) >= losses.history_dropout
    level = uniform(count, 1, 1) * losses.history_noise
    history = (patches.history + level * normal(*patches.history.shape)) * known
    if content is not None:
        content = content * kept[..., None]
    t = torch.sigmoid(normal(count) * losses.time_spread + losses.time_shift)
    noisy, target = diffuse(clean, normal(*clean.shape), losses.highest * t)
    return F.mse_loss(locdit(noisy, losses.highest * t, h * kept, history, content), target)


class Utterances(TypedDict):
    """A batch of B padded utterances, as a DiTAR reads them.

    Attributes:
        text: [B, N] symbols, marks included.
        text_lengths: [B] symbols of each.
        positions: [B, U] places in the text at which the pointer can stand.
        latents: [B, T * P, latent_dim] normalised.
        units: [B, T * P] place in `positions` at each latent.
        voice: [B, SIZE] speaker embeddings, for models with one.
    """

    text: Tensor
    text_lengths: Tensor
    positions: Tensor
    latents: Tensor
    units: Tensor
    voice: NotRequired[Tensor]


class LabelledUtterances(Utterances):
    """Utterances to train on.

    Attributes:
        patches: [B] patches of each.
        joins: [B, T] whether a clip begins behind another at this patch.
        stop: [B, T] whether the patch is the last one: 1 or 0; -1 where nothing is learnt of it.
        seconds: [B] duration of each.
    """

    patches: Tensor
    joins: Tensor
    stop: Tensor
    seconds: Tensor


class DiTARObjective(nn.Module):
    """Losses of a DiTAR on a batch of `training.ditar.DiTARData`."""

    def __init__(self, model: DiTAR, losses: DiTARLosses) -> None:
        super().__init__()
        self.model, self.losses = model, losses
        model.vae.requires_grad_(False)
        if model.reader is not None:
            model.reader.requires_grad_(False)
        if model.speaker is not None:
            model.speaker.requires_grad_(False)

    def conditions(self, batch: Utterances, fed: Tensor) -> Conditions:
        """Return what the language model makes of a batch.

        Args:
            fed: latents [B, T * P, latent_dim] as they are fed back.
        """
        model, patch = self.model, self.model.config.patch
        text = model.language_model.symbols(batch["text"])
        voice = None
        if model.voice is not None:
            to_text, voice = model.voice(batch["voice"])
            text = text + to_text[:, None]
        batch_size = text.shape[0]
        embeddings = model.aggregator(fed.reshape(-1, patch, fed.shape[-1]))
        embeddings = embeddings.reshape(batch_size, -1, embeddings.shape[-1])
        content = None
        if model.pointer is not None:
            inside = (
                torch.arange(text.shape[1], device=text.device) < batch["text_lengths"][:, None]
            )
            context = model.pointer.read(text * inside[..., None])
            where = batch["positions"].gather(1, batch["units"])
            content = model.pointer.content(context, where, elapsed_since_move(batch["units"]))
            embeddings = embeddings + model.pointer_embedding(content[:, patch - 1 :: patch])
        return model.language_model(text, batch["text_lengths"], embeddings), content, voice

    def forward(self, batch: LabelledUtterances) -> dict[str, Tensor]:
        model, losses = self.model, self.losses
        patch = model.config.patch
        latents, counts = batch["latents"], batch["patches"]
        level = torch.rand(latents.shape[0], 1, 1, device=latents.device) * losses.noise
        fed = latents + level * torch.randn_like(latents)
        if "voice" in batch:
            given = torch.rand(len(latents), 1, device=latents.device) >= losses.speaker_dropout
            batch = {**batch, "voice": batch["voice"] * given}
        outputs, content, voice = self.conditions(batch, fed)
        valid = torch.arange(outputs.shape[1] - 1, device=latents.device) < counts[:, None]

        # LocDiT on a random subset of the patches, or on all of them several times.
        rows, columns = torch.nonzero(valid, as_tuple=True)
        rounds = [
            torch.rand(len(rows), device=rows.device).argsort()
            for _ in range(math.ceil(losses.draws))
        ]
        chosen = torch.cat(rounds)[: max(1, int(losses.draws * len(rows)))]
        chosen_patches = patches_at(
            model.config, latents, fed, (outputs, content, voice), rows[chosen], columns[chosen]
        )
        out = {"diffusion": diffusion_loss(model.locdit, chosen_patches, losses)}
        total = out["diffusion"]

        if model.pointer is not None:
            wanted = patterns(batch["units"], batch["units"][:, 0], patch)
            scored = valid & ~batch["joins"]
            out["pattern"] = F.cross_entropy(
                model.pointer.pattern(outputs[:, :-1][scored]), wanted[scored]
            )
            total = total + losses.pattern * out["pattern"]

        stop = model.language_model.stop(outputs[:, 1:])[..., 0]
        label, scored = batch["stop"].clamp_min(0), valid & (batch["stop"] >= 0)
        out["stop"] = F.binary_cross_entropy_with_logits(
            stop[scored], label[scored].to(stop.dtype), pos_weight=stop.new_tensor(5.0)
        )
        total = total + losses.stop * out["stop"]
        return {"loss": total, **out}
