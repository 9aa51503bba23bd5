"""Damaged weights are told as damaged weights, before anything is made with them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import voxcpm_folders
from safetensors.torch import load_file, save_file
from small_ditar import save_small_ditar

from ditar_studio.cli import main
from ditar_studio.engine import integrity
from ditar_studio.engine.load import built_in_folder, load_model
from ditar_studio.errors import StudioError
from ditar_studio.store.files import sha256

RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both kinds of model."""
    folder = tmp_path_factory.mktemp("intact")
    integrity.record(save_small_ditar(folder / "small"), ["model.safetensors"])
    voxcpm = voxcpm_folders.make_folder(folder / "voxcpm", "0.5b")
    integrity.record(voxcpm, [path.name for path in voxcpm.iterdir()])
    return folder


@pytest.fixture
def native(intact: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(intact / "small", tmp_path / "small"))


@pytest.fixture
def voxcpm(intact: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(intact / "voxcpm", tmp_path / "voxcpm"))


def header_end(content: bytes) -> int:
    return 8 + int.from_bytes(content[:8], "little")


def a_bit_is_flipped(content: bytes) -> bytes:
    at = int(RANDOM.integers(len(content)))
    return content[:at] + bytes([content[at] ^ 1 << int(RANDOM.integers(8))]) + content[at + 1 :]


def a_tensor_is_zeroed(content: bytes) -> bytes:
    start = header_end(content)
    return content[:start] + bytes(len(content) - start)


def tensors_are_random(content: bytes) -> bytes:
    start = header_end(content)
    return content[:start] + RANDOM.bytes(len(content) - start)


def the_end_is_missing(content: bytes) -> bytes:
    return content[: -int(RANDOM.integers(1, len(content)))]


def the_header_is_broken(content: bytes) -> bytes:
    return b"\xff" * 8 + content[8:]


def the_header_is_random(content: bytes) -> bytes:
    start = header_end(content)
    return content[:8] + RANDOM.bytes(start - 8) + content[start:]


def everything_is_zero(content: bytes) -> bytes:
    return bytes(len(content))


def nothing_is_left(content: bytes) -> bytes:
    return b""


DAMAGES = [
    *[a_bit_is_flipped] * 20,
    *[the_end_is_missing] * 5,
    a_tensor_is_zeroed,
    tensors_are_random,
    the_header_is_broken,
    the_header_is_random,
    everything_is_zero,
    nothing_is_left,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_weights_are_reported_as_such(
    native: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = native / "model.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    for named in (native, path):
        with pytest.raises(StudioError, match="weights are damaged") as received:
            load_model(named)
        assert "Install the model again" in received.value.remedy


def test_the_recording_is_not_blamed(
    native: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = native / "model.safetensors"
    path.write_bytes(a_tensor_is_zeroed(path.read_bytes()))
    out = ["--out", str(tmp_path / "a.wav")]
    assert (
        main(["speak", "--model", str(native), "--voice", "Kathleen", "--text", "Hi.", *out]) == 1
    )
    received = capsys.readouterr().err
    assert "weights are damaged" in received
    assert "reference" not in received


def test_missing_weights_are_reported_as_damage(native: Path) -> None:
    (native / "model.safetensors").unlink()
    with pytest.raises(StudioError, match="weights are damaged"):
        load_model(native)


def test_intact_weights_are_loaded(native: Path) -> None:
    load_model(native)


def test_the_built_in_weights_are_those_of_their_manifest() -> None:
    """If this fails after the weights were replaced: python packaging/record_checksums.py"""
    folder = built_in_folder()
    recorded = integrity.read_manifest(folder).files
    assert recorded.keys() == {path.name for path in folder.glob("*.safetensors")}
    assert integrity.damaged(folder) == []


@pytest.mark.parametrize("name", ["pytorch_model.bin", "audiovae.pth", "config.json"])
def test_every_file_of_a_downloaded_model_is_checked(voxcpm: Path, name: str) -> None:
    load_model(voxcpm)
    path = voxcpm / name
    path.write_bytes(a_bit_is_flipped(path.read_bytes()))
    with pytest.raises(StudioError, match=f"weights are damaged .{name}"):
        load_model(voxcpm)


def test_a_large_file_is_read_once(voxcpm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def reading(path: Path) -> str:
        read.append(path.name)
        return sha256(path)

    monkeypatch.setattr(integrity, "sha256", reading)
    files = sorted(integrity.read_manifest(voxcpm).files)
    integrity.check(voxcpm)
    assert sorted(read) == files
    integrity.check(voxcpm)
    assert sorted(read) == files
    path = voxcpm / "audiovae.pth"
    os.utime(path, ns=(1, 1))
    integrity.check(voxcpm)
    assert read[len(files) :] == ["audiovae.pth"]
    moved = voxcpm.rename(voxcpm.with_name("elsewhere"))
    integrity.check(moved)
    assert len(read) == 2 * len(files) + 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": 3}', '{"a": [1, 2]}', "\0"])
def test_what_is_remembered_may_be_lost(voxcpm: Path, content: str) -> None:
    integrity._cache().parent.mkdir(parents=True)
    integrity._cache().write_text(content)
    integrity.check(voxcpm)
    (voxcpm / "audiovae.pth").write_bytes(b"x")
    with pytest.raises(StudioError, match="damaged"):
        integrity.check(voxcpm)


def test_nothing_is_remembered_where_nothing_can_be_written(
    voxcpm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (voxcpm / "file").touch()
    monkeypatch.setattr(integrity, "_cache", lambda: voxcpm / "file" / "checksums.json")
    integrity.check(voxcpm)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"files": {"a": 3}}', "[" * 100_000])
def test_a_damaged_manifest_is_reported(native: Path, content: str) -> None:
    (native / integrity.MANIFEST).write_text(content)
    with pytest.raises(StudioError, match="is damaged"):
        load_model(native)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_weights_that_are_not_finite_are_reported_without_a_manifest(
    tmp_path: Path, value: float, precision: str
) -> None:
    folder = voxcpm_folders.make_folder(tmp_path / "voxcpm", "2")
    tensors = load_file(folder / "model.safetensors")
    name = max(tensors, key=lambda name: tensors[name].numel())
    tensors[name].view(-1)[-1] = value
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(StudioError, match="damaged"):
        load_model(folder, precision)  # type: ignore[arg-type]


def test_weights_of_another_type_are_reported(tmp_path: Path) -> None:
    folder = voxcpm_folders.make_folder(tmp_path / "voxcpm", "2")
    tensors = load_file(folder / "model.safetensors")
    name = max(tensors, key=lambda name: tensors[name].numel())
    tensors[name] = tensors[name].to(torch.int8)
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(StudioError, match="damaged"):
        load_model(folder)
