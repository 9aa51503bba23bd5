"""Losses of what a VAE's decoder renders from slices of latents.

A spectral and a pitch loss; an adversary, which keeps the sound from being muffled; and perceptual
losses (arXiv 1603.08155): the speaker encoder compares the voices, the phonetic reader the words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ditar_studio.model.features import mel_filters
from ditar_studio.model.reader import PhoneticReader
from ditar_studio.model.speaker import SpeakerEncoder
from ditar_studio.model.synthesis import HOP, NOISE_PERIOD
from ditar_studio.model.vae import PITCH_REFERENCE_HZ, Vae
from ditar_studio.training.adversary import Adversary


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
        """Return distance of two batches of waves [B, n]."""
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


@dataclass(frozen=True)
class RenderingWeights:
    """Weights of the losses beside the spectral one, which has 1, and the noise on latents.

    Attributes:
        pitch: weight of the pitch loss, in octaves.
        fooled: weight of the adversary's verdicts.
        features: weight of the distance of the adversary's features.
        speaker: weight of the speaker encoder's perceptual loss.
        phonetic: weight of the phonetic reader's perceptual loss.
        noise: largest standard deviation of the noise on normalised latents.
    """

    pitch: float = 1.0
    fooled: float = 0.5
    features: float = 0.5
    speaker: float = 1.0
    phonetic: float = 0.3
    noise: float = 0.3


class RenderingLoss(nn.Module):
    """The losses of a decoder's rendering; the adversary learns in the same steps.

    `speaker` and `reader` are trained networks and stay as they are.
    """

    def __init__(
        self,
        vae: Vae,
        speaker: SpeakerEncoder,
        reader: PhoneticReader,
        weights: RenderingWeights,
    ) -> None:
        super().__init__()
        self.vae, self.weights = vae, weights
        self.speaker = speaker.requires_grad_(False)
        self.reader = reader.requires_grad_(False)
        self.spectral = SpectralLoss(vae.config.sample_rate)
        self.adversary = Adversary()

    def render(
        self, latents: Tensor, octaves: Tensor, voiced: Tensor, voice: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Render latents at the true pitch.

        Args:
            latents: [B, T, latent_dim], not normalised.
            octaves: [B, T * hop / 150] pitch above the reference pitch.
            voiced: [B, T * hop / 150], 1 where there is a pitch.
            voice: [B, SIZE] embeddings of the speakers.

        Returns:
            Samples [B, T * hop], and the loss of the predicted pitch.
        """
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
        with torch.autocast(latents.device.type, enabled=False):
            made, _ = decoder.synthesiser.step(
                PITCH_REFERENCE_HZ * torch.exp2(true_pitch),
                voiced_envelope.float(),
                unvoiced_envelope.float(),
                synthesis,
            )
        made = made[:, decoder.delay :][:, : latents.shape[1] * hop]
        return made, pitch.sum() / voiced.sum().clamp_min(1)

    def forward(
        self,
        latents: Tensor,
        wave: Tensor,
        octaves: Tensor,
        voiced: Tensor,
        voice: Tensor | None = None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return losses of what `render` makes of noisy latents, against wave [B, T * hop].

        Returns:
            Their weighted sum with the adversary's own loss, and each of them by name.
        """
        level = torch.rand(len(latents), 1, 1, device=latents.device) * self.weights.noise
        noise = level * torch.randn_like(latents) * self.vae.latent_scale
        made, pitch = self.render(latents + noise, octaves, voiced, voice)
        with torch.autocast(latents.device.type, enabled=False):
            spectral = self.spectral(made, wave)
        losses = {"spectral": spectral, "pitch": pitch}
        losses |= self.adversary(made, wave)
        losses |= self.perceived(made, wave)
        total = losses["spectral"] + losses["judge"]
        for name in ("pitch", "fooled", "features", "speaker", "phonetic"):
            total = total + getattr(self.weights, name) * losses[name]
        return total, losses

    def perceived(self, made: Tensor, real: Tensor) -> dict[str, Tensor]:
        """Compare rendered with recorded waves [B, n] as the trained networks hear them.

        Returns:
            Relative distances of their features, to that of the speaker encoder one minus the
            cosine of the embeddings added; `likeness` is that cosine.
        """
        losses = {}
        for name, network in (("speaker", self.speaker), ("phonetic", self.reader)):
            with torch.no_grad():
                theirs = network.frames(real)
            mine = network.frames(made)
            losses[name] = (mine - theirs).abs().mean() / theirs.abs().mean()
            if name == "speaker":
                alike = (self.speaker.pool(mine) * self.speaker.pool(theirs)).sum(-1).mean()
                losses["likeness"] = alike.detach()
                losses[name] = losses[name] + 1 - alike
        return losses
