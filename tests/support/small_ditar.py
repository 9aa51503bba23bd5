"""A DiTAR with random weights that is small enough for tests."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from ditar_studio.model.config import DiTARConfig, TransformerConfig, VaeConfig
from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.weights import save_model
from ditar_studio.text import symbols

SMALL = DiTARConfig(
    encoder=TransformerConfig(1, 32, 2, 64),
    language_model=TransformerConfig(2, 32, 2, 64),
    locdit=TransformerConfig(1, 32, 2, 64),
    vae=VaeConfig(
        latent_dim=8,
        encoder_dim=16,
        trunk_dim=16,
        decoder_dim=16,
        symbols=len(symbols.SYMBOLS),
        speaker=True,
    ),
    symbols=len(symbols.SYMBOLS),
    symbol_version=symbols.VERSION,
    pointer=True,
    speaker=True,
)


def save_small_ditar(folder: Path, seed: int = 0) -> Path:
    """Write it as a model folder."""
    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    save_model(DiTAR(SMALL), folder / "model.safetensors")
    card = {"name": "Small", "version": "test", "default_settings": {"steps": 4}}
    (folder / "model.json").write_text(json.dumps(card))
    return folder
