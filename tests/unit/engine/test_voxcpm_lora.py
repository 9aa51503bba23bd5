"""A LoRA named on the command line is merged into the model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
import voxcpm_folders as folders
from safetensors.torch import save_file

from ditar_studio.cli.main import main
from ditar_studio.engine.load import Adapter, load_model
from ditar_studio.errors import StudioError


def lora(folder: Path) -> Path:
    folder.mkdir()
    place = "base_lm.layers.0.self_attn.q_proj"
    generator = torch.Generator().manual_seed(0)
    save_file(
        {
            f"{place}.lora_A": torch.randn(4, 64, generator=generator),
            f"{place}.lora_B": torch.randn(64, 4, generator=generator),
        },
        folder / "lora_weights.safetensors",
    )
    values = {"base_model": "x", "lora_config": {"r": 4, "alpha": 8}}
    (folder / "lora_config.json").write_text(json.dumps(values))
    return folder


def spoken(tmp_path: Path, model: Path, *options: str) -> np.ndarray:
    out = tmp_path / "out.wav"
    command = ["speak", "--model", str(model), "--text", "Hello", "--patches", "2", *options]
    assert main([*command, "--steps", "3", "--subtype", "FLOAT", "--force", "--out", str(out)]) == 0
    return soundfile.read(out)[0]


def test_speak_takes_a_lora(tmp_path: Path) -> None:
    model = folders.make_folder(tmp_path / "model", "0.5b")
    plain = spoken(tmp_path, model)
    assert np.array_equal(plain, spoken(tmp_path, model))
    assert not np.allclose(plain, spoken(tmp_path, model, "--lora", str(lora(tmp_path / "lora"))))


def test_a_lora_without_its_strength_needs_an_alpha(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = folders.make_folder(tmp_path / "model", "0.5b")
    folder = lora(tmp_path / "lora")
    received = spoken(tmp_path, model, "--lora", str(folder))
    (folder / "lora_config.json").unlink()
    options = ["--model", str(model), "--text", "Hello", "--out", str(tmp_path / "x.wav")]
    assert main(["speak", *options, "--lora", str(folder)]) == 1
    assert "alpha" in capsys.readouterr().err
    given = spoken(tmp_path, model, "--lora", str(folder), "--lora-alpha", "8")
    np.testing.assert_array_equal(given, received)


def test_the_built_in_model_refuses_a_lora(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="LoRA"):
        load_model(None, None, Adapter(lora(tmp_path / "lora")))
