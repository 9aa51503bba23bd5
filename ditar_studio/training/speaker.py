"""Trainer of the speaker encoder.

Two crops of a speaker are to be nearer to each other than to the others' of the batch (InfoNCE,
arXiv 1807.03748), and the embedding of one crop is to tell the long-term spectrum and the pitch of
the other, so that it says what a voice is like and not only whose it is: voices outside the
training data are cloned by that.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TypedDict

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ditar_studio.model.speaker import SIZE, SpeakerEncoder
from ditar_studio.model.vae import PITCH_REFERENCE_HZ
from ditar_studio.training.augment import add_noise, equalise
from ditar_studio.training.corpus import PITCH_HOP, SAMPLE_RATE, Entry, PreparedCorpus
from ditar_studio.training.loop import Loop, LoopConfig

_SHORTEST, _LONGEST = 1.6, 3.0  # seconds of a crop
_SPECTRUM_WEIGHT, _PITCH_WEIGHT = 0.5, 1.0


class SpeakerBatch(TypedDict):
    """Crops of B speakers, and then others of the same.

    Attributes:
        wave: [2 B, n] samples.
        noisy: [2 B, n] the same with noise.
        octaves: [2 B] their median pitch; NaN where unvoiced.
        seconds: [2 B] duration of each.
    """

    wave: Tensor
    noisy: Tensor
    octaves: Tensor
    seconds: Tensor


class SpeakerObjective(nn.Module):
    """Losses on a batch of `SpeakerData`."""

    def __init__(self, speaker: SpeakerEncoder) -> None:
        super().__init__()
        self.speaker = speaker
        bins = speaker.config.mel_bins
        self.describe = nn.Linear(SIZE, 2 * bins + 1)
        self.log_scale = nn.Parameter(torch.tensor(2.5))

    def forward(self, batch: SpeakerBatch) -> dict[str, Tensor]:
        embeddings = self.speaker(batch["noisy"])
        first, second = embeddings.chunk(2)
        logits = self.log_scale.exp() * first @ second.t()
        same = torch.arange(len(first), device=logits.device)
        contrast = (F.cross_entropy(logits, same) + F.cross_entropy(logits.t(), same)) / 2

        with torch.no_grad():
            mel = self.speaker.mel(batch["wave"])
            loudness = mel.mean(dim=-1, keepdim=True)
            speech = (loudness > loudness.amax(dim=1, keepdim=True) - 3).to(mel.dtype)
            count = speech.sum(dim=1)
            mean = (mel * speech).sum(dim=1) / count
            spread = (((mel - mean[:, None]).square() * speech).sum(dim=1) / count).sqrt()
            mean = mean - mean.mean(dim=-1, keepdim=True)
            wanted = torch.cat((mean, spread), dim=-1).roll(len(first), 0)
            octaves = batch["octaves"].roll(len(first), 0)
        described = self.describe(embeddings * SIZE**0.5)
        voiced = ~octaves.isnan()
        spectrum = F.l1_loss(described[:, :-1], wanted)
        pitch = F.l1_loss(described[voiced, -1], octaves[voiced])
        right = (logits.argmax(dim=1) == same).float().mean()
        total = contrast + _SPECTRUM_WEIGHT * spectrum + _PITCH_WEIGHT * pitch
        return {
            "loss": total,
            "contrast": contrast,
            "spectrum": spectrum,
            "pitch": pitch,
            "right": right,
        }


class SpeakerData:
    """Batches of speakers: two crops of each, of two clips where there are two."""

    def __init__(self, corpus: PreparedCorpus) -> None:
        self.corpus = corpus
        of_speaker: dict[str, list[Entry]] = defaultdict(list)
        for entry in corpus.entries:
            if entry.seconds >= _SHORTEST:
                of_speaker[entry.speaker].append(entry)
        self._speakers = list(of_speaker.values())

    @property
    def seconds(self) -> list[float]:
        return [_SHORTEST + _LONGEST for _ in self._speakers]

    def load(self, indices: list[int]) -> SpeakerBatch:
        """Load a batch of pairs of clips, each of one speaker; see `SpeakerObjective.forward`."""
        length = np.random.uniform(_SHORTEST, _LONGEST)
        waves, octaves = [], []
        random = np.random.RandomState(np.random.randint(2**31))
        pairs = [self._pair(self._speakers[index]) for index in indices]
        count = int(length * SAMPLE_RATE) // PITCH_HOP * PITCH_HOP
        for entry in [first for first, _ in pairs] + [second for _, second in pairs]:
            start = np.random.randint(max(1, (entry.samples - count) // PITCH_HOP)) * PITCH_HOP
            wave = np.resize(self.corpus.samples(entry, start, count), count)
            waves.append(wave * 10 ** (np.random.uniform(-6, 3) / 20))
            hertz = self.corpus.pitch(entry, start, count)
            voiced = hertz[hertz > 0]
            octaves.append(
                np.log2(np.median(voiced) / PITCH_REFERENCE_HZ) if len(voiced) else np.nan
            )
        wave = np.stack(waves).astype(np.float32)
        # Both crops of a speaker by the same microphone: it is part of what a voice sounds like.
        for k in range(len(pairs)):
            wave[k :: len(pairs)] = equalise(wave[k :: len(pairs)], SAMPLE_RATE, random)
        return {
            "wave": torch.from_numpy(wave),
            "noisy": torch.from_numpy(add_noise(wave, random)),
            "octaves": torch.tensor(octaves, dtype=torch.float32),
            "seconds": torch.full((2 * len(indices),), count / SAMPLE_RATE),
        }

    @staticmethod
    def _pair(entries: list[Entry]) -> tuple[Entry, Entry]:
        first, second = np.random.randint(len(entries), size=2)
        if first == second:
            second = (first + 1) % len(entries)
        return entries[first], entries[second]


def speaker_loop(speaker: SpeakerEncoder, data: SpeakerData, config: LoopConfig, out: Path) -> Loop:
    """Return a loop that trains a speaker encoder."""
    torch.manual_seed(config.seed)
    return Loop(SpeakerObjective(speaker), data.load, data.seconds, config, out)
