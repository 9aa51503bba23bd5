"""Trainer of a VAE's decoder alone, on cached latents and with the speaker's embedding.

The latents stay as they are, so a DiTAR can be trained on them at the same time. They are given
with noise: what a DiTAR generates is not exact either, and what it gets wrong of the voice the
embedding can then put right. An adversary keeps what is rendered from sounding muffled. Two trained
networks compare what is rendered with the recording: the speaker encoder, whether it is the same
voice, and the phonetic reader, whether it says the same (perceptual losses, arXiv 1603.08155).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ditar_studio.model.reader import PhoneticReader
from ditar_studio.model.speaker import SpeakerEncoder
from ditar_studio.model.vae import Vae
from ditar_studio.training.adversary import Adversary
from ditar_studio.training.corpus import SAMPLE_RATE, PreparedCorpus
from ditar_studio.training.latents import LatentCorpus, LatentEntry, SameSpeaker
from ditar_studio.training.loop import Loop, LoopConfig
from ditar_studio.training.vae import Reconstruction, log_pitch


@dataclass(frozen=True)
class DecoderLosses:
    """Weights of the losses beside the spectral and the pitch loss, and the noise on latents.

    Args:
        fooled: weight of the adversary's verdicts.
        features: weight of what it sees, compared with what it sees of the recording.
        speaker: weight of the speaker encoder's perceptual loss.
        phonetic: weight of the phonetic reader's perceptual loss.
        noise: largest standard deviation of the noise.
    """

    fooled: float = 0.5
    features: float = 0.5
    speaker: float = 1.0
    phonetic: float = 0.3
    noise: float = 0.3


class DecoderObjective(nn.Module):
    """Losses on a batch of `DecoderData`; the adversary learns in the same steps."""

    def __init__(
        self, vae: Vae, speaker: SpeakerEncoder, reader: PhoneticReader, losses: DecoderLosses
    ) -> None:
        super().__init__()
        self.vae, self.losses = vae, losses
        self.speaker = speaker.requires_grad_(False)
        self.reader = reader.requires_grad_(False)
        self.reconstruction = Reconstruction(vae)
        self.adversary = Adversary()

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        latents, wave = batch["latents"], batch["wave"]
        level = torch.rand(len(latents), 1, 1, device=latents.device) * self.losses.noise
        noisy = latents + level * torch.randn_like(latents)
        made, pitch = self.reconstruction.render(
            noisy * self.vae.latent_scale + self.vae.latent_mean,
            batch["octaves"],
            batch["voiced"],
            batch["voice"],
        )
        out = {
            "spectral": self.reconstruction.spectral(made, wave),
            "pitch": pitch,
            **self.adversary(made, wave),
            **self.perceived(made, wave),
        }
        loss = out["spectral"] + out["pitch"] + out["judge"]
        for name in ("fooled", "features", "speaker", "phonetic"):
            loss = loss + getattr(self.losses, name) * out[name]
        return {"loss": loss, **out}

    def perceived(self, made: Tensor, real: Tensor) -> dict[str, Tensor]:
        """Losses of rendered against recorded waves [B, n]: relative distances of the listeners'
        features, and one minus the cosine of the embeddings; `likeness` is that cosine."""
        out = {}
        for name, network in (("speaker", self.speaker), ("phonetic", self.reader)):
            with torch.no_grad():
                theirs = network.frames(real)
            mine = network.frames(made)
            out[name] = (mine - theirs).abs().mean() / theirs.abs().mean()
            if name == "speaker":
                alike = (self.speaker.pool(mine) * self.speaker.pool(theirs)).sum(-1).mean()
                out["likeness"] = alike.detach()
                out[name] = out[name] + 1 - alike
        return out


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

    def load(self, indices: list[int]) -> dict[str, Tensor]:
        rows = [self._slice(self._entries[index]) for index in indices]
        names = ("latents", "wave", "octaves", "voiced", "voice")
        batch = {
            name: torch.from_numpy(np.stack([row[k] for row in rows]))
            for k, name in enumerate(names)
        }
        return {**batch, "seconds": torch.full((len(rows),), self._seconds)}

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
    losses: DecoderLosses | None = None,
    times: Sequence[int] | None = None,
) -> Loop:
    """A loop that trains the decoder of `vae`, which is told the voice from here on.

    `speaker` and `reader` listen to what it renders and stay as they are. `times` is how often each
    of the data's entries is drawn.
    """
    torch.manual_seed(config.seed)
    told = Vae(replace(vae.config, speaker=True))
    told.load_state_dict(vae.state_dict(), strict=vae.config.speaker)
    told.requires_grad_(False)
    told.decoder.requires_grad_(True)
    objective = DecoderObjective(told, speaker, reader, losses or DecoderLosses())
    return Loop(objective, data.load, data.seconds, config, out, objective.adversary, times)
