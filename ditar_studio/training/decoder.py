"""Trainer of a VAE's decoder alone, on cached latents and with the speaker's embedding.

The latents stay as they are, so a DiTAR can be trained on them at the same time. They are given
with noise: what a DiTAR generates is not exact either, and what it gets wrong of the voice the
embedding can then put right. The losses are in `rendering`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

import numpy as np
import torch
from torch import Tensor, nn

from ditar_studio.model.reader import PhoneticReader
from ditar_studio.model.speaker import SpeakerEncoder
from ditar_studio.model.vae import Vae
from ditar_studio.training.corpus import SAMPLE_RATE, PreparedCorpus
from ditar_studio.training.latents import LatentCorpus, LatentEntry, SameSpeaker
from ditar_studio.training.loop import Loop, LoopConfig
from ditar_studio.training.rendering import RenderingLoss, RenderingWeights
from ditar_studio.training.vae import log_pitch

OPPONENT_RATE = 10.0


class DecoderBatch(TypedDict):
    """B slices of clips.

    Attributes:
        latents: [B, T, latent_dim] normalised.
        wave: [B, T * hop] samples.
        octaves, voiced: [B, T * hop / 150] pitch above the reference, and where there is any.
        voice: [B, SIZE] embedding of the speaker, from this clip or another.
        seconds: [B] duration of each.
    """

    latents: Tensor
    wave: Tensor
    octaves: Tensor
    voiced: Tensor
    voice: Tensor
    seconds: Tensor


class DecoderObjective(nn.Module):
    """Losses on a batch of `DecoderData`."""

    def __init__(
        self, vae: Vae, speaker: SpeakerEncoder, reader: PhoneticReader, weights: RenderingWeights
    ) -> None:
        super().__init__()
        self.vae = vae
        self.rendering = RenderingLoss(vae, speaker, reader, weights)

    def forward(self, batch: DecoderBatch) -> dict[str, Tensor]:
        """Return losses by name; "loss" is to be minimised."""
        latents = batch["latents"] * self.vae.latent_scale + self.vae.latent_mean
        slices = batch["wave"], batch["octaves"], batch["voiced"], batch["voice"]
        total, losses = self.rendering(latents, *slices)
        return {"loss": total, **losses}


class DecoderData:
    """Batches of slices: latents with their sound and pitch, and an embedding of the speaker from
    this clip or another."""

    def __init__(
        self, corpus: PreparedCorpus, latents: LatentCorpus, hop: int, slice_latents: int = 64
    ) -> None:
        self._corpus, self._latents = corpus, latents
        self._hop, self._length = hop, slice_latents
        self._prepared = {entry.audio: entry for entry in corpus.entries}
        self._entries = [
            e for e in latents.entries if e.frames >= slice_latents and e.audio in self._prepared
        ]
        self._speakers = SameSpeaker(self._entries)
        self._seconds = slice_latents * hop / SAMPLE_RATE

    @property
    def seconds(self) -> list[float]:
        return [self._seconds for _ in self._entries]

    @property
    def sources(self) -> list[str]:
        return [e.source for e in self._entries]

    def load(self, indices: list[int]) -> DecoderBatch:
        """Load a batch of slices; see `DecoderObjective.forward`."""
        rows = [self._slice(self._entries[index]) for index in indices]
        stacked = (torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True))
        latents, wave, octaves, voiced, voice = stacked
        return {
            "latents": latents,
            "wave": wave,
            "octaves": octaves,
            "voiced": voiced,
            "voice": voice,
            "seconds": torch.full((len(rows),), self._seconds),
        }

    def _slice(self, entry: LatentEntry) -> tuple[np.ndarray, ...]:
        start = np.random.randint(entry.frames - self._length + 1)
        prepared = self._prepared[entry.audio]
        place = (start * self._hop, self._length * self._hop)
        return (
            self._latents.latents(entry)[start : start + self._length],
            self._corpus.samples(prepared, *place),
            *log_pitch(self._corpus.pitch(prepared, *place)),
            self._latents.voice(self._speakers.alike(entry)),
        )


def decoder_loop(
    vae: Vae,
    speaker: SpeakerEncoder,
    reader: PhoneticReader,
    data: DecoderData,
    config: LoopConfig,
    out: Path,
    weights: RenderingWeights | None = None,
    times: Sequence[int] | None = None,
) -> Loop:
    """Return a loop that trains the decoder of `vae`, which is given the voice from here on.

    `speaker` and `reader` listen to what it renders and stay as they are. `times` is how often each
    of the data's entries is drawn.
    """
    torch.manual_seed(config.seed)
    conditioned = Vae(replace(vae.config, speaker=True))
    conditioned.load_state_dict(vae.state_dict(), strict=vae.config.speaker)
    conditioned.requires_grad_(False)
    conditioned.decoder.requires_grad_(True)
    objective = DecoderObjective(conditioned, speaker, reader, weights or RenderingWeights())
    config = replace(config, opponent_rate=OPPONENT_RATE)
    adversary = objective.rendering.adversary
    return Loop(objective, data.load, data.seconds, config, out, adversary, times)
