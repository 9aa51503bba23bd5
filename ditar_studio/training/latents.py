"""Latents and alignments of a prepared corpus, computed once with a trained VAE.

Three passes: `encode_corpus` writes the latents, `phonetic_loop` lets the phonetic head learn on
them for a while longer (cheap, now that the encoder is fixed), `align_corpus` places the pointer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ditar_studio.errors import StudioError
from ditar_studio.model.alignment import align
from ditar_studio.model.vae import Vae
from ditar_studio.training.corpus import PreparedCorpus
from ditar_studio.training.labels import spoken
from ditar_studio.training.loop import Loop, LoopConfig

_WORST_FIT = -1.0  # mean log probability a latent below which text and audio don't belong together


@dataclass(frozen=True)
class LatentEntry:
    """One clip: its place in the flat arrays, its phonemes and, once aligned, how well they fit."""

    audio: str
    speaker: str
    source: str
    start: int
    frames: int
    symbols: list[int]
    fit: float = 0.0


def measure_statistics(vae: Vae, corpus: PreparedCorpus, clips: int = 400) -> None:
    """Set the VAE's normalisation to the mean and spread of its latents over the corpus."""
    chosen = np.random.default_rng(0).permutation(len(corpus.entries))[:clips]
    hop = vae.config.hop
    with torch.inference_mode():
        means = []
        for entry in (corpus.entries[i] for i in chosen):
            wave = torch.from_numpy(corpus.samples(entry, 0, entry.samples // hop * hop))
            means.append(vae.encoder(wave[None])[0][0])
    everything = torch.cat(means)
    vae.latent_mean.copy_(everything.mean(0))
    vae.latent_scale.copy_(everything.std(0))


def _write_index(path: Path, entries: list[LatentEntry]) -> None:
    part = path.with_suffix(".part")
    part.write_text("".join(json.dumps(asdict(e)) + "\n" for e in entries), "utf-8")
    part.replace(path)


def encode_corpus(vae: Vae, corpus: PreparedCorpus, labels: dict[str, list[int]], out: Path) -> int:
    """Write `latents.f16` [frames, latent_dim], normalised, and `latents.jsonl`.

    Returns:
        The number of clips, which are those whose text could be read.
    """
    out.mkdir(parents=True, exist_ok=True)
    hop, start = vae.config.hop, 0
    entries = []
    with open(out / "latents.f16", "wb") as file, torch.inference_mode():
        for entry in corpus.entries:
            symbols = labels.get(entry.audio) or []
            if not symbols:
                continue
            wave = torch.from_numpy(corpus.samples(entry, 0, entry.samples // hop * hop))
            latents = vae.encode(wave[None])[0]
            file.write(latents.numpy().astype("<f2").tobytes())
            place = (start, len(latents))
            entries.append(LatentEntry(entry.audio, entry.speaker, entry.source, *place, symbols))
            start += len(latents)
    _write_index(out / "latents.jsonl", entries)
    return len(entries)


class LatentCorpus:
    """Read access to what `encode_corpus` and `align_corpus` wrote."""

    def __init__(self, root: Path, latent_dim: int) -> None:
        self.root = root
        self.aligned = (root / "aligned.jsonl").is_file()
        index = root / ("aligned.jsonl" if self.aligned else "latents.jsonl")
        if not index.is_file():
            raise StudioError(
                f"{root} holds no latents.", "Run `ditar-studio train latents` first."
            )
        with open(index, encoding="utf-8") as file:
            self.entries = [LatentEntry(**json.loads(line)) for line in file]
        flat = np.memmap(root / "latents.f16", dtype="<f2", mode="r")
        self._latents = flat.reshape(-1, latent_dim)
        if self.aligned:
            self._units = np.memmap(root / "units.i16", dtype="<i2", mode="r")

    def latents(self, entry: LatentEntry) -> NDArray[np.float32]:
        """[frames, latent_dim]."""
        return self._latents[entry.start : entry.start + entry.frames].astype(np.float32)

    def units(self, entry: LatentEntry) -> NDArray[np.int64]:
        """[frames], the number of the clip's sounds begun at each latent."""
        return self._units[entry.start : entry.start + entry.frames].astype(np.int64)


class PhoneticObjective(nn.Module):
    """CTC of the phonetic head on `latents` [B, T, D] of `frames` [B] with `labels` [B, L]."""

    def __init__(self, vae: Vae, noise: float = 0.15) -> None:
        super().__init__()
        self.vae, self.noise = vae, noise

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        latents = batch["latents"] + self.noise * torch.randn_like(batch["latents"])
        log_probs = self.vae.phoneme_logits(latents).float().log_softmax(-1).transpose(0, 1)
        lengths = batch["label_lengths"]
        loss = F.ctc_loss(log_probs, batch["labels"], batch["frames"], lengths, zero_infinity=True)
        return {"loss": loss}


def phonetic_loop(vae: Vae, corpus: LatentCorpus, config: LoopConfig, out: Path) -> Loop:
    """A loop that trains the phonetic head alone."""
    assert vae.phonetic is not None
    entries = [e for e in corpus.entries if e.frames >= len(e.symbols)]

    def load(indices: list[int]) -> dict[str, Tensor]:
        chosen = [entries[i] for i in indices]
        labels = [torch.tensor(spoken(e.symbols)) for e in chosen]
        latents = [torch.from_numpy(corpus.latents(e)) for e in chosen]
        pad = nn.utils.rnn.pad_sequence
        return {
            "latents": pad(latents, batch_first=True),
            "labels": pad(labels, batch_first=True),
            "frames": torch.tensor([e.frames for e in chosen]),
            "label_lengths": torch.tensor([len(row) for row in labels]),
            "seconds": torch.tensor([e.frames / vae.config.latent_rate for e in chosen]),
        }

    seconds = [e.frames / vae.config.latent_rate for e in entries]
    objective = PhoneticObjective(vae)
    return Loop(objective, load, seconds, config, out, list(vae.phonetic.parameters()))


def align_corpus(vae: Vae, corpus: LatentCorpus, report: Callable[[str], None]) -> int:
    """Write `units.i16` [frames], the sounds begun at each latent, and `aligned.jsonl`.

    Returns:
        The number of clips; those whose text doesn't fit their audio are reported and left out.
    """
    kept = []
    units_file = np.zeros(sum(e.frames for e in corpus.entries), "<i2")
    with torch.inference_mode():
        for entry in corpus.entries:
            latents = torch.from_numpy(corpus.latents(entry))
            log_probs = vae.phoneme_logits(latents[None])[0].log_softmax(-1)
            try:
                units, fit = align(log_probs, torch.tensor(spoken(entry.symbols)))
                if fit < _WORST_FIT:
                    raise StudioError(f"The text does not fit the audio ({fit:.2f}).")
            except StudioError as error:
                report(f"{entry.audio}: left out: {error}")
                continue
            units_file[entry.start : entry.start + entry.frames] = units.numpy()
            kept.append(replace(entry, fit=round(fit, 4)))
    units_file.tofile(corpus.root / "units.i16")
    _write_index(corpus.root / "aligned.jsonl", kept)
    return len(kept)
