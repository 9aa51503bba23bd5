"""Reward tuning: gradients of what is heard reach what speaks, and only that."""

from __future__ import annotations

import torch
from tiny_ditar import tiny_config

from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.objective import DiTARLosses
from ditar_studio.training.reward import Reward, RewardObjective


def batch(model: DiTAR, patches: int) -> dict[str, torch.Tensor]:
    frames = patches * model.config.patch
    return {
        "text": torch.tensor([[1, 5, 6, 7, 1]] * 2),
        "text_lengths": torch.tensor([5, 5]),
        "positions": torch.arange(4)[None].repeat(2, 1),
        "latents": torch.randn(2, frames, model.config.vae.latent_dim),
        "units": (torch.arange(frames) * 3 // frames)[None].repeat(2, 1),
        "patches": torch.tensor([patches, patches - 1]),
        "joins": torch.zeros(2, patches, dtype=torch.bool),
        "stop": torch.zeros(2, patches, dtype=torch.int64),
        "voice": torch.nn.functional.normalize(torch.randn(2, 128), dim=-1),
        "seconds": torch.ones(2),
    }


def objective(patches: int) -> RewardObjective:
    torch.manual_seed(0)
    model = DiTAR(tiny_config(True))
    torch.nn.init.normal_(model.locdit.out.weight, std=0.1)
    reward = Reward(steps=2, trained_steps=1, patches=patches)
    return RewardObjective(model, DiTARLosses(), reward)


def test_gradients_reach_the_networks_that_speak_and_no_listener() -> None:
    tuned = objective(4)
    losses = tuned.rewards(batch(tuned.model, 5))
    (losses["speaker"] + losses["phonetic"]).backward()
    model = tuned.model
    assert model.speaker is not None
    assert model.reader is not None
    for network in (model.locdit, model.language_model):
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        assert sum(float(gradient.abs().sum()) for gradient in gradients) > 0
    for network in (model.vae, model.speaker, model.reader):
        assert all(p.grad is None for p in network.parameters())
    assert 0 <= float(losses["speaker"].detach()) <= 2


def test_utterances_that_are_too_short_are_not_rewarded() -> None:
    tuned = objective(9)
    losses = tuned.rewards(batch(tuned.model, 5))
    assert float(losses["speaker"]) == 0
    assert float(losses["phonetic"]) == 0
