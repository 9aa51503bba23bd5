"""A DiTAR small enough for tests of shapes and numerics."""

from __future__ import annotations

import torch

from ditar_studio.model.config import DiTARConfig, TransformerConfig, VaeConfig

TINY = TransformerConfig(2, 32, 2, 64)


def tiny_config(builtin: bool) -> DiTARConfig:
    """Make a configuration with what the built-in model has beyond the paper, or without."""
    vae = VaeConfig(
        latent_dim=8,
        mel_bins=20,
        encoder_dim=16,
        trunk_dim=24,
        decoder_dim=24,
        bands=12,
        speaker=builtin,
    )
    return DiTARConfig(TINY, TINY, TINY, vae, symbols=30, pointer=builtin, speaker=builtin)


def randomised(model: torch.nn.Module) -> torch.nn.Module:
    """Give zero-initialised layers something to do."""
    torch.manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return model.eval()
