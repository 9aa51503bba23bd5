"""Rollouts: what a model says itself where clips were recorded, at the same times.

In training, a language model is fed what was recorded; in generation, what it has made itself. On
that it was never trained, and the voice drifts away from the reference. Rollouts are what it would
be fed: `self_feeding` trains on them, towards what was recorded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from ditar_studio.engine.tuning_data import AlignedClip, halves, whole_patches
from ditar_studio.errors import StudioError
from ditar_studio.inference.ditar import DiTARRequest, DiTARRuntime
from ditar_studio.installation import program
from ditar_studio.model.sampling import Sampling
from ditar_studio.training.files import unfinished
from ditar_studio.training.latents import LatentCorpus, LatentEntry

_FILE = "rollouts.safetensors"
_SHORTEST, _LONGEST = 24, 360  # latents of a clip: 0.6 to 9 s


@dataclass(frozen=True, eq=False)
class Rollout:
    """A clip, what was in front of it, and what the model made in its place.

    Attributes:
        prompt: another clip of the speaker.
        clip: that was recorded.
        voice: [SIZE] an embedding of the speaker.
        said: [T * P, latent_dim] the model's own latents, of the length of the clip's.
    """

    prompt: AlignedClip
    clip: AlignedClip
    voice: Tensor
    said: Tensor


@torch.inference_mode()
def speak_again(
    runtime: DiTARRuntime,
    prompt: AlignedClip,
    clip: AlignedClip,
    voice: Tensor,
    sampling: Sampling,
    generator: torch.Generator,
) -> Tensor:
    """Generate a clip's words after a prompt, each sound when it was recorded.

    Returns:
        Latents [T * P, latent_dim] of the clip's whole patches.
    """
    patch = runtime.model.config.patch
    before, wanted = whole_patches(prompt, patch), whole_patches(clip, patch)
    embedding = F.normalize(voice, dim=0)
    reference = runtime.prompt(before.symbols, before.latents, before.units, embedding)
    request = DiTARRequest(wanted.symbols, reference, units=wanted.units)
    state = runtime.prefill(request, sampling, generator)
    return torch.cat([runtime.step(state).latents for _ in range(len(wanted.units) // patch)])


def make_rollouts(
    runtime: DiTARRuntime,
    corpus: LatentCorpus,
    sampling: Sampling,
    out: Path,
    seed: int,
    report: Callable[[str], None],
) -> int:
    """Speak every clip again and write `rollouts.safetensors` into `out`.

    Returns:
        The number of rollouts.

    Raises:
        StudioError: there is no clip of a fitting length, or `out` can't be written.
    """
    tensors: dict[str, Tensor] = {}
    count = 0
    for prompt, clip, voice in _pairs(corpus, runtime.model.config.patch, seed):
        generator = torch.Generator().manual_seed(seed + count)
        said = speak_again(runtime, prompt, clip, voice, sampling, generator)
        for name, part in (("prompt", prompt), ("clip", clip)):
            tensors[f"{count}.{name}.symbols"] = part.symbols
            tensors[f"{count}.{name}.latents"] = part.latents.half()
            tensors[f"{count}.{name}.units"] = part.units
        tensors[f"{count}.voice"], tensors[f"{count}.said"] = voice, said.half()
        count += 1
        if count % 100 == 0:
            report(f"{count} clips spoken again")
    if not count:
        raise StudioError("No clip is of a fitting length.", "They are to have 0.6 to 9 s.")
    with unfinished(out, _FILE) as folder:
        save_file(tensors, folder / _FILE)
    return count


def _pairs(
    corpus: LatentCorpus, patch: int, seed: int
) -> Iterator[tuple[AlignedClip, AlignedClip, Tensor]]:
    """Return every clip behind another of its speaker, or in two halves where there is only one."""
    np.random.seed(seed % 2**32)
    of_speaker: dict[str, list[LatentEntry]] = defaultdict(list)
    for entry in corpus.entries:
        if _SHORTEST <= entry.frames <= _LONGEST:
            of_speaker[entry.speaker].append(entry)
    for entries in of_speaker.values():
        for number, entry in enumerate(entries):
            voice, clip = torch.from_numpy(corpus.voice(entry)), _clip(corpus, entry)
            if len(entries) == 1:
                two = halves(clip, patch)
                if two is not None:
                    yield *two, voice
                continue
            other = entries[(number + np.random.randint(1, len(entries))) % len(entries)]
            yield _clip(corpus, other), clip, torch.from_numpy(corpus.voice(other))


def _clip(corpus: LatentCorpus, entry: LatentEntry) -> AlignedClip:
    latents, units = corpus.latents(entry), corpus.units(entry)
    return AlignedClip(
        torch.tensor(entry.symbols), torch.from_numpy(latents), torch.from_numpy(units)
    )


def read_rollouts(folder: Path) -> list[Rollout]:
    """Return what `make_rollouts` wrote.

    Raises:
        StudioError: there is nothing, or nothing whole.
    """
    try:
        tensors = load_file(folder / _FILE)
        count = sum(name.endswith(".said") for name in tensors)
        return [_rollout(tensors, number) for number in range(count)]
    except (OSError, SafetensorError, KeyError) as error:
        raise StudioError(
            f"{folder} holds no rollouts.", f"Run “{program()} train rollouts” first."
        ) from error


def _rollout(tensors: dict[str, Tensor], number: int) -> Rollout:
    def clip(name: str) -> AlignedClip:
        symbols, latents, units = (
            tensors[f"{number}.{name}.{part}"] for part in ("symbols", "latents", "units")
        )
        return AlignedClip(symbols, latents.float(), units)

    voice, said = tensors[f"{number}.voice"], tensors[f"{number}.said"].float()
    return Rollout(clip("prompt"), clip("clip"), voice, said)
