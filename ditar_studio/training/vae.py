"""VAE trainer: rendering losses on slices, KL, and a phonetic CTC loss on whole clips.

The encoder reads whole clips (the CTC loss needs them); the decoder renders slices of their
latents, told the voice by the embedding of an excerpt. `decoder` trains the decoder further, alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypedDict

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ditar_studio.model.config import VaeConfig
from ditar_studio.model.reader import PhoneticReader
from ditar_studio.model.speaker import SpeakerEncoder
from ditar_studio.model.vae import PITCH_REFERENCE_HZ, Vae, kl_divergence
from ditar_studio.training.augment import add_noise, cut_gaps, equalise
from ditar_studio.training.corpus import PITCH_HOP, SAMPLE_RATE, Entry, PreparedCorpus
from ditar_studio.training.labels import spoken
from ditar_studio.training.loop import Loop, LoopConfig
from ditar_studio.training.rendering import RenderingLoss, RenderingWeights

_EXCERPT = 3 * SAMPLE_RATE  # samples from which the speaker encoder tells the voice
OPPONENT_RATE = 3.0
_SHORTEST = 24  # latents of a clip


@dataclass(frozen=True)
class VaeLosses:
    """Weights of the losses.

    Attributes:
        kl: weight of the KL divergence, in nats a latent.
        phonetic: weight of the CTC loss, in nats a phoneme.
        rendering: weights of what the decoder renders.
    """

    kl: float = 1e-3
    phonetic: float = 0.3
    rendering: RenderingWeights = field(
        default_factory=lambda: RenderingWeights(speaker=0.5, noise=0.2)
    )


def log_pitch(hertz: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return octaves above the reference, interpolated through unvoiced stretches, and where it was
    voiced.
    """
    voiced = hertz > 0
    if not voiced.any():
        return np.zeros(len(hertz), np.float32), np.zeros(len(hertz), np.float32)
    octaves = np.log2(hertz[voiced] / PITCH_REFERENCE_HZ)
    filled = np.interp(np.arange(len(hertz)), np.flatnonzero(voiced), octaves)
    return filled.astype(np.float32), voiced.astype(np.float32)


def _slices(x: Tensor, starts: Tensor, length: int) -> Tensor:
    """Cut [B, length, ...] out of x [B, n, ...], each row from its start [B]."""
    index = starts[:, None] + torch.arange(length, device=x.device)
    return x[torch.arange(len(x), device=x.device)[:, None], index]


class ClipBatch(TypedDict):
    """B padded clips.

    Attributes:
        wave: [B, n] samples.
        octaves, voiced: [B, n / 150] pitch above the reference, and where there is any.
        excerpt: [B, m] samples of the same speakers.
        frames: [B] latents of each clip.
        shortest: the fewest of these.
        starts: [B] of 0 to 1, for the slices.
        labels: [B, L] phonemes.
        label_lengths: [B] phonemes of each clip; 0 where no text is known.
        seconds: [B] duration of each.
    """

    wave: Tensor
    octaves: Tensor
    voiced: Tensor
    excerpt: Tensor
    frames: Tensor
    shortest: Tensor
    starts: Tensor
    labels: Tensor
    label_lengths: Tensor
    seconds: Tensor


class VaeObjective(nn.Module):
    """Losses of a VAE on a batch of `VaeData`."""

    def __init__(
        self,
        vae: Vae,
        speaker: SpeakerEncoder,
        reader: PhoneticReader,
        losses: VaeLosses,
        slice_latents: int,
    ) -> None:
        super().__init__()
        self.vae, self.losses, self.slice_latents = vae, losses, slice_latents
        self.rendering = RenderingLoss(vae, speaker, reader, losses.rendering)

    def forward(self, batch: ClipBatch) -> dict[str, Tensor]:
        """Return losses by name; "loss" is to be minimised."""
        vae, hop = self.vae, self.vae.config.hop
        frames = batch["frames"]
        mean, log_variance = vae.encoder(batch["wave"])
        mean, log_variance = mean.float(), log_variance.float()
        latents = vae.sample(mean, log_variance)
        length = min(self.slice_latents, int(batch["shortest"]))
        starts = (batch["starts"] * (frames - length + 1)).long()
        with torch.no_grad():
            voice = self.rendering.speaker(batch["excerpt"]).float()
        finer = hop // PITCH_HOP
        total, out = self.rendering(
            _slices(latents, starts, length),
            _slices(batch["wave"], starts * hop, length * hop),
            _slices(batch["octaves"], starts * finer, length * finer),
            _slices(batch["voiced"], starts * finer, length * finer),
            voice if vae.config.speaker else None,
        )
        inside = torch.arange(mean.shape[1], device=frames.device) < frames[:, None]
        kl = kl_divergence(mean, log_variance)
        out["kl"] = (kl * inside).sum() / inside.sum()
        out["ctc"] = self._ctc(latents, batch)
        total = total + self.losses.kl * out["kl"] + self.losses.phonetic * out["ctc"]
        return {"loss": total, **out}

    def _ctc(self, latents: Tensor, batch: ClipBatch) -> Tensor:
        """Return CTC loss in nats a phoneme of the clips whose text is known."""
        logits = self.vae.phoneme_logits(latents)
        losses = F.ctc_loss(
            logits.float().log_softmax(-1).transpose(0, 1),
            batch["labels"],
            batch["frames"],
            batch["label_lengths"],
            zero_infinity=True,
            reduction="none",
        )
        known = batch["label_lengths"] > 0
        each = losses * known / batch["label_lengths"].clamp_min(1)
        return each.sum() / known.sum().clamp_min(1)


