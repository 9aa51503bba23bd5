"""VAE trainer: reconstruction through the source-filter decoder, KL, pitch and a phonetic CTC loss.

The encoder reads whole clips (the phonetic loss needs them); the decoder is trained on slices of
their latents. `decoder` goes on training the decoder alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ditar_studio.model.config import VaeConfig
from ditar_studio.model.features import mel_filters
from ditar_studio.model.synthesis import HOP, NOISE_PERIOD
from ditar_studio.model.vae import PITCH_REFERENCE_HZ, Vae, kl_divergence
from ditar_studio.training.augment import add_noise, cut_gaps, equalise
from ditar_studio.training.corpus import PITCH_HOP, SAMPLE_RATE, Entry, PreparedCorpus
from ditar_studio.training.labels import spoken
from ditar_studio.training.loop import Loop, LoopConfig


@dataclass(frozen=True)
class VaeLosses:
    """Weights of the losses; the spectral ones count 1 together."""

    kl: float = 1e-3
    pitch: float = 1.0
    phonetic: float = 0.6


def log_pitch(hertz: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Octaves above the reference, interpolated through unvoiced stretches, and where it was
    voiced."""
    voiced = hertz > 0
    if not voiced.any():
        return np.zeros(len(hertz), np.float32), np.zeros(len(hertz), np.float32)
    octaves = np.log2(hertz[voiced] / PITCH_REFERENCE_HZ)
    filled = np.interp(np.arange(len(hertz)), np.flatnonzero(voiced), octaves)
    return filled.astype(np.float32), voiced.astype(np.float32)


