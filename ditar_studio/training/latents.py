"""Latents, alignments and voices of a prepared corpus, computed once for the DiTAR trainer.

`encode_corpus` needs a trained VAE, `align_corpus` a trained phonetic reader; they don't need each
other and can run side by side. `embed_corpus` needs a trained speaker encoder and what
`align_corpus` wrote.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ditar_studio.errors import StudioError
from ditar_studio.model.alignment import align
from ditar_studio.model.reader import PhoneticReader
from ditar_studio.model.speaker import SIZE, SpeakerEncoder
from ditar_studio.model.vae import Vae
from ditar_studio.training.corpus import Entry, PreparedCorpus
from ditar_studio.training.labels import spoken

_CROPS = 4  # embeddings a clip: of the whole, then of random parts
_SHORTEST_CROP, _LONGEST_CROP = 2.0, 5.0  # seconds
_WORST_FIT = -1.0  # mean log probability a latent below which text and audio don't belong together


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
    """Set the VAE's normalisation to the mean and spread of its latents over the corpus."""
    chosen = np.random.default_rng(0).permutation(len(corpus.entries))[:clips]
    with torch.inference_mode():
        means = [
            vae.encoder(_whole(corpus, corpus.entries[i], vae.config.hop))[0][0] for i in chosen
        ]
    everything = torch.cat(means)
    vae.latent_mean.copy_(everything.mean(0))
    vae.latent_scale.copy_(everything.std(0))


