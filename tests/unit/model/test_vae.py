"""The VAE: streaming equals offline, synthesis is right by construction."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_ditar import randomised, tiny_config

from ditar_studio.model.synthesis import DELAY, HOP, SourceFilter, pulse_train
from ditar_studio.model.vae import Vae, kl_divergence


@pytest.fixture(scope="module")
def vae() -> Vae:
    torch.manual_seed(0)
    model = randomised(Vae(tiny_config(True).vae))
    assert isinstance(model, Vae)
    return model


@settings(max_examples=15, deadline=None)
@given(chunks=st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_streaming_decode_equals_the_offline_decode(vae: Vae, chunks: list[int]) -> None:
    # In float64: by float32's rounding a sample may have a harmonic more or less.
    vae = copy.deepcopy(vae).double()
    generator = torch.Generator().manual_seed(1)
    latents = torch.randn(2, sum(chunks), 8, generator=generator, dtype=torch.float64)
    with torch.inference_mode():
        whole = vae.decode(latents)
        state, pieces, start = vae.start(2), [], 0
        for size in chunks:
            piece, state = vae.decode_step(latents[:, start : start + size], state)
            pieces.append(piece)
            start += size
        pieces.append(vae.flush(state))
    streamed = torch.cat(pieces, dim=1)
    assert streamed.shape == whole.shape == (2, sum(chunks) * vae.config.hop)
    assert float(whole.std()) > 1e-3
    torch.testing.assert_close(streamed, whole, atol=1e-9, rtol=0)


def test_generation_decodes_as_training_does(vae: Vae) -> None:
    """Without gradients few frames go another way through the blocks, with the same result."""
    latents = torch.randn(2, 12, 8, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        decoded = vae.decode(latents)
    torch.testing.assert_close(decoded, vae.decode(latents).detach(), atol=2e-4, rtol=0)


def test_steady_state_patches_are_whole(vae: Vae) -> None:
    state = vae.start()
    with torch.inference_mode():
        sizes = []
        for _ in range(4):
            piece, state = vae.decode_step(torch.zeros(1, 4, 8), state)
            sizes.append(piece.shape[1])
    assert sizes == [2400 - vae.decoder.delay, 2400, 2400, 2400]


def test_latents_come_at_the_configured_rate(vae: Vae) -> None:
    with torch.inference_mode():
        assert vae.encode(torch.zeros(1, 24_000)).shape == (1, 40, 8)
        assert vae.encode(torch.zeros(1, 24_599)).shape == (1, 40, 8)


def test_normalisation_is_inverted_by_decoding(vae: Vae) -> None:
    plain = torch.randn(1, 12, 8)
    with torch.inference_mode():
        reference = vae.decode(plain)
        vae.latent_mean.fill_(0.3)
        vae.latent_scale.fill_(2.0)
        shifted = vae.decode(vae.normalise(plain))
        vae.latent_mean.zero_()
        vae.latent_scale.fill_(1.0)
    torch.testing.assert_close(shifted, reference, atol=5e-5, rtol=0)


def test_kl_is_zero_for_the_prior_only() -> None:
    zeros = torch.zeros(1, 2, 3)
    assert float(kl_divergence(zeros, zeros).sum()) == 0
    assert float(kl_divergence(zeros + 1, zeros).sum()) == pytest.approx(3.0)
    assert float(kl_divergence(zeros, zeros - 1).min()) > 0


def test_the_pulse_train_is_the_sum_of_its_harmonics() -> None:
    hertz = torch.full((4800,), 170.0)
    phase = (torch.arange(4800, dtype=torch.float64) * 170 / 24_000 % 1).float()
    count = 12_000 // 170
    ks = torch.arange(1, count + 1)
    direct = torch.cos(2 * math.pi * phase[:, None].double() * ks).sum(1) * math.sqrt(2 / count)
    torch.testing.assert_close(
        pulse_train(phase, hertz, 24_000), direct.float(), atol=2e-2, rtol=1e-3
    )
    assert float(direct.square().mean()) == pytest.approx(1.0, abs=0.02)


def test_flat_envelopes_give_the_noise_back_unchanged() -> None:
    synthesiser = SourceFilter(24_000, 12)
    frames = 40
    hertz = torch.full((1, frames), 150.0)
    off, on = torch.full((1, frames, 12), -40.0), torch.zeros(1, frames, 12)
    samples, _ = synthesiser.step(hertz, off, on, synthesiser.start(1))
    inner = samples[0, WINDOW_EDGE:]
    expected = synthesiser.noise[WINDOW_EDGE - DELAY : frames * HOP - DELAY]
    torch.testing.assert_close(inner, expected, atol=1e-4, rtol=0)


WINDOW_EDGE = 600


def test_a_voice_has_the_pitch_it_was_given() -> None:
    synthesiser = SourceFilter(24_000, 12)
    frames = 160
    hertz = torch.full((1, frames), 200.0)
    off, on = torch.full((1, frames, 12), -40.0), torch.zeros(1, frames, 12)
    samples, _ = synthesiser.step(hertz, on, off, synthesiser.start(1))
    spectrum = torch.fft.rfft(samples[0, -12_000:] * torch.hann_window(12_000)).abs()
    peaks = spectrum.reshape(-1)[:6001]
    assert set((peaks[100:1000].topk(5).indices + 100).tolist()) <= {
        k * 100 + d for k in range(1, 11) for d in (-1, 0, 1)
    }


def test_the_voiced_filter_has_minimum_phase() -> None:
    synthesiser = SourceFilter(24_000, 12)
    envelope = torch.randn(12, generator=torch.Generator().manual_seed(2))
    response = torch.fft.irfft(
        torch.polar((envelope @ synthesiser.spread).exp(), envelope @ synthesiser.phase_spread)
    )
    energy = response.square()
    assert float(energy[:300].sum() / energy.sum()) > 0.98