class SpectralLoss(nn.Module):
    """L1 of log magnitudes and of compressed magnitudes at several resolutions, linear and mel."""

    def __init__(self, sample_rate: int, windows: tuple[int, ...] = (256, 600, 1500)) -> None:
        super().__init__()
        self.windows = windows
        for window in windows:
            self.register_buffer(f"window{window}", torch.hann_window(window))
        self.register_buffer("mel", mel_filters(100, 1025, sample_rate))

    def _magnitude(self, wave: Tensor, window: int, n: int) -> Tensor:
        frames = wave.unfold(-1, window, window // 4)
        shape: Tensor = getattr(self, f"window{window}")
        magnitude: Tensor = torch.fft.rfft(frames * shape, n=n).abs()
        return magnitude

    def forward(self, made: Tensor, real: Tensor) -> Tensor:
        total = made.new_zeros(())
        for window in self.windows:
            n = 2048 if window == 1500 else window
            scale = (window / 8) ** -0.5
            a, b = (
                self._magnitude(made, window, n) * scale,
                self._magnitude(real, window, n) * scale,
            )
            total = total + (a.clamp_min(1e-3).log() - b.clamp_min(1e-3).log()).abs().mean()
            total = total + 4 * ((a + 1e-4).sqrt() - (b + 1e-4).sqrt()).abs().mean()
            if window == 1500:
                x, y = (a @ self.mel).clamp_min(1e-3).log(), (b @ self.mel).clamp_min(1e-3).log()
                total = total + 4 * (x - y).abs().mean()
        return total / (4 + 2 * len(self.windows))


class Reconstruction(nn.Module):
    """How well a VAE's decoder renders slices of latents: the spectral and the pitch loss."""

    def __init__(self, vae: Vae) -> None:
        super().__init__()
        self.vae = vae
        self.spectral = SpectralLoss(vae.config.sample_rate)

    def render(
        self, latents: Tensor, octaves: Tensor, voiced: Tensor, voice: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Latents [B, T, latent_dim], not normalised, as samples [B, T * hop] at the true pitch,
        and the pitch loss; octaves and voiced are [B, T * hop / 150], voice is [B, SIZE]."""
        decoder, hop = self.vae.decoder, self.vae.config.hop
        state = decoder.start(len(latents), voice)
        padded = F.pad(latents, (0, 0, 0, -(-decoder.delay // hop)))
        predicted, voiced_envelope, unvoiced_envelope, _ = decoder.envelopes(padded, state)
        lead = self.vae.config.lookahead * hop // HOP
        pitch = (predicted[:, lead : lead + octaves.shape[1]] - octaves).abs() * voiced
        # The oscillator runs at the true pitch: the spectral loss then trains the envelopes alone.
        true_pitch = F.pad(
            octaves, (lead, predicted.shape[1] - lead - octaves.shape[1]), mode="replicate"
        )
        # Any noise and any phase: what a decoder makes of one of them it would learn by heart.
        synthesis = replace(
            state.synthesis,
            phase=torch.rand_like(state.synthesis.phase) - 0.5,
            position=int(torch.randint(NOISE_PERIOD, ())),
        )
        made, _ = decoder.synthesiser.step(
            PITCH_REFERENCE_HZ * torch.exp2(true_pitch),
            voiced_envelope,
            unvoiced_envelope,
            synthesis,
        )
        made = made[:, decoder.delay :][:, : latents.shape[1] * hop]
        return made, pitch.sum() / voiced.sum().clamp_min(1)

    def forward(
        self, latents: Tensor, wave: Tensor, octaves: Tensor, voiced: Tensor
    ) -> dict[str, Tensor]:
        """Losses of what `render` makes, against wave [B, T * hop]."""
        made, pitch = self.render(latents, octaves, voiced)
        return {"spectral": self.spectral(made, wave), "pitch": pitch}


class VaeObjective(nn.Module):
    """Losses of a VAE on a batch: `wave` [B, n], `octaves` and `voiced` [B, n / 150], `frames` [B]
    (latents of each clip), `labels` [B, L] and `label_lengths` [B]."""

    def __init__(self, vae: Vae, losses: VaeLosses, slice_latents: int) -> None:
        super().__init__()
        self.vae, self.losses, self.slice_latents = vae, losses, slice_latents
        self.reconstruction = Reconstruction(vae)

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        vae, hop = self.vae, self.vae.config.hop
        frames = batch["frames"]
        mean, log_variance = vae.encoder(batch["wave"])
        latents = vae.sample(mean, log_variance)
        length = min(self.slice_latents, int(frames.min()))
        starts = [int(torch.randint(0, int(f) - length + 1, ())) for f in frames]

        def cut(x: Tensor, unit: int) -> Tensor:
            return torch.stack(
                [row[s * unit : (s + length) * unit] for row, s in zip(x, starts, strict=True)]
            )

        octaves, voiced = (cut(batch[name], hop // PITCH_HOP) for name in ("octaves", "voiced"))
        out: dict[str, Tensor] = self.reconstruction(
            cut(latents, 1), cut(batch["wave"], hop), octaves, voiced
        )
        inside = torch.arange(mean.shape[1], device=frames.device) < frames[:, None]
        out["kl"] = kl_divergence(mean, log_variance)[inside].mean()
        logits = vae.phoneme_logits(latents)
        out["phonetic"] = F.ctc_loss(
            logits.float().log_softmax(-1).transpose(0, 1),
            batch["labels"],
            frames,
            batch["label_lengths"],
            zero_infinity=True,
        )
        total = (
            out["spectral"]
            + self.losses.pitch * out["pitch"]
            + self.losses.kl * out["kl"]
            + self.losses.phonetic * out["phonetic"]
        )
        return {"loss": total, **out}


class VaeData:
    """Batches for `VaeObjective` from a prepared corpus; clips whose text can't be read are left
    out.

    Args:
        augment: vary the recordings, for a network that only listens.
    """

    def __init__(
        self,
        corpus: PreparedCorpus,
        hop: int,
        labels: dict[str, list[int]],
        augment: bool = False,
    ) -> None:
        self.corpus, self.hop, self.augment = corpus, hop, augment
        self.labels = {audio: spoken(row) for audio, row in labels.items()}
        self.entries: list[Entry] = [
            e
            for e in corpus.entries
            if e.samples // hop >= max(24, len(self.labels.get(e.audio) or [0] * 10**6))
        ]

    @property
    def seconds(self) -> list[float]:
        return [e.seconds for e in self.entries]

    @property
    def sources(self) -> list[str]:
        return [e.source for e in self.entries]

    def load(self, indices: list[int]) -> dict[str, Tensor]:
        entries = [self.entries[i] for i in indices]
        frames = [e.samples // self.hop for e in entries]
        longest = max(frames)
        wave = np.zeros((len(entries), longest * self.hop), np.float32)
        octaves = np.zeros((len(entries), longest * self.hop // PITCH_HOP), np.float32)
        voiced = np.zeros_like(octaves)
        width = max(len(self.labels[e.audio]) for e in entries)
        labels = np.zeros((len(entries), width), np.int64)
        for i, (entry, count) in enumerate(zip(entries, frames, strict=True)):
            wave[i, : count * self.hop] = self.corpus.samples(entry, 0, count * self.hop)
            track = log_pitch(self.corpus.pitch(entry, 0, count * self.hop))
            octaves[i, : len(track[0])], voiced[i, : len(track[1])] = track
            labels[i, : len(self.labels[entry.audio])] = self.labels[entry.audio]
        if self.augment:
            random = np.random.RandomState(np.random.randint(2**31))
            varied = [equalise(row, SAMPLE_RATE, random) for row in wave]
            wave = add_noise(cut_gaps(np.stack(varied), SAMPLE_RATE, random), random)
        gain = 10 ** (np.random.uniform(-6, 3, (len(entries), 1)).astype(np.float32) / 20)
        return {
            "wave": torch.from_numpy(wave * gain),
            "octaves": torch.from_numpy(octaves),
            "voiced": torch.from_numpy(voiced),
            "frames": torch.tensor(frames),
            "labels": torch.from_numpy(labels),
            "label_lengths": torch.tensor([len(self.labels[e.audio]) for e in entries]),
            "seconds": torch.tensor([e.seconds for e in entries]),
        }


def vae_loop(
    vae_config: VaeConfig,
    data: VaeData,
    config: LoopConfig,
    out: Path,
    losses: VaeLosses | None = None,
    slice_latents: int = 48,
) -> Loop:
    """A loop that trains a new VAE."""
    torch.manual_seed(config.seed)
    objective = VaeObjective(Vae(vae_config), losses or VaeLosses(), slice_latents)
    return Loop(objective, data.load, data.seconds, config, out)


def without_head(vae: Vae) -> Vae:
    """The same VAE without its phonetic head, which only training needs."""
    plain = Vae(replace(vae.config, symbols=0))
    wanted = plain.state_dict().keys()
    plain.load_state_dict({name: v for name, v in vae.state_dict().items() if name in wanted})
    return plain.eval().requires_grad_(False)
