"""DiTAR trainer on cached latents.

Half or more of the examples put another utterance of the same speaker in front, which is what a
prompt is: that teaches cloning. The losses are in `model.objective`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ditar_studio.model.config import DiTARConfig
from ditar_studio.model.diffusion import diffuse
from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.objective import (
    DiTARLosses,
    DiTARObjective,
    LabelledUtterances,
    patches_at,
)
from ditar_studio.training.batches import map_tensors
from ditar_studio.training.latents import LatentCorpus, LatentEntry, SameSpeaker
from ditar_studio.training.loop import Loop, LoopConfig
from ditar_studio.training.reward import Reward, RewardObjective


class DiTARData:
    """Batches for `DiTARObjective`: single utterances, or two of one speaker joined."""

    def __init__(
        self, corpus: LatentCorpus, config: DiTARConfig, join: float = 0.7, longest: int = 640
    ) -> None:
        self.corpus, self.config, self.join, self.longest = corpus, config, join, longest
        self.entries = [e for e in corpus.entries if config.patch <= e.frames <= longest]
        self._speakers = SameSpeaker(self.entries)

    @property
    def seconds(self) -> list[float]:
        return [e.frames / self.config.vae.latent_rate for e in self.entries]

    @property
    def sources(self) -> list[str]:
        return [e.source for e in self.entries]

    def _partner(self, entry: LatentEntry) -> LatentEntry | None:
        others = self._speakers.all(entry)
        if len(others) < 2 or np.random.random() >= self.join:
            return None
        partner = others[np.random.randint(len(others))]
        fits = entry.frames + partner.frames <= self.longest and partner.audio != entry.audio
        return partner if fits else None

    def sample(self, count: int = 6) -> LabelledUtterances:
        """Return a batch from all lengths and sources, always the same, to measure on."""
        np.random.seed(0)
        return self.load(list(range(0, len(self.entries), -(-len(self.entries) // count))))

    def load(self, indices: list[int]) -> LabelledUtterances:
        """Load a padded batch of utterances; see `DiTARObjective.forward`."""
        patch = self.config.patch
        examples, voices = [], []
        for index in indices:
            entry = self.entries[index]
            partner = self._partner(entry)
            parts = [entry] if partner is None else [partner, entry]
            if self.config.speaker:
                voices.append(self.corpus.voice(partner or self._speakers.alike(entry)))
            text = [DiTAR.begin_mark]
            latents, units, joins, stop = [], [], [], []
            offset = 0
            for place, part in enumerate(parts):
                text += [*part.symbols, DiTAR.begin_mark]
                whole = part.frames // patch * patch
                latents.append(self.corpus.latents(part)[:whole])
                begun = self.corpus.units(part)[:whole].copy()
                begun[0] = 0  # the first latent is still the mark, so that a join moves by a step
                units.append(begun + offset)
                offset += sum(s != DiTAR.boundary for s in part.symbols) + 1
                count = whole // patch
                joins += [place > 0, *[False] * (count - 1)]
                ends = [0] * count
                ends[-3:] = [-1] * len(ends[-3:])
                if place == len(parts) - 1:
                    ends[-1] = 1
                stop += ends
            positions = [i for i, s in enumerate(text[:-1]) if s != DiTAR.boundary]
            examples.append(
                (text, positions, np.concatenate(latents), np.concatenate(units), joins, stop)
            )

        def padded(rows: list[np.ndarray], fill: float = 0) -> Tensor:
            longest = max(len(row) for row in rows)
            out = np.full((len(rows), longest, *rows[0].shape[1:]), fill, rows[0].dtype)
            for line, row in zip(out, rows, strict=True):
                line[: len(row)] = row
            return torch.from_numpy(out)

        def column(k: int, kind: type) -> list[np.ndarray]:
            return [np.asarray(example[k], kind) for example in examples]

        latents_row = column(2, np.float32)
        units_row = column(3, np.int64)
        units_tensor = padded(units_row)
        for line, row in zip(units_tensor, units_row, strict=True):
            line[len(row) :] = int(row[-1])
        batch: LabelledUtterances = {
            "text": padded(column(0, np.int64)),
            "text_lengths": torch.tensor([len(example[0]) for example in examples]),
            "positions": padded(column(1, np.int64)),
            "latents": padded(latents_row),
            "units": units_tensor,
            "patches": torch.tensor([len(row) // patch for row in latents_row]),
            "joins": padded(column(4, np.bool_)),
            "stop": padded(column(5, np.int64), -1),
            "seconds": torch.tensor(
                [len(row) / self.config.vae.latent_rate for row in latents_row]
            ),
        }
        if voices:
            batch["voice"] = torch.from_numpy(np.stack(voices))
        return batch


@torch.inference_mode()
def text_gain(
    model: DiTAR, batch: LabelledUtterances, levels: tuple[float, ...] = (0.3, 0.6, 0.9)
) -> dict[str, float]:
    """Return diffusion loss with another clip's text minus that with the right one, per noise
    level.

    The training loss hides whether the text matters; this shows it.
    """
    objective = DiTARObjective(model, DiTARLosses())
    device = model.language_model.symbols.weight.device
    batch = map_tensors(batch, lambda tensor: tensor.to(device))
    text = batch["text"]
    wrong: LabelledUtterances = {
        **batch,
        "text": torch.where(text > DiTAR.boundary, text.roll(7, 1), text),
    }
    patch = model.config.patch
    places = torch.arange(batch["latents"].shape[1] // patch, device=device)
    valid = places < batch["patches"][:, None]
    rows, columns = torch.nonzero(valid[:, 1:], as_tuple=True)
    columns = columns + 1
    latents = batch["latents"]
    noise = torch.randn(
        len(rows), patch, latents.shape[-1], generator=torch.Generator().manual_seed(0)
    ).to(device)
    result = {}
    for level in levels:
        losses = []
        for candidate in (wrong, batch):
            conditions = objective.conditions(candidate, latents)
            patches = patches_at(model.config, latents, latents, conditions, rows, columns)
            h, content = patches.conditions()
            t = torch.full((len(rows),), level, device=device)
            noisy, target = diffuse(patches.clean, noise, t)
            u = model.locdit(noisy, t, h, patches.history, content)
            losses.append(float(F.mse_loss(u, target)))
        result[f"text_gain_{level}"] = round(losses[0] - losses[1], 5)
    return result


def ditar_loop(
    model: DiTAR,
    data: DiTARData,
    config: LoopConfig,
    out: Path,
    losses: DiTARLosses | None = None,
    reward: Reward | None = None,
    times: Sequence[int] | None = None,
) -> Loop:
    """Return a loop that trains all of `model` but VAE, reader and speaker encoder.

    Args:
        reward: tune a model that is trained already, by what its own networks hear.
        times: how often each of the data's entries is drawn.
    """
    losses = losses or DiTARLosses()
    objective: DiTARObjective | RewardObjective = DiTARObjective(model, losses)
    if reward is not None:
        objective = RewardObjective(model, losses, reward)
    return Loop(objective, data.load, data.seconds, config, out, times=times)
