"""Latents, alignments and voices of a prepared corpus, computed once for the DiTAR trainer.

`encode_corpus` needs a trained VAE, `align_corpus` a trained phonetic reader; they don't need each
other and can run side by side. `embed_corpus` needs a trained speaker encoder and what
`align_corpus` wrote. `make_latents` does all three, and the stages that an interrupted run has
completed are not done again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ditar_studio.errors import StudioError
from ditar_studio.installation import program
from ditar_studio.model.alignment import align
from ditar_studio.model.reader import PhoneticReader
from ditar_studio.model.speaker import SIZE, SpeakerEncoder
from ditar_studio.model.vae import Vae
from ditar_studio.model.weights import save_model
from ditar_studio.training.corpus import Entry, PreparedCorpus
from ditar_studio.training.files import READER_FILE, SPEAKER_FILE, VAE_FILE, unfinished
from ditar_studio.training.labels import spoken

_LATENTS, _UNITS, _VOICES, _INDEX = "latents.f16", "units.i16", "voices.f16", "latents.jsonl"
_RECIPE = "recipe.json"
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
    """Return samples [1, n] of a clip, cut to whole hops."""
    return torch.from_numpy(corpus.samples(entry, 0, entry.samples // hop * hop))[None]


def _readable(
    corpus: PreparedCorpus, labels: dict[str, list[int]], hop: int
) -> Iterator[tuple[Entry, list[int], int]]:
    """Return clips whose text can be read, with their phonemes and their place in the
    flat arrays.
    """
    start = 0
    for entry in corpus.entries:
        symbols = labels.get(entry.audio)
        if symbols:
            yield entry, symbols, start
            start += entry.samples // hop


def make_latents(
    vae: Vae,
    reader: PhoneticReader,
    speaker: SpeakerEncoder,
    corpus: PreparedCorpus,
    labels: dict[str, list[int]],
    out: Path,
    report: Callable[[str], None],
    normalise: bool = True,
) -> int:
    """Align, encode and embed a corpus, and save the networks that did it beside the results.

    Nothing of it is in `out` before all is. Sets the VAE's normalisation, unless a model that is
    trained further already has it.

    Returns:
        The number of clips; those whose text doesn't fit their audio are reported and left out.

    Raises:
        StudioError: no clip is left, or `out` can't be written.
    """
    with unfinished(out, _INDEX) as folder:
        recipe = _recipe((vae, reader, speaker), corpus)
        if not (folder / _RECIPE).is_file() or (folder / _RECIPE).read_text("utf-8") != recipe:
            for path in folder.iterdir():
                path.unlink()
            (folder / _RECIPE).write_text(recipe, "utf-8")
        if not (folder / _INDEX).is_file():
            align_corpus(reader, vae.config.hop, corpus, labels, folder, report)
        count = len(_read_index(folder))
        if not count:
            raise StudioError(
                "No text of the corpus fits its audio.",
                "Check that each row's text is what is said, or train the reader for longer.",
            )
        if normalise:
            measure_statistics(vae, corpus)
        if not (folder / _LATENTS).is_file():
            encode_corpus(vae, corpus, labels, folder)
        if not (folder / _VOICES).is_file():
            embed_corpus(speaker, corpus, folder)
        save_model(vae, folder / VAE_FILE)
        save_model(reader, folder / READER_FILE)
        save_model(speaker, folder / SPEAKER_FILE)
    return count


def _recipe(networks: tuple[nn.Module, ...], corpus: PreparedCorpus) -> str:
    """Return what latents are made from and with, as text."""
    digests = []
    for network in networks:
        digest = hashlib.sha256()
        for tensor in network.state_dict().values():
            digest.update(tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes())
        digests.append(digest.hexdigest())
    clips = json.dumps([asdict(entry) for entry in corpus.entries])
    return json.dumps([*digests, hashlib.sha256(clips.encode()).hexdigest()])


@contextlib.contextmanager
def _whole_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a file that gets its name when it is complete."""
    part = path.with_name(path.name + ".part")
    with open(part, "wb") as file:
        yield file
    part.replace(path)


def encode_corpus(
    vae: Vae, corpus: PreparedCorpus, labels: dict[str, list[int]], out: Path
) -> None:
    """Write `latents.f16` [frames, latent_dim], normalised."""
    out.mkdir(parents=True, exist_ok=True)
    with _whole_file(out / _LATENTS) as file, torch.inference_mode():
        for entry, _, _ in _readable(corpus, labels, vae.config.hop):
            latents = vae.encode(_whole(corpus, entry, vae.config.hop))[0]
            file.write(latents.numpy().astype("<f2").tobytes())


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
    with _whole_file(out / _UNITS) as file, torch.inference_mode():
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
    with _whole_file(out / _INDEX) as index:
        index.writelines((json.dumps(asdict(row)) + "\n").encode() for row in rows)
    return len(rows)


