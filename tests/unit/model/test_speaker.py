"""The speaker encoder."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny_ditar import randomised, tiny_config

from ditar_studio.model.speaker import SIZE, SpeakerEncoder
from ditar_studio.model.vae import Vae
from ditar_studio.model.weights import load_speaker, save_model


@pytest.fixture
def speaker() -> SpeakerEncoder:
    torch.manual_seed(0)
    return SpeakerEncoder(tiny_config(True).vae).eval()


@torch.inference_mode()
@pytest.mark.parametrize("samples", [2400, 24_000, 60_001])
def test_embeddings_have_unit_length(speaker: SpeakerEncoder, samples: int) -> None:
    embeddings = speaker(torch.randn(2, samples) * 0.1)
    assert embeddings.shape == (2, SIZE)
    torch.testing.assert_close(embeddings.norm(dim=-1), torch.ones(2))


@torch.inference_mode()
def test_a_sound_repeated_is_still_the_same_voice(speaker: SpeakerEncoder) -> None:
    once = torch.randn(1, 48_000) * 0.1
    same = torch.nn.functional.cosine_similarity(speaker(once), speaker(once.repeat(1, 2)))
    assert float(same) > 0.99


@torch.inference_mode()
def test_weights_come_back(speaker: SpeakerEncoder, tmp_path: Path) -> None:
    save_model(speaker, tmp_path / "s.safetensors", dtype=torch.float32)
    wave = torch.randn(1, 24_000) * 0.1
    torch.testing.assert_close(load_speaker(tmp_path / "s.safetensors")(wave), speaker(wave))


@torch.inference_mode()
def test_the_decoder_hears_the_voice_and_streams_it_exactly() -> None:
    vae = randomised(Vae(tiny_config(True).vae))
    assert isinstance(vae, Vae)
    latents = torch.randn(1, 12, 8)
    one, other = torch.nn.functional.normalize(torch.randn(2, 1, SIZE), dim=-1)
    whole = vae.decode(latents, one)
    assert (whole - vae.decode(latents, other)).abs().max() > 1e-4
    state, pieces = vae.start(1, one), []
    for start in range(0, 12, 4):
        samples, state = vae.decode_step(latents[:, start : start + 4], state)
        pieces.append(samples)
    pieces.append(vae.flush(state))
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole, atol=1e-4, rtol=1e-3)
