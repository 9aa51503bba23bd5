from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_ditar import tiny_config

from ditar_studio.errors import StudioError
from ditar_studio.model import weights
from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.vae import Vae


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    weights.save_model(DiTAR(tiny_config(True)), path)
    return path


def header(path: Path) -> dict[str, str]:
    from safetensors import safe_open

    with safe_open(str(path), framework="pt") as file:
        return dict(file.metadata())


def test_round_trip(tmp_path: Path) -> None:
    model = DiTAR(tiny_config(False))
    weights.save_model(model, tmp_path / "m.safetensors", dtype=torch.float32)
    again = weights.load_ditar(tmp_path / "m.safetensors")
    assert again.config == model.config
    for name, value in model.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])
    assert not any(p.requires_grad for p in again.parameters())


def test_what_no_file_holds_is_as_in_a_model_built_anew(saved: Path) -> None:
    built, loaded = DiTAR(tiny_config(True)), weights.load_ditar(saved)
    constants = dict(loaded.named_buffers())
    assert constants.keys() - loaded.state_dict().keys()
    for name, value in built.named_buffers():
        assert name in loaded.state_dict() or torch.equal(constants[name], value)


def test_nothing_is_drawn_for_a_file_to_replace(tmp_path: Path) -> None:
    weights.save_model(Vae(tiny_config(False).vae), tmp_path / "vae.safetensors")
    before = torch.get_rng_state()
    weights.load_vae(tmp_path / "vae.safetensors")
    assert torch.equal(torch.get_rng_state(), before)


def rewrite(path: Path, change_tensors=None, **metadata: str) -> None:  # type: ignore[no-untyped-def]
    tensors, meta = load_file(path), header(path)
    if change_tensors:
        change_tensors(tensors)
    save_file(tensors, path, meta | metadata)


def drop_one(tensors: dict[str, torch.Tensor]) -> None:
    tensors.pop("aggregator.token")


def add_one(tensors: dict[str, torch.Tensor]) -> None:
    tensors["extra"] = torch.zeros(1)


def reshape_one(tensors: dict[str, torch.Tensor]) -> None:
    tensors["aggregator.token"] = torch.zeros(3)


def poison_one(tensors: dict[str, torch.Tensor]) -> None:
    tensors["aggregator.token"][0] = float("nan")


def burst_one(tensors: dict[str, torch.Tensor]) -> None:
    tensors["aggregator.token"][-1] = float("-inf")


def retype_one(tensors: dict[str, torch.Tensor]) -> None:
    tensors["aggregator.token"] = tensors["aggregator.token"].to(torch.int8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop_one, "lacks"),
        (add_one, "too many"),
        (reshape_one, "shape"),
        (poison_one, "finite"),
        (burst_one, "finite"),
        (retype_one, "int8"),
    ],
)
def test_wrong_tensors_are_named(saved: Path, change, message: str) -> None:  # type: ignore[no-untyped-def]
    rewrite(saved, change)
    with pytest.raises(StudioError, match=message):
        weights.load_ditar(saved)


@pytest.mark.parametrize(
    "metadata",
    [
        {"format": "other"},
        {"format_version": "99"},
        {"kind": "vae"},
        {"config": "{"},
        {"config": "[]"},
        {"config": "{}"},
    ],
)
def test_foreign_headers_are_refused(saved: Path, metadata: dict[str, str]) -> None:
    rewrite(saved, **metadata)
    with pytest.raises(StudioError):
        weights.load_ditar(saved)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("patch", 0),
        ("patch", "4"),
        ("patch", None),
        ("pointer", 1),
        ("symbols", -3),
        ("vae", 5),
        ("unknown", 1),
        ("symbols", 10**9),
        ("patch", 10**6),
        ("history", 10**6),
        ("vae.sample_rate", 0),
        ("vae.hop", 0),
        ("vae.lookahead", 10**6),
        ("vae.mel_bins", 10**6),
        ("vae.bands", 10**6),
        ("locdit.layers", 10**6),
        ("language_model.dim", 10**5),
        ("encoder.ffn", 10**6),
    ],
)
def test_nonsense_configurations_are_refused(saved: Path, field: str, value: object) -> None:
    """At once, whatever memory they would take."""
    config = json.loads(header(saved)["config"])
    part, _, name = field.rpartition(".")
    (config[part] if part else config)[name] = value
    rewrite(saved, config=json.dumps(config))
    with pytest.raises(StudioError):
        weights.load_ditar(saved)


def test_damaged_files_are_refused(saved: Path, tmp_path: Path) -> None:
    content = saved.read_bytes()
    for number, damaged in enumerate(
        (b"", b"\x80\x04pickle", content[:100], content[: len(content) // 2])
    ):
        path = tmp_path / f"{number}.safetensors"
        path.write_bytes(damaged)
        with pytest.raises(StudioError):
            weights.load_ditar(path)
    with pytest.raises(StudioError):
        weights.load_ditar(tmp_path)
    with pytest.raises(StudioError):
        weights.load_ditar(tmp_path / "nothing.safetensors")