class VaeData:
    """Batches from a prepared corpus, for networks that read whole clips.

    Args:
        corpus: of the clips.
        hop: samples a latent; clips are cut to whole ones.
        labels: phonemes of each clip, by its name.
        augment: vary the recordings, for a network that only listens.
        textless: whether clips whose text is not known are used too.
    """

    def __init__(
        self,
        corpus: PreparedCorpus,
        hop: int,
        labels: dict[str, list[int]],
        augment: bool = False,
        textless: bool = False,
    ) -> None:
        self.corpus, self.hop, self.augment = corpus, hop, augment
        self.labels = {audio: spoken(row) for audio, row in labels.items()}
        self.entries: list[Entry] = []
        for entry in corpus.entries:
            frames, label = entry.samples // hop, self.labels.setdefault(entry.audio, [])
            if frames < len(label):
                label.clear()  # more sounds than the clip can hold: not its text
            if frames >= _SHORTEST and (label or textless):
                self.entries.append(entry)
        self._of_speaker: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            self._of_speaker[entry.speaker].append(entry)

    @property
    def seconds(self) -> list[float]:
        return [e.seconds for e in self.entries]

    @property
    def sources(self) -> list[str]:
        return [e.source for e in self.entries]

    def _excerpt(self, entry: Entry) -> np.ndarray:
        """Return samples [_EXCERPT] of the entry's speaker, from this clip or another, repeated if
        it is shorter.
        """
        others = self._of_speaker[entry.speaker]
        if np.random.random() < 0.5:
            entry = others[np.random.randint(len(others))]
        start = np.random.randint(max(1, entry.samples - _EXCERPT))
        return np.resize(self.corpus.samples(entry, start, _EXCERPT), _EXCERPT)

    def load(self, indices: list[int]) -> ClipBatch:
        """Load a batch of clips; see `VaeObjective.forward`."""
        entries = [self.entries[i] for i in indices]
        frames = [e.samples // self.hop for e in entries]
        longest = max(frames)
        wave = np.zeros((len(entries), longest * self.hop), np.float32)
        octaves = np.zeros((len(entries), longest * self.hop // PITCH_HOP), np.float32)
        voiced = np.zeros_like(octaves)
        labels = [self.labels[e.audio] for e in entries]
        padded = np.zeros((len(entries), max(1, *map(len, labels))), np.int64)
        for i, (entry, count) in enumerate(zip(entries, frames, strict=True)):
            wave[i, : count * self.hop] = self.corpus.samples(entry, 0, count * self.hop)
            track = log_pitch(self.corpus.pitch(entry, 0, count * self.hop))
            octaves[i, : len(track[0])], voiced[i, : len(track[1])] = track
            padded[i, : len(labels[i])] = labels[i]
        if self.augment:
            random = np.random.RandomState(np.random.randint(2**31))
            varied = [equalise(row, SAMPLE_RATE, random) for row in wave]
            wave = add_noise(cut_gaps(np.stack(varied), SAMPLE_RATE, random), random)
        gain = 10 ** (np.random.uniform(-6, 3, (len(entries), 1)).astype(np.float32) / 20)
        return {
            "wave": torch.from_numpy(wave * gain),
            "octaves": torch.from_numpy(octaves),
            "voiced": torch.from_numpy(voiced),
            "excerpt": torch.from_numpy(np.stack([self._excerpt(e) for e in entries])),
            "frames": torch.tensor(frames),
            "shortest": torch.tensor(min(frames)),
            "starts": torch.from_numpy(np.random.random(len(entries)).astype(np.float32)),
            "labels": torch.from_numpy(padded),
            "label_lengths": torch.tensor([len(row) for row in labels]),
            "seconds": torch.tensor([e.seconds for e in entries]),
        }


def vae_loop(
    vae_config: VaeConfig,
    speaker: SpeakerEncoder,
    reader: PhoneticReader,
    data: VaeData,
    config: LoopConfig,
    out: Path,
    losses: VaeLosses | None = None,
    slice_latents: int = 64,
    times: Sequence[int] | None = None,
) -> Loop:
    """Return a loop that trains a new VAE.

    Args:
        vae_config: its shape, with as many `symbols` as the labels have.
        speaker: tells the decoder the voice, and compares voices.
        reader: phonetic reader that compares words.
        data: clips to train on.
        config: how to optimise.
        out: folder of the training.
        losses: weights of the losses.
        slice_latents: latents of a slice that is rendered.
        times: how often each of the data's entries is drawn.
    """
    torch.manual_seed(config.seed)
    losses = losses or VaeLosses()
    objective = VaeObjective(Vae(vae_config), speaker, reader, losses, slice_latents)
    config = replace(config, opponent_rate=OPPONENT_RATE)
    adversary = objective.rendering.adversary
    return Loop(objective, data.load, data.seconds, config, out, adversary, times)


def without_head(vae: Vae) -> Vae:
    """Return the same VAE without its phonetic head, which only training needs."""
    plain = Vae(replace(vae.config, symbols=0))
    wanted = plain.state_dict().keys()
    plain.load_state_dict({name: v for name, v in vae.state_dict().items() if name in wanted})
    return plain.eval().requires_grad_(False)