def _whole(corpus: PreparedCorpus, entry: Entry, hop: int) -> torch.Tensor:
    """Samples [1, n] of a clip, cut to whole hops."""
    return torch.from_numpy(corpus.samples(entry, 0, entry.samples // hop * hop))[None]


def _readable(
    corpus: PreparedCorpus, labels: dict[str, list[int]], hop: int
) -> Iterator[tuple[Entry, list[int], int]]:
    """Clips whose text can be read, with their phonemes and their place in the flat arrays."""
    start = 0
    for entry in corpus.entries:
        symbols = labels.get(entry.audio)
        if symbols:
            yield entry, symbols, start
            start += entry.samples // hop


def encode_corpus(
    vae: Vae, corpus: PreparedCorpus, labels: dict[str, list[int]], out: Path
) -> None:
    """Write `latents.f16` [frames, latent_dim], normalised."""
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "latents.f16.part", "wb") as file, torch.inference_mode():
        for entry, _, _ in _readable(corpus, labels, vae.config.hop):
            latents = vae.encode(_whole(corpus, entry, vae.config.hop))[0]
            file.write(latents.numpy().astype("<f2").tobytes())
    (out / "latents.f16.part").replace(out / "latents.f16")


def align_corpus(
    reader: PhoneticReader,
    hop: int,
    corpus: PreparedCorpus,
    labels: dict[str, list[int]],
    out: Path,
    report: Callable[[str], None],
) -> int:
    """Write `units.i16` [frames], the sounds begun at each latent, and `latents.jsonl`.

    Returns:
        The number of clips; those whose text doesn't fit their audio are reported and left out.
    """
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    with open(out / "units.i16", "wb") as file, torch.inference_mode():
        for entry, symbols, start in _readable(corpus, labels, hop):
            frames = entry.samples // hop
            units, fit = torch.zeros(frames), float("-inf")
            try:
                log_probs = reader(_whole(corpus, entry, hop))[0]
                units, fit = align(log_probs, torch.tensor(spoken(symbols)))
            except StudioError as error:
                report(f"{entry.audio}: {error}")
            file.write(units.numpy().astype("<i2").tobytes())
            if fit < _WORST_FIT:
                report(f"{entry.audio}: left out, its text does not fit ({fit:.2f})")
                continue
            place = (start, frames, symbols, round(fit, 4))
            rows.append(LatentEntry(entry.audio, entry.speaker, entry.source, *place))
    with open(out / "latents.jsonl", "w", encoding="utf-8") as index:
        index.writelines(json.dumps(asdict(row)) + "\n" for row in rows)
    return len(rows)


def embed_corpus(speaker: SpeakerEncoder, corpus: PreparedCorpus, out: Path) -> None:
    """Write `voices.f16` [clips, crops, SIZE], in the order of `latents.jsonl`."""
    by_name = {entry.audio: entry for entry in corpus.entries}
    random = np.random.default_rng(0)
    with (
        open(out / "latents.jsonl", encoding="utf-8") as index,
        open(out / "voices.f16", "wb") as file,
        torch.inference_mode(),
    ):
        for line in index:
            entry = by_name[json.loads(line)["audio"]]
            wave = _whole(corpus, entry, speaker.config.hop)
            for crop in range(_CROPS):
                seconds = random.uniform(_SHORTEST_CROP, _LONGEST_CROP) if crop else 60.0
                count = min(wave.shape[1], int(seconds * speaker.config.sample_rate))
                start = int(random.integers(wave.shape[1] - count + 1))
                embedding = speaker(wave[:, start : start + count])[0]
                file.write(embedding.numpy().astype("<f2").tobytes())


class SameSpeaker:
    """Finds clips of the same speaker among `entries`."""

    def __init__(self, entries: list[LatentEntry]) -> None:
        self._of_speaker: dict[str, list[LatentEntry]] = defaultdict(list)
        for entry in entries:
            self._of_speaker[entry.speaker].append(entry)

    def all(self, entry: LatentEntry) -> list[LatentEntry]:
        """All clips of an entry's speaker, itself among them."""
        return self._of_speaker[entry.speaker]

    def alike(self, entry: LatentEntry) -> LatentEntry:
        """A clip of the same speaker, often the same one."""
        others = self.all(entry)
        return entry if np.random.random() < 0.5 else others[np.random.randint(len(others))]


class LatentCorpus:
    """Read access to what `encode_corpus`, `align_corpus` and, if it ran, `embed_corpus` wrote."""

    def __init__(self, root: Path, latent_dim: int) -> None:
        if not (root / "latents.jsonl").is_file() or not (root / "latents.f16").is_file():
            raise StudioError(
                f"{root} holds no aligned latents.", "Run `ditar-studio train latents` first."
            )
        with open(root / "latents.jsonl", encoding="utf-8") as file:
            self.entries = [LatentEntry(**json.loads(line)) for line in file]
        flat = np.memmap(root / "latents.f16", dtype="<f2", mode="r")
        self._latents = flat.reshape(-1, latent_dim)
        self._units = np.memmap(root / "units.i16", dtype="<i2", mode="r")
        self._voices: NDArray[np.float16] | None = None
        if (root / "voices.f16").is_file():
            voices = np.fromfile(root / "voices.f16", dtype="<f2").reshape(-1, _CROPS, SIZE)
            self._voices = voices
        self._numbers = {entry.audio: number for number, entry in enumerate(self.entries)}
        same = self._voices is None or len(self._voices) == len(self.entries)
        if len(self._latents) != len(self._units) or not same:
            raise StudioError(
                f"Latents, alignments and voices in {root} are not of the same corpus.",
                "Make them again with `ditar-studio train latents`.",
            )

    def latents(self, entry: LatentEntry) -> NDArray[np.float32]:
        """[frames, latent_dim]."""
        return self._latents[entry.start : entry.start + entry.frames].astype(np.float32)

    def units(self, entry: LatentEntry) -> NDArray[np.int64]:
        """[frames], the number of the clip's sounds begun at each latent."""
        return self._units[entry.start : entry.start + entry.frames].astype(np.int64)

    def voice(self, entry: LatentEntry) -> NDArray[np.float32]:
        """[SIZE], an embedding of the clip or of a part of it, drawn anew each time."""
        if self._voices is None:
            raise StudioError(
                "These latents have no speaker embeddings.",
                "Run `ditar-studio train latents` again with a speaker encoder.",
            )
        crop = np.random.randint(_CROPS)
        return np.asarray(self._voices[self._numbers[entry.audio], crop], np.float32)