def embed_corpus(speaker: SpeakerEncoder, corpus: PreparedCorpus, out: Path) -> None:
    """Write `voices.f16` [clips, crops, SIZE], in the order of `latents.jsonl`."""
    by_name = {entry.audio: entry for entry in corpus.entries}
    random = np.random.default_rng(0)
    with _whole_file(out / _VOICES) as file, torch.inference_mode():
        for entry in (by_name[row.audio] for row in _read_index(out)):
            frames = speaker.frames(_whole(corpus, entry, speaker.config.hop))
            rate = frames.shape[1] / entry.seconds
            for crop in range(_CROPS):
                seconds = random.uniform(_SHORTEST_CROP, _LONGEST_CROP) if crop else 60.0
                count = min(frames.shape[1], int(seconds * rate))
                start = int(random.integers(frames.shape[1] - count + 1))
                embedding = speaker.pool(frames[:, start : start + count])[0]
                file.write(embedding.numpy().astype("<f2").tobytes())


def _read_index(root: Path) -> list[LatentEntry]:
    with open(root / _INDEX, encoding="utf-8") as file:
        return [LatentEntry(**json.loads(line)) for line in file]


class SameSpeaker:
    """Finds clips of the same speaker among `entries`."""

    def __init__(self, entries: list[LatentEntry]) -> None:
        self._of_speaker: dict[str, list[LatentEntry]] = defaultdict(list)
        for entry in entries:
            self._of_speaker[entry.speaker].append(entry)

    def all(self, entry: LatentEntry) -> list[LatentEntry]:
        """Return all clips of an entry's speaker, itself among them."""
        return self._of_speaker[entry.speaker]

    def alike(self, entry: LatentEntry) -> LatentEntry:
        """Return a clip of the same speaker, often the same one."""
        others = self.all(entry)
        return entry if np.random.random() < 0.5 else others[np.random.randint(len(others))]


class LatentCorpus:
    """Read access to what `encode_corpus`, `align_corpus` and, if it ran, `embed_corpus` wrote."""

    def __init__(self, root: Path, latent_dim: int) -> None:
        """Open the arrays of a folder.

        Raises:
            StudioError: there are no latents, or they are not complete, or not of one corpus.
        """
        if not (root / _INDEX).is_file() or not (root / _LATENTS).is_file():
            raise StudioError(
                f"{root} holds no aligned latents.", f"Run “{program()} train latents” first."
            )
        self._voices: NDArray[np.float16] | None = None
        try:
            self.entries = _read_index(root)
            self._latents = np.memmap(root / _LATENTS, "<f2", "r").reshape(-1, latent_dim)
            self._units = np.memmap(root / _UNITS, "<i2", "r")
            if (root / _VOICES).is_file():
                self._voices = np.fromfile(root / _VOICES, "<f2").reshape(-1, _CROPS, SIZE)
            end = max(entry.start + entry.frames for entry in self.entries)
            whole = end <= len(self._units) == len(self._latents) and (
                self._voices is None or len(self._voices) == len(self.entries)
            )
        except (OSError, ValueError, TypeError):
            whole = False
        if not whole:
            raise StudioError(
                f"Latents, alignments and voices in {root} are not of the same corpus, or not "
                "complete.",
                f"Make them again with “{program()} train latents”.",
            )
        self._numbers = {entry.audio: number for number, entry in enumerate(self.entries)}

    def latents(self, entry: LatentEntry) -> NDArray[np.float32]:
        """Return latents [frames, latent_dim]."""
        return self._latents[entry.start : entry.start + entry.frames].astype(np.float32)

    def units(self, entry: LatentEntry) -> NDArray[np.int64]:
        """Return [frames], the number of the clip's sounds begun at each latent."""
        return self._units[entry.start : entry.start + entry.frames].astype(np.int64)

    def voice(self, entry: LatentEntry) -> NDArray[np.float32]:
        """Return [SIZE], an embedding of the clip or of a part of it, drawn anew each time."""
        if self._voices is None:
            raise StudioError(
                "These latents have no speaker embeddings.",
                f"Run “{program()} train latents” again with a speaker encoder.",
            )
        crop = np.random.randint(_CROPS)
        return np.asarray(self._voices[self._numbers[entry.audio], crop], np.float32)
