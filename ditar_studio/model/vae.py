"""Audio VAE: 24 kHz mono <-> Gaussian latents at a low rate (arXiv 2502.03930, section 3.5.1).

The encoder reads log-mel frames and sees both sides; the decoder is a causal ConvNeXt network at
frame rate with a small fixed look-ahead and a source-filter synthesiser (`synthesis`), far cheaper
than the paper's BigVGAN. There is one decoding path: `decode` is `decode_step` over everything,
then `flush`. A phonetic head reads phonemes from the latents; only training has it, which trains
the latents to carry them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ditar_studio.model.config import VaeConfig
from ditar_studio.model.features import LogMel
from ditar_studio.model.layers import ConvNeXtBlock
from ditar_studio.model.speaker import SIZE
from ditar_studio.model.synthesis import DELAY, HOP, SourceFilter, SynthesisState

PITCH_REFERENCE_HZ = 150.0
_ENVELOPE_BIAS = -4.0


class Encoder(nn.Module):
    """Wave [B, n] -> posterior mean and log-variance [B, n / hop, latent_dim]; n a multiple of
    hop."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.mel = LogMel(config.sample_rate, config.hop // 2, config.mel_bins)
        self.inward = nn.Linear(config.mel_bins, config.encoder_dim)
        self.fine = nn.Sequential(
            *(ConvNeXtBlock(config.encoder_dim, causal=False) for _ in range(config.encoder_layers))
        )
        self.down = nn.Linear(2 * config.encoder_dim, config.trunk_dim)
        self.trunk = nn.Sequential(
            *(ConvNeXtBlock(config.trunk_dim, causal=False) for _ in range(config.trunk_layers))
        )
        self.norm = nn.LayerNorm(config.trunk_dim)
        self.out = nn.Linear(config.trunk_dim, 2 * config.latent_dim)

    def forward(self, wave: Tensor) -> tuple[Tensor, Tensor]:
        x = self.fine(self.inward((self.mel(wave) + 4) / 3))
        batch, frames, _ = x.shape
        x = self.trunk(self.down(x.reshape(batch, frames // 2, -1)))
        mean, log_variance = self.out(self.norm(x)).chunk(2, dim=-1)
        return mean, log_variance.clamp(-8, 2)


class PhoneticHead(nn.Module):
    """Reads phonemes from normalised latents [B, T, latent_dim]: CTC logits [B, T, symbols],
    blank = 0."""

    def __init__(self, config: VaeConfig, dim: int = 256, layers: int = 3) -> None:
        super().__init__()
        self.inward = nn.Linear(config.latent_dim, dim)
        self.blocks = nn.Sequential(*(ConvNeXtBlock(dim, causal=False) for _ in range(layers)))
        self.out = nn.Linear(dim, config.symbols)

    def forward(self, latents: Tensor) -> Tensor:
        logits: Tensor = self.out(self.blocks(self.inward(latents)))
        return logits


@dataclass
class DecoderState:
    """State of streaming decoding: the past frames of every block, the voice and its
    timbre, the synthesiser's state, and the trimming."""

    past: list[Tensor]
    voice: Tensor | None  # [B, 1, decoder_dim + encoder_dim], added at the two rates
    timbre: Tensor | None  # [bands], added to both log envelopes; see `timbre`
    synthesis: SynthesisState
    drop: int  # samples of start-up delay still to be dropped
    owed: int = 0  # samples that the latents so far stand for and that were not given out yet


class Decoder(nn.Module):
    """Latents [B, T, latent_dim] -> per 6.25 ms pitch and envelopes -> samples; causal, see
    `Vae`."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.config = config
        dim = config.decoder_dim
        self.inward = nn.Linear(config.latent_dim, dim)
        self.coarse = nn.ModuleList(
            ConvNeXtBlock(dim, causal=True) for _ in range(config.decoder_layers)
        )
        self.upsample = nn.Linear(dim, 2 * config.encoder_dim)
        self.fine = nn.ModuleList(
            ConvNeXtBlock(config.encoder_dim, causal=True) for _ in range(config.vocoder_layers)
        )
        self.norm = nn.LayerNorm(config.encoder_dim)
        self.frames = config.hop // HOP // 2  # synthesis frames per fine frame
        self.out = nn.Linear(config.encoder_dim, self.frames * (1 + 2 * config.bands))
        nn.init.normal_(self.out.weight, std=0.01)
        nn.init.zeros_(self.out.bias)
        self.synthesiser = SourceFilter(config.sample_rate, config.bands)
        self.voice = None
        if config.speaker:
            self.voice = nn.Linear(SIZE, dim + config.encoder_dim, bias=False)
            nn.init.zeros_(self.voice.weight)

    @property
    def blocks(self) -> list[ConvNeXtBlock]:
        return [*self.coarse, *self.fine]

    @property
    def delay(self) -> int:
        """Samples between a latent going in and its first sample coming out."""
        return self.config.lookahead * self.config.hop + DELAY

    def start(
        self, batch: int, voice: Tensor | None = None, timbre: Tensor | None = None
    ) -> DecoderState:
        """Return the state before the first latent, with the speaker's embedding [B, SIZE] and the
        correction [bands] of the voice's timbre, where these are known.
        """
        past = [
            block.scale.new_zeros(batch, block.WIDTH - 1, len(block.scale)) for block in self.blocks
        ]
        condition = None
        if self.voice is not None and voice is not None:
            condition = self.voice(voice * SIZE**0.5)[:, None]
        return DecoderState(past, condition, timbre, self.synthesiser.start(batch), self.delay)

    def envelopes(
        self, latents: Tensor, state: DecoderState
    ) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
        """Run the frame-rate half: latents [B, T, D] -> octaves above the reference pitch [B, F],
        the two log envelopes [B, F, bands] with F = T * hop / 150, and the blocks' new past.
        """
        x = self.inward(latents)
        to_fine = None
        if state.voice is not None:
            width = self.config.decoder_dim
            x, to_fine = x + state.voice[..., :width], state.voice[..., width:]
        new: list[Tensor] = []
        for block, before in zip(self.blocks, state.past, strict=True):
            if len(new) == len(self.coarse):
                x = self.upsample(x).reshape(x.shape[0], 2 * x.shape[1], -1)
                x = x if to_fine is None else x + to_fine
            x, after = block.step(x, before)
            new.append(after)
        y = self.out(self.norm(x)).reshape(x.shape[0], x.shape[1] * self.frames, -1)
        octaves, voiced, unvoiced = y.split((1, self.config.bands, self.config.bands), dim=-1)
        return (
            octaves[..., 0],
            (voiced + _ENVELOPE_BIAS).clamp(-12, 4),
            (unvoiced + _ENVELOPE_BIAS).clamp(-12, 4),
            new,
        )

    def step(self, latents: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """Decode T more latents; return the samples that are final, `delay` behind the latents."""
        octaves, voiced, unvoiced, past = self.envelopes(latents, state)
        if state.timbre is not None:
            voiced, unvoiced = voiced + state.timbre, unvoiced + state.timbre
        hertz = PITCH_REFERENCE_HZ * torch.exp2(octaves.clamp(-1.6, 1.8))
        samples, synthesis = self.synthesiser.step(hertz, voiced, unvoiced, state.synthesis)
        dropped = min(state.drop, samples.shape[1])
        samples = samples[:, dropped:]
        owed = state.owed + latents.shape[1] * self.config.hop - samples.shape[1]
        return samples, replace(
            state, past=past, synthesis=synthesis, drop=state.drop - dropped, owed=owed
        )

    def flush(self, state: DecoderState) -> Tensor:
        """Return the samples [B, n] that the look-ahead still held back; the stream ends here."""
        overlap = state.synthesis.overlap
        hops = -(-(state.owed + state.drop) // self.config.hop)
        silence = overlap.new_zeros(len(overlap), hops, self.config.latent_dim)
        samples, _ = self.step(silence, state)
        return samples[:, : state.owed]


class Vae(nn.Module):
    """The whole VAE with the statistics that make its latents zero-mean and unit-variance."""

    latent_mean: Tensor
    latent_scale: Tensor

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.phonetic = PhoneticHead(config) if config.symbols else None
        self.register_buffer("latent_mean", torch.zeros(config.latent_dim))
        self.register_buffer("latent_scale", torch.ones(config.latent_dim))

    def normalise(self, latents: Tensor) -> Tensor:
        """Scale the encoder's latents [..., latent_dim] to zero mean and unit variance."""
        return (latents - self.latent_mean) / self.latent_scale

    def encode(self, wave: Tensor) -> Tensor:
        """Encode wave [B, n] to normalised posterior means [B, T, latent_dim]; a rest short of a
        hop is dropped.
        """
        whole = wave.shape[1] // self.config.hop * self.config.hop
        return self.normalise(self.encoder(wave[:, :whole])[0])

    def start(
        self, batch: int = 1, voice: Tensor | None = None, timbre: Tensor | None = None
    ) -> DecoderState:
        """Return the decoder's state before the first latent; see `Decoder.start`."""
        return self.decoder.start(batch, voice, timbre)

    def decode_step(self, latents: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """Decode normalised latents [B, T, latent_dim] as the continuation of `state`.

        Returns:
            Samples [B, n], n = T * hop but for the first calls, `decoder.delay` fewer in all.
        """
        return self.decoder.step(latents * self.latent_scale + self.latent_mean, state)

    def flush(self, state: DecoderState) -> Tensor:
        """Return the samples [B, n] that the look-ahead still held back; the stream ends here."""
        return self.decoder.flush(state)

    def decode(self, latents: Tensor, voice: Tensor | None = None) -> Tensor:
        """Decode normalised latents [B, T, latent_dim], with the speaker's embedding [B, SIZE], to
        samples [B, T * hop].
        """
        samples, state = self.decode_step(latents, self.start(latents.shape[0], voice))
        return torch.cat((samples, self.flush(state)), dim=1)

    def phoneme_logits(self, latents: Tensor) -> Tensor:
        """Return CTC logits [B, T, symbols] of normalised latents; symbol 0 is the blank."""
        if self.phonetic is None:
            raise RuntimeError("this VAE has no phonetic head")
        logits: Tensor = self.phonetic(latents)
        return logits

    def sample(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        """Return a draw from the encoder's posterior (not normalised)."""
        return mean + torch.randn_like(mean) * (0.5 * log_variance).exp()


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Compute the KL divergence of the posterior from N(0, 1), summed over dimensions [B, T], in
    nats.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1)
