"""Latents and alignments of a prepared corpus, computed once with a trained VAE for the DiTAR
trainer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ditar_studio.errors import StudioError
from ditar_studio.model.alignment import align
from ditar_studio.model.vae import Vae
from ditar_studio.training.corpus import PreparedCorpus
from ditar_studio.training.labels import spoken

_WORST_FIT = -1.5  # mean log probability a latent below which text and audio don't belong together


@dataclass(frozen=True)
class LatentEntry:
    """One clip: its place in the flat arrays, its phonemes and how well they fit."""

    audio: str
    speaker: str
    source: str
    start: int
    frames: int
    symbols: list[int]
    fit: float


def measure_statistics(vae: Vae, corpus: PreparedCorpus, clips: int = 400) -> None:
    """Set the VAE's normalisation buffers to the mean and spread of its latents over the corpus."""
    chosen = np.random.default_rng(0).permutation(len(corpus.entries))[:clips]
    hop = vae.config.hop
    with torch.inference_mode():
        means = [
            vae.encoder(torch.from_numpy(corpus.samples(e, 0, e.samples // hop * hop))[None])[0][0]
            for e in (corpus.entries[i] for i in chosen)
        ]
    everything = torch.cat(means)
    vae.latent_mean.copy_(everything.mean(0))
    vae.latent_scale.copy_(everything.std(0))


def encode_corpus(
    vae: Vae,
    corpus: PreparedCorpus,
    labels: dict[str, list[int]],
    out: Path,
    report: Callable[[str], None],
) -> int:
    """Write `latents.f16` [frames, latent_dim], `units.i16` [frames] and `latents.jsonl` to `out`.

    Returns:
        The number of clips; those whose text doesn't fit their audio are reported and left out.
    """
    out.mkdir(parents=True, exist_ok=True)
    hop, start, count = vae.config.hop, 0, 0
    with (
        open(out / "latents.f16", "wb") as latents_file,
        open(out / "units.i16", "wb") as units_file,
        open(out / "latents.jsonl", "w", encoding="utf-8") as index,
        torch.inference_mode(),
    ):
        for entry in corpus.entries:
            symbols = labels.get(entry.audio) or []
            wave = torch.from_numpy(corpus.samples(entry, 0, entry.samples // hop * hop))
            latents = vae.encode(wave[None])[0]
            try:
                units, fit = align(
                    vae.phoneme_logits(latents[None])[0].log_softmax(-1),
                    torch.tensor(spoken(symbols), dtype=torch.long),
                )
                if fit < _WORST_FIT:
                    raise StudioError(f"The text does not fit the audio ({fit:.2f}).")
            except StudioError as error:
                report(f"{entry.audio}: left out: {error}")
                continue
            latents_file.write(latents.numpy().astype("<f2").tobytes())
            units_file.write(units.numpy().astype("<i2").tobytes())
            row = LatentEntry(
                entry.audio,
                entry.speaker,
                entry.source,
                start,
                len(latents),
                symbols,
                round(fit, 4),
            )
            index.write(json.dumps(asdict(row)) + "\n")
            start += len(latents)
            count += 1
    return count


class LatentCorpus:
    """Read access to what `encode_corpus` wrote."""

    def __init__(self, root: Path, latent_dim: int) -> None:
        if not (root / "latents.jsonl").is_file():
            raise StudioError(
                f"{root} holds no latents.", "Run `ditar-studio train latents` first."
            )
        with open(root / "latents.jsonl", encoding="utf-8") as file:
            self.entries = [LatentEntry(**json.loads(line)) for line in file]
        flat = np.memmap(root / "latents.f16", dtype="<f2", mode="r")
        self._latents = flat.reshape(-1, latent_dim)
        self._units = np.memmap(root / "units.i16", dtype="<i2", mode="r")

    def latents(self, entry: LatentEntry) -> NDArray[np.float32]:
        """[frames, latent_dim]."""
        return self._latents[entry.start : entry.start + entry.frames].astype(np.float32)

    def units(self, entry: LatentEntry) -> NDArray[np.int64]:
        """[frames], the number of the clip's sounds begun at each latent."""
        return self._units[entry.start : entry.start + entry.frames].astype(np.int64)
