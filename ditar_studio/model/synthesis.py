"""The VAE decoder's last stage: a source-filter synthesiser in the short-time Fourier domain.

A band-limited pulse train (the voice's oscillator) and white noise, both cut into overlapping
windows,
are each multiplied by a spectral envelope that the decoder predicts every 6.25 ms, the pulse
train's with
minimum phase, and put together by overlap-add. So pitch and phase are right by construction,
which is
what an iSTFT head otherwise learns only from long adversarial training. Causal, with explicit
state.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ditar_studio.model.features import mel_filters

HOP = 150
WINDOW = 600
DELAY = WINDOW - HOP  # samples between what goes in and what comes out
NOISE_PERIOD = 1 << 17


def pulse_train(phase: Tensor, hertz: Tensor, sample_rate: int) -> Tensor:
    """Return the unit-power sum of all harmonics below half the sample rate, by the closed form of
    the Dirichlet kernel.

    Args:
        phase: [...] position within the period, in cycles, -0.5..0.5.
        hertz: [...] fundamental frequency.
    """
    harmonics = (sample_rate / 2 / hertz).floor().clamp_min(1)
    angle = 2 * math.pi * phase
    half = torch.sin(angle / 2)
    kernel = torch.sin((harmonics + 0.5) * angle) / (2 * torch.where(half.abs() < 1e-4, 1e-4, half))
    kernel = torch.where(half.abs() < 1e-4, harmonics + 0.5, kernel)
    return (kernel - 0.5) * (2 / harmonics).sqrt()


def _envelope_matrices(bands: int, sample_rate: int) -> tuple[Tensor, Tensor]:
    """Return matrices [bands, bins] from the log magnitudes of an envelope's bands to every bin's
    log magnitude, by interpolation, and to its minimum phase.
    """
    bins = WINDOW // 2 + 1
    spread = mel_filters(bands, bins, sample_rate).T
    # Bins that no band covers take the nearest band's value; columns then sum to one.
    centres = (spread * torch.arange(bins)).sum(1) / spread.sum(1).clamp_min(1e-6)
    for index in torch.nonzero(spread.sum(0) < 1e-6)[:, 0].tolist():
        spread[(centres - index).abs().argmin(), index] = 1
    spread = spread / spread.sum(0)
    # Minimum phase is the Hilbert transform of the log magnitude: linear, so one matrix.
    full = torch.cat((spread, spread[:, 1:-1].flip(1)), dim=1).double()
    fold = torch.zeros(WINDOW, dtype=torch.float64)
    fold[0] = fold[WINDOW // 2] = 1
    fold[1 : WINDOW // 2] = 2
    phase = torch.fft.rfft(torch.fft.ifft(full).real * fold).imag
    return spread.float(), phase.float()


@dataclass
class SynthesisState:
    """State that the synthesiser carries from chunk to chunk, for a batch of B streams."""

    phase: Tensor  # [B] cycles, float64
    hertz: Tensor  # [B] of the last frame
    source: Tensor  # [B, DELAY] last samples of the pulse train
    overlap: Tensor  # [B, DELAY] output that later windows still add to
    position: int = 0  # samples so far, for the noise


class SourceFilter(nn.Module):
    """Turns frames of pitch and two spectral envelopes into samples.

    Args:
        sample_rate: samples a second.
        bands: points of the envelopes, evenly spaced on the mel scale.
    """

    window: Tensor
    noise: Tensor
    spread: Tensor
    phase_spread: Tensor

    def __init__(self, sample_rate: int, bands: int) -> None:
        super().__init__()
        self.sample_rate = sample_rate
        # Constants, also while a model is built on the meta device.
        with torch.device("cpu"):
            spread, phase_spread = _envelope_matrices(bands, sample_rate)
            window = torch.hann_window(WINDOW).sqrt()
            noise = torch.randn(NOISE_PERIOD, generator=torch.Generator().manual_seed(0))
        for name, value in (
            ("window", window),
            ("noise", noise),
            ("spread", spread),
            ("phase_spread", phase_spread),
        ):
            self.register_buffer(name, value, persistent=False)

    def start(self, batch: int) -> SynthesisState:
        """Return the state before the first frame."""
        zeros = self.window.new_zeros
        return SynthesisState(
            phase=torch.zeros(batch, dtype=torch.float64, device=self.window.device),
            hertz=zeros(batch) + 120.0,
            source=zeros(batch, DELAY),
            overlap=zeros(batch, DELAY),
        )

    def step(
        self, hertz: Tensor, voiced: Tensor, unvoiced: Tensor, state: SynthesisState
    ) -> tuple[Tensor, SynthesisState]:
        """Synthesise `frames` more windows.

        Args:
            hertz: [B, frames] pitch at the end of each hop.
            voiced: [B, frames, bands] log magnitude of the pulse train's envelope.
            unvoiced: [B, frames, bands] log magnitude of the noise's envelope.

        Returns:
            Samples [B, frames * HOP], which lie DELAY before the newest source sample, and the
            new state.
        """
        batch, frames = hertz.shape
        if not frames:
            return hertz.new_zeros(batch, 0), state
        ramp = torch.arange(1, HOP + 1, device=hertz.device, dtype=hertz.dtype) / HOP
        previous = torch.cat((state.hertz[:, None], hertz[:, :-1]), dim=1)
        curve = (previous[..., None] + (hertz - previous)[..., None] * ramp).reshape(batch, -1)
        # Float64: the phase of ten minutes of speech must not lose its high harmonics.
        cycles = state.phase[:, None] + torch.cumsum(curve.double() / self.sample_rate, dim=1)
        # Around zero, where the kernel is steep, float32 is finest.
        wrapped = (cycles - cycles.round()).to(curve.dtype)
        pulses = pulse_train(wrapped, curve, self.sample_rate)
        source = torch.cat((state.source, pulses), dim=1)
        count = frames * HOP
        where = torch.arange(state.position - DELAY, state.position + count, device=hertz.device)
        noise = self.noise[where % NOISE_PERIOD]

        source_spectrum = torch.fft.rfft(source.unfold(1, WINDOW, HOP) * self.window)
        noise_spectrum = torch.fft.rfft(noise.unfold(0, WINDOW, HOP) * self.window)
        voiced_filter = torch.polar((voiced @ self.spread).exp(), voiced @ self.phase_spread)
        noise_filter = (unvoiced @ self.spread).exp()
        windows = torch.fft.irfft(
            source_spectrum * voiced_filter + noise_spectrum * noise_filter, n=WINDOW
        )
        windows = windows * (self.window * 0.5)
        summed = F.fold(
            windows.transpose(1, 2), (1, count + DELAY), (1, WINDOW), stride=(1, HOP)
        ).reshape(batch, -1)
        summed = summed + F.pad(state.overlap, (0, count))
        return summed[:, :count], SynthesisState(
            phase=cycles[:, -1] % 1.0,
            hertz=hertz[:, -1],
            source=source[:, -DELAY:],
            overlap=summed[:, count:],
            position=(state.position + count) % NOISE_PERIOD,
        )
