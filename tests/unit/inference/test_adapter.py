from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from small_ditar import SMALL
from tiny_ditar import randomised

from ditar_studio.errors import OtherModelError, StudioError
from ditar_studio.inference.adapter import (
    AdapterCard,
    VoiceAdapter,
    load_adapter,
)
from ditar_studio.model.config import PRESETS, DiTARConfig
from ditar_studio.model.locdit import LocDiT
from ditar_studio.store.adapter import read_card

CARD = AdapterCard(
    model_hash="a" * 64,
    highest=0.75,
    clips=("clip",),
    seconds=4.5,
    settings={"steps": 3},
    before={"likeness": 0.5},
)


def adapter(config: DiTARConfig = SMALL) -> VoiceAdapter:
    torch.manual_seed(0)
    locdit = randomised(LocDiT(config))
    weights = {name: weight.bfloat16() for name, weight in locdit.state_dict().items()}
    dim = config.language_model.dim
    return VoiceAdapter(CARD, weights, torch.randn(dim), torch.randn(config.vae.bands))


def test_it_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    made, path = adapter(), tmp_path / "voice.safetensors"
    made.save(path)
    found = load_adapter(path, CARD.model_hash)
    assert found.card == CARD
    assert torch.equal(found.shift, made.shift)
    assert found.timbre is not None
    assert made.timbre is not None
    assert torch.equal(found.timbre, made.timbre)
    applied = found.applied(LocDiT(SMALL)).state_dict()
    assert all(torch.equal(applied[name], w.float()) for name, w in made.locdit.items())
    assert read_card(path)["model_hash"] == CARD.model_hash


def test_that_of_the_built_in_model_is_small_enough_for_the_library(tmp_path: Path) -> None:
    adapter(PRESETS["builtin"]).save(tmp_path / "voice.safetensors")
    assert (tmp_path / "voice.safetensors").stat().st_size < 6_000_000


def test_another_model_refuses_it_in_a_sentence(tmp_path: Path) -> None:
    adapter().save(tmp_path / "voice.safetensors")
    with pytest.raises(OtherModelError, match="another model") as caught:
        load_adapter(tmp_path / "voice.safetensors", "b" * 64)
    assert "Fine-tune" in caught.value.remedy
    with pytest.raises(StudioError, match="fit"):
        adapter().applied(LocDiT(PRESETS["builtin"]))


def test_what_is_damaged_or_foreign_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "voice.safetensors"
    adapter().save(path)
    whole, tensors = path.read_bytes(), load_file(path)
    cases = [whole[:5000], b"", whole.replace(b"ditar-studio-voice", b"ditar-studio-noise")]
    for content in cases:
        path.write_bytes(content)
        with pytest.raises(StudioError, match="damaged"):
            load_adapter(path, CARD.model_hash)
    path.write_bytes(whole.replace(b'"format_version":"1"', b'"format_version":"2"'))
    with pytest.raises(StudioError, match="another version"):
        load_adapter(path, CARD.model_hash)
    with pytest.raises(StudioError, match="damaged"):
        load_adapter(tmp_path / "missing.safetensors", CARD.model_hash)
    path.write_bytes(whole)
    tensors["shift"][0] = float("nan")
    metadata = {"format": "ditar-studio-voice", "format_version": "1", "card": "{}"}
    save_file(tensors, path, metadata)
    with pytest.raises(StudioError, match="damaged"):
        load_adapter(path, CARD.model_hash)
