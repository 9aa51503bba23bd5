"""The correction of a voice's timbre."""

from __future__ import annotations

import torch
from tiny_ditar import randomised, tiny_config

from ditar_studio.model.synthesis import SourceFilter
from ditar_studio.model.timbre import correction
from ditar_studio.model.vae import Vae

BANDS = 24
SPREAD = SourceFilter(24_000, BANDS).spread


def noise(envelope: torch.Tensor, seconds: float = 2.0, seed: int = 0) -> torch.Tensor:
    """Noise with log magnitudes [BANDS]."""
    count = int(seconds * 24_000)
    white = torch.randn(count, generator=torch.Generator().manual_seed(seed)) * 0.1
    spectrum = torch.fft.rfft(white)
    gain = torch.nn.functional.interpolate(
        (envelope @ SPREAD)[None, None], size=len(spectrum), mode="linear", align_corners=True
    )[0, 0]
    return torch.fft.irfft(spectrum * gain.exp(), n=count)


def test_it_is_the_difference_of_two_envelopes_whatever_is_said() -> None:
    flat = torch.zeros(BANDS)
    tilted = torch.linspace(-0.5, 0.5, BANDS)
    found = correction(noise(tilted, seed=1), noise(flat, 3.0, seed=2), SPREAD)
    torch.testing.assert_close(found[2:-2], tilted[2:-2], atol=0.1, rtol=0)


def test_it_is_bounded_also_for_silence() -> None:
    found = correction(noise(torch.zeros(BANDS)), torch.zeros(24_000), SPREAD)
    assert torch.isfinite(found).all()
    assert found.abs().max() <= 1.5


def test_pauses_do_not_count() -> None:
    loud = noise(torch.zeros(BANDS))
    paused = torch.cat((loud, torch.zeros(48_000)))
    assert correction(loud, paused, SPREAD).abs().max() < 0.1


@torch.inference_mode()
def test_the_decoder_adds_it() -> None:
    vae = randomised(Vae(tiny_config(True).vae))
    assert isinstance(vae, Vae)
    latents, bands = torch.randn(1, 40, 8), vae.config.bands
    plain, _ = vae.decode_step(latents, vae.start())
    louder, _ = vae.decode_step(latents, vae.start(1, None, torch.full((bands,), 0.7)))
    ratio = float(louder.square().mean() / plain.square().mean())
    assert abs(ratio - 2.718281828**1.4) < 0.1 * ratio
