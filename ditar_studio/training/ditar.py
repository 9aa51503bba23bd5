"""DiTAR trainer on cached latents.

One pass of the language model over whole utterances; LocDiT on a random subset of the patches,
several noise draws
each; every language-model output is zeroed with probability 0.1 for LM guidance. Half or more of
the examples put another
utterance of the same speaker in front, which is what a prompt is: that teaches cloning.
Sources: arXiv 2502.03930, section 3; its successors for noise on fed-back latents and repeated
draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ditar_studio.model.config import DiTARConfig
from ditar_studio.model.diffusion import diffuse
from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.pointer import elapsed_since_move, patterns
from ditar_studio.training.latents import LatentCorpus, LatentEntry, SameSpeaker
from ditar_studio.training.loop import Loop, LoopConfig


@dataclass(frozen=True)
class DiTARLosses:
    """Weights and rates of the objective.

    Args:
        pattern: weight of the pointer's cross-entropy.
        stop: weight of the stop head's.
        draws: share of the patches that LocDiT is trained on a step, times the noise draws each.
        drop: probability that a language-model output is zeroed.
        forget: probability that LocDiT does not see the history of a patch, so that the language
            model has to tell it whose voice this is.
        noise: largest standard deviation of the noise on latents that are fed back.
        history_noise: the same, of further noise on LocDiT's history.
        nameless: probability that an example's voice embedding is not given.
        time_shift: mean of the logit-normal noise levels; positive is towards noise.
    """

    pattern: float = 0.2
    stop: float = 0.05
    draws: float = 0.6
    drop: float = 0.1
    forget: float = 0.4
    noise: float = 0.3
    history_noise: float = 0.4
    nameless: float = 0.05
    time_shift: float = 0.3


def in_patches(x: Tensor, patch: int) -> Tensor:
    """[B, T * P, dim] -> [B, T, P, dim]."""
    return x.reshape(x.shape[0], -1, patch, x.shape[-1])


def locdit_conditions(
    outputs: Tensor,
    spoken: Tensor | None,
    voice: Tensor | None,
    patch: int,
    rows: Tensor,
    columns: Tensor,
) -> tuple[Tensor, Tensor | None]:
    """h [N, dim] and what the latents say [N, P, dim], as LocDiT is given them for the patches at
    `rows`, `columns` of `DiTARObjective.conditions`."""
    told = outputs[rows, columns]
    said = None if spoken is None else in_patches(spoken, patch)[rows, columns]
    if voice is not None:
        told = told + voice[rows]
        said = None if said is None else said + voice[rows, None]
    return told, said


class DiTARObjective(nn.Module):
    """Losses of a DiTAR on a batch of `DiTARData`."""

    def __init__(self, model: DiTAR, losses: DiTARLosses) -> None:
        super().__init__()
        self.model, self.losses = model, losses
        model.vae.requires_grad_(False)
        if model.reader is not None:
            model.reader.requires_grad_(False)
        if model.speaker is not None:
            model.speaker.requires_grad_(False)

    def conditions(
        self, batch: dict[str, Tensor], fed: Tensor
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Language-model outputs [B, T + 1, dim]; with a pointer, what latents say [B, T * P,
        dim]; with a speaker embedding, what LocDiT is told of it [B, dim].

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
        spoken = None
        if model.pointer is not None:
            inside = (
                torch.arange(text.shape[1], device=text.device) < batch["text_lengths"][:, None]
            )
            context = model.pointer.read(text * inside[..., None])
            where = batch["positions"].gather(1, batch["units"])
            spoken = model.pointer.spoken(context, where, elapsed_since_move(batch["units"]))
            embeddings = embeddings + model.heard(spoken[:, patch - 1 :: patch])
        return model.language_model(text, batch["text_lengths"], embeddings), spoken, voice

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        model, losses = self.model, self.losses
        patch = model.config.patch
        latents, counts = batch["latents"], batch["patches"]
        level = torch.rand(latents.shape[0], 1, 1, device=latents.device) * losses.noise
        fed = latents + level * torch.randn_like(latents)
        if "voice" in batch:
            given = torch.rand(len(latents), 1, device=latents.device) >= losses.nameless
            batch = {**batch, "voice": batch["voice"] * given}
        outputs, spoken, voice = self.conditions(batch, fed)
        valid = torch.arange(outputs.shape[1] - 1, device=latents.device) < counts[:, None]

        # LocDiT on a random subset of the patches.
        rows, columns = torch.nonzero(valid, as_tuple=True)
        chosen = torch.rand(len(rows), device=rows.device).argsort()[
            : max(1, int(losses.draws * len(rows)))
        ]
        rows, columns = rows[chosen], columns[chosen]
        keep = (torch.rand(len(rows), 1, device=rows.device) >= losses.drop).to(latents.dtype)
        clean = in_patches(latents, patch)[rows, columns]
        earlier = F.pad(in_patches(fed, patch), (0, 0, 0, 0, model.config.history, 0))
        history = torch.cat(
            [earlier[rows, columns + k] for k in range(model.config.history)], dim=1
        )
        known = torch.rand(len(rows), 1, 1, device=rows.device) >= losses.forget
        level = torch.rand(len(rows), 1, 1, device=rows.device) * losses.history_noise
        history = (history + level * torch.randn_like(history)) * known
        told, said = locdit_conditions(outputs, spoken, voice, patch, rows, columns)
        if said is not None:
            said = said * keep[..., None]
        t = torch.sigmoid(torch.randn(len(rows), device=rows.device) * 1.2 + losses.time_shift)
        noisy, target = diffuse(clean, torch.randn_like(clean), t)
        u = model.locdit(noisy, t, told * keep, history, said)
        out = {"diffusion": F.mse_loss(u, target)}
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

    def _partner(self, entry: LatentEntry) -> LatentEntry | None:
        others = self._speakers.all(entry)
        if len(others) < 2 or np.random.random() >= self.join:
            return None
        partner = others[np.random.randint(len(others))]
        fits = entry.frames + partner.frames <= self.longest and partner.audio != entry.audio
        return partner if fits else None

    def sample(self, count: int = 6) -> dict[str, Tensor]:
        """A batch from all lengths and sources, always the same, to measure on."""
        np.random.seed(0)
        return self.load(list(range(0, len(self.entries), -(-len(self.entries) // count))))

    def load(self, indices: list[int]) -> dict[str, Tensor]:
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
        batch = {
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
    model: DiTAR, batch: dict[str, Tensor], levels: tuple[float, ...] = (0.3, 0.6, 0.9)
) -> dict[str, float]:
    """Diffusion loss with another clip's text minus that with the right one, per noise level.

    The training loss hides whether the text matters; this shows it.
    """
    objective = DiTARObjective(model, DiTARLosses())
    device = model.language_model.symbols.weight.device
    batch = {name: value.to(device) for name, value in batch.items()}
    wrong = dict(batch)
    wrong["text"] = torch.where(
        batch["text"] > DiTAR.boundary, batch["text"].roll(7, 1), batch["text"]
    )
    patch = model.config.patch
    places = torch.arange(batch["latents"].shape[1] // patch, device=device)
    valid = places < batch["patches"][:, None]
    rows, columns = torch.nonzero(valid[:, 1:], as_tuple=True)
    columns = columns + 1
    clean = in_patches(batch["latents"], patch)
    noise = torch.randn(clean[rows, columns].shape, generator=torch.Generator().manual_seed(0))
    noise = noise.to(device)
    result = {}
    for level in levels:
        losses = []
        for candidate in (wrong, batch):
            conditions = objective.conditions(candidate, candidate["latents"])
            told, said = locdit_conditions(*conditions, patch, rows, columns)
            t = torch.full((len(rows),), level, device=device)
            noisy, target = diffuse(clean[rows, columns], noise, t)
            u = model.locdit(noisy, t, told, clean[rows, columns - 1], said)
            losses.append(float(F.mse_loss(u, target)))
        result[f"text_gain_{level}"] = round(losses[0] - losses[1], 5)
    return result


def ditar_loop(
    model: DiTAR, data: DiTARData, config: LoopConfig, out: Path, losses: DiTARLosses | None = None
) -> Loop:
    """A loop that trains all of `model` but VAE, reader and speaker encoder."""
    return Loop(
        DiTARObjective(model, losses or DiTARLosses()), data.load, data.seconds, config, out
    )
