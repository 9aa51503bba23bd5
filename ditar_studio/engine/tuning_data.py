"""Data of a fine-tuning: every patch of the clips, with the conditions that LocDiT gets.

The language model stays as it is, so it reads each clip only once, or a few times with different
noise on the latents that are fed back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.objective import (
    DiTARLosses,
    DiTARObjective,
    Patches,
    Utterances,
    patches_at,
)

_LONGEST = 400  # latents of one of two clips that are joined: 10 s
_SHORTEST = 16  # latents of a part: 0.4 s


@dataclass(frozen=True, eq=False)
class AlignedClip:
    """A clip with its phonemes and when each of them begins.

    Attributes:
        symbols: [N] its phonemes (indices), as in `inference.ditar.Prompt`.
        latents: [T * P, latent_dim] normalised.
        units: [T * P] how many of its sounds have begun at each latent.
    """

    symbols: Tensor
    latents: Tensor
    units: Tensor


def cut(clip: AlignedClip, patch: int, longest: int = _LONGEST) -> list[AlignedClip]:
    """Return a clip in parts of at most so many latents, cut between words."""
    if len(clip.latents) <= longest:
        return [clip]
    parts = halves(clip, patch)
    if parts is None:
        return [clip]
    return [piece for part in parts for piece in cut(part, patch, longest)]


def halves(clip: AlignedClip, patch: int) -> tuple[AlignedClip, AlignedClip] | None:
    """Return a clip in two, cut between patches where a word begins, as near the middle as there is
    one; None if it is too short.
    """
    symbols, units = clip.symbols, clip.units
    boundaries = torch.nonzero(symbols == DiTAR.boundary)[:, 0]
    if not len(boundaries):  # without a transcript
        boundaries = torch.arange(1, len(symbols))
    before = torch.cumsum(symbols != DiTAR.boundary, 0)[boundaries - 1]  # sounds ahead of each
    places = torch.searchsorted(units, before, right=True)  # latents ahead of each
    places = (places / patch).round().long() * patch
    fits = (places >= _SHORTEST) & (places <= len(units) - _SHORTEST)
    if not fits.any():
        return None
    away = (places - len(units) // 2).abs().masked_fill(~fits, len(units))
    best = int(away.argmin())
    boundary, sounds, place = int(boundaries[best]), int(before[best]), int(places[best])
    rest = boundary + int(symbols[boundary] == DiTAR.boundary)
    first = symbols[:boundary], clip.latents[:place], units[:place].clamp(max=sounds)
    second = symbols[rest:], clip.latents[place:], (units[place:] - sounds).clamp_min(0)
    return AlignedClip(*first), AlignedClip(*second)


def pairs(clips: Sequence[AlignedClip], patch: int) -> list[tuple[AlignedClip, ...]]:
    """Return every clip behind another, as what is to be content stands behind a prompt; a single
    clip's halves behind each other.
    """
    parts = [part for clip in clips for part in cut(clip, patch)]
    if len(parts) == 1 and (two := halves(parts[0], patch)) is not None:
        parts = list(two)
    if len(parts) == 1:
        return [(parts[0],)]
    return [(parts[number - 1], part) for number, part in enumerate(parts)]


def collect(
    model: DiTAR,
    clips: Sequence[AlignedClip],
    voice: Tensor,
    losses: DiTARLosses,
    draws: int,
    generator: torch.Generator,
) -> Patches:
    """Return all patches of a voice's clips, so many times.

    Args:
        model: a model with pointer and speaker embedding.
        clips: the encoded clips.
        voice: [SIZE] embedding that is given with all of them.
        losses: says how much noise is fed back.
        draws: passes of the language model, each with noise of its own.
        generator: of that noise.
    """
    objective, patch = DiTARObjective(model, losses), model.config.patch
    found = []
    for parts in pairs(clips, patch):
        batch = joined(parts, patch)
        batch["voice"] = voice[None]
        latents = batch["latents"]
        columns = torch.arange(latents.shape[1] // patch)
        if len(parts) > 1:  # those of the prompt are targets elsewhere
            columns = columns[len(parts[0].latents) // patch :]
        rows = torch.zeros_like(columns)
        for _ in range(draws):
            level = torch.rand(1, 1, 1, generator=generator) * losses.noise
            fed = latents + level * torch.randn(latents.shape, generator=generator)
            outputs, content, _ = objective.conditions(batch, fed)
            conditions = outputs, content, None
            found.append(patches_at(model.config, latents, fed, conditions, rows, columns))
    clean, history, h, content = (
        torch.cat([getattr(patches, name) for patches in found])
        for name in ("clean", "history", "h", "content")
    )
    return Patches(clean, history, h, content, None)


def whole_patches(clip: AlignedClip, patch: int) -> AlignedClip:
    """Return a clip's whole patches, its first latent being the mark's, as generation has it."""
    whole = len(clip.latents) // patch * patch
    units = clip.units[:whole].clone()
    units[0] = 0
    return AlignedClip(clip.symbols, clip.latents[:whole], units)


def joined(parts: Sequence[AlignedClip], patch: int) -> Utterances:
    """Return one utterance of several, as `DiTARObjective.conditions` takes them."""
    mark = torch.tensor([DiTAR.begin_mark])
    text, latents, units = [mark], [], []
    sounds = 0
    for part in (whole_patches(part, patch) for part in parts):
        text += [part.symbols, mark]
        latents.append(part.latents)
        units.append(part.units + sounds)
        sounds += int((part.symbols != DiTAR.boundary).sum()) + 1
    joined = torch.cat(text)
    return {
        "text": joined[None],
        "text_lengths": torch.tensor([len(joined)]),
        "positions": torch.nonzero(joined[:-1] != DiTAR.boundary)[:, 0][None],
        "latents": torch.cat(latents)[None],
        "units": torch.cat(units)[None],
    }
