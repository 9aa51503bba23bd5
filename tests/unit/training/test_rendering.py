"""The decoder's perceptual losses compare what trained networks hear."""

from __future__ import annotations

import torch

from ditar_studio.model.config import VaeConfig
from ditar_studio.model.reader import PhoneticReader
from ditar_studio.model.speaker import SpeakerEncoder
from ditar_studio.model.vae import Vae
from ditar_studio.training.rendering import RenderingLoss, RenderingWeights

CONFIG = VaeConfig(
    latent_dim=4,
    encoder_dim=16,
    encoder_layers=1,
    trunk_dim=16,
    trunk_layers=1,
    decoder_dim=16,
    decoder_layers=1,
    vocoder_layers=1,
    speaker=True,
)


def objective() -> RenderingLoss:
    torch.manual_seed(0)
    reader = PhoneticReader(CONFIG, 10, fine_dim=16, dim=16)
    speaker = SpeakerEncoder(CONFIG, fine_dim=16, dim=16, layers=1)
    return RenderingLoss(Vae(CONFIG), speaker, reader, RenderingWeights())


def test_a_recording_differs_from_itself_by_nothing_and_from_another_by_something() -> None:
    heard, wave = objective(), torch.randn(2, 9600) * 0.1
    same, other = heard.perceived(wave, wave), heard.perceived(wave.roll(1, 0), wave)
    assert float(same["speaker"]) < 1e-5
    assert float(same["phonetic"]) < 1e-5
    assert float(other["speaker"]) > 0.01
    assert float(other["phonetic"]) > 0.01


def test_gradients_reach_what_was_rendered_and_no_listener() -> None:
    heard, wave = objective(), torch.randn(2, 9600) * 0.1
    made = (wave + 0.01 * torch.randn_like(wave)).requires_grad_()
    losses = heard.perceived(made, wave)
    (losses["speaker"] + losses["phonetic"]).backward()
    assert made.grad is not None
    assert float(made.grad.abs().sum()) > 0
    listeners = [*heard.speaker.parameters(), *heard.reader.parameters()]
    assert all(weight.grad is None for weight in listeners)
