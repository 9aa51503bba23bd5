"""Broken model folders are refused in one sentence, and nothing in them is run."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import voxcpm_folders as folders
from safetensors.torch import load_file, save_file

from ditar_studio.errors import StudioError
from ditar_studio.inference.voxcpm.checkpoint import load
from ditar_studio.model.voxcpm.config import parse_config
from ditar_studio.model.voxcpm.released_names import main_shapes

Breakage = Callable[[Path], None]


def _config(change: Callable[[dict[str, Any]], object]) -> Breakage:
    def apply(folder: Path) -> None:
        path = folder / "config.json"
        values = json.loads(path.read_text())
        change(values)
        path.write_text(json.dumps(values))

    return apply


def _set(*place: Any) -> Breakage:
    *sections, name, value = place

    def change(values: dict[str, Any]) -> None:
        for section in sections:
            values = values[section]
        values[name] = value

    return _config(change)


def _drop(*place: str) -> Breakage:
    *sections, name = place

    def change(values: dict[str, Any]) -> None:
        for section in sections:
            values = values[section]
        del values[name]

    return _config(change)


def _write(name: str, content: bytes) -> Breakage:
    return lambda folder: (folder / name).write_bytes(content) and None


def _cut(name: str, keep: float) -> Breakage:
    def apply(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: int(len(content) * keep)])

    return apply


def _remove(name: str) -> Breakage:
    return lambda folder: (folder / name).unlink()


def _main(change: Callable[[dict[str, torch.Tensor]], object]) -> Breakage:
    def apply(folder: Path) -> None:
        tensors = load_file(folder / "model.safetensors")
        change(tensors)
        save_file(tensors, folder / "model.safetensors")

    return apply


def _vae(content: Any) -> Breakage:
    return lambda folder: torch.save(content, folder / "audiovae.pth")


class Bomb:
    """Unpickling it would leave a file behind."""

    target = ""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path(self.target),)


def _bomb(name: str) -> Breakage:
    def apply(folder: Path) -> None:
        Bomb.target = str(folder / "exploded")
        torch.save({"state_dict": {"x": Bomb()}}, folder / name)

    return apply


def _raw_bomb(folder: Path) -> None:
    Bomb.target = str(folder / "exploded")
    (folder / "audiovae.pth").write_bytes(pickle.dumps(Bomb()))


NORM = "base_lm.norm.weight"
MISSING = ("config.json", "tokenizer.json", "model.safetensors", "audiovae.pth")
BREAKAGES: dict[str, Breakage] = {
    **{f"no {name}": _remove(name) for name in MISSING},
    **{f"empty {name}": _write(name, b"") for name in MISSING},
    **{f"noise in {name}": _write(name, b"\x80\x02\xff\x00junk" * 99) for name in MISSING},
    **{f"half of {name}": _cut(name, 0.5) for name in MISSING},
    "nearly all of model.safetensors": _cut("model.safetensors", 0.999),
    "nearly all of audiovae.pth": _cut("audiovae.pth", 0.99),
    "a header of absurd length": _write("model.safetensors", b"\xff" * 8 + b"{}"),
    "a header that is no JSON": _write("model.safetensors", (4).to_bytes(8, "little") + b"]]]]"),
    "a web page for weights": _write("model.safetensors", b"<!DOCTYPE html><html>404</html>"),
    "a pointer for weights": _write("audiovae.pth", b"version https://git-lfs.github.com/spec/v1"),
    "a list for a config": _write("config.json", b"[1, 2]"),
    "null for a config": _write("config.json", b"null"),
    "deep nesting for a config": _write("config.json", b"[" * 100_000),
    "bytes for a config": _write("config.json", b"\xff\xfe\x00{"),
    "an empty config": _write("config.json", b"{}"),
    "another architecture": _set("architecture", "llama"),
    "a number as architecture": _set("architecture", 7),
    "the first generation's name": _set("architecture", "voxcpm"),
    "no lm_config": _drop("lm_config"),
    "a list as lm_config": _set("lm_config", []),
    "no hidden size": _drop("lm_config", "hidden_size"),
    "a negative size": _set("lm_config", "hidden_size", -64),
    "a fractional size": _set("lm_config", "hidden_size", 64.5),
    "a text as size": _set("lm_config", "hidden_size", "64"),
    "true as a size": _set("lm_config", "num_hidden_layers", True),
    "an astronomical size": _set("lm_config", "intermediate_size", 1 << 60),
    "a billion layers": _set("lm_config", "num_hidden_layers", 10**9),
    "a billion layers in LocDiT": _set("dit_config", "num_layers", 10**9),
    "a thousand rates": _set("audio_vae_config", "encoder_rates", [2] * 1000),
    "no heads": _set("lm_config", "num_attention_heads", 0),
    "heads that don't divide": _set("lm_config", "num_key_value_heads", 3),
    "an odd head": _set("lm_config", "kv_channels", 15),
    "no rope factors": _drop("lm_config", "rope_scaling", "short_factor"),
    "too few rope factors": _set("lm_config", "rope_scaling", "short_factor", [1.0]),
    "texts as rope factors": _set("lm_config", "rope_scaling", "short_factor", ["1"] * 8),
    "no epsilon": _drop("lm_config", "rms_norm_eps"),
    "a wider model": _set("lm_config", "hidden_size", 128),
    "another vocabulary": _set("lm_config", "vocab_size", 2048),
    "a vocabulary without control marks": _set("lm_config", "vocab_size", 50),
    "more layers": _set("residual_lm_num_layers", 3),
    "no room": _set("max_length", 1),
    "another latent size": _set("feat_dim", 32),
    "no patch": _set("patch_size", 0),
    "a flag that is no flag": _set("residual_lm_no_rope", "yes"),
    "a VAE that is no object": _set("audio_vae_config", 5),
    "no rates": _set("audio_vae_config", "decoder_rates", []),
    "a giant rate": _set("audio_vae_config", "encoder_rates", [9999]),
    "a rate that is no number": _set("audio_vae_config", "sample_rate", "fast"),
    "a decoder that can't be halved": _set("audio_vae_config", "decoder_dim", 63),
    "other decoder rates": _set("audio_vae_config", "decoder_rates", [8, 6, 5, 2, 2]),
    "a tensor less": _main(lambda tensors: tensors.pop(NORM)),
    "a tensor more": _main(lambda tensors: tensors.update(lm_head=torch.zeros(2))),
    "a tensor of another shape": _main(lambda t: t.update({NORM: torch.zeros(3)})),
    "another model's tensors": _main(lambda t: (t.clear(), t.update(weight=torch.zeros(2)))),
    "an empty VAE": _vae({"state_dict": {}}),
    "numbers for a VAE": _vae({"state_dict": {"a": 1}}),
    "a tensor for a VAE": _vae(torch.zeros(3)),
    "a bomb in the VAE": _bomb("audiovae.pth"),
    "a bare pickle for a VAE": _raw_bomb,
    "another tokenizer": _write("tokenizer.json", b'{"version": "1.0", "model": {}}'),
}


def test_there_are_sixty_of_them() -> None:
    assert len(BREAKAGES) >= 60


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folders.make_folder(tmp_path_factory.mktemp("intact") / "tiny", "2")


@pytest.mark.parametrize("name", BREAKAGES)
def test_a_broken_folder_is_refused_in_one_sentence(
    name: str, intact: Path, tmp_path: Path
) -> None:
    for path in intact.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    BREAKAGES[name](tmp_path)
    with pytest.raises(StudioError) as caught:
        load(tmp_path)
    assert caught.value.remedy
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 400
    assert not (tmp_path / "exploded").exists()


def test_what_is_missing_is_named(intact: Path, tmp_path: Path) -> None:
    for path in intact.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    BREAKAGES["a tensor less"](tmp_path)
    with pytest.raises(StudioError, match=NORM):
        load(tmp_path)


@pytest.mark.parametrize("wrapped", [True, False])
def test_the_vae_may_be_bare_or_wrapped_or_prefixed(
    wrapped: bool, intact: Path, tmp_path: Path
) -> None:
    for path in intact.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    vae = torch.load(intact / "audiovae.pth", weights_only=True)["state_dict"]
    renamed = {f"module.{key}": value for key, value in vae.items()}
    torch.save({"state_dict": vae} if wrapped else renamed, tmp_path / "audiovae.pth")
    load(tmp_path)


def _lora(folder: Path, rank: int, said: int | None) -> Path:
    folder.mkdir()
    place = "base_lm.layers.0.self_attn.q_proj"
    generator = torch.Generator().manual_seed(1)
    a = torch.randn(rank, 64, generator=generator)
    b = torch.randn(64, rank, generator=generator)
    save_file({f"{place}.lora_A": a, f"{place}.lora_B": b}, folder / "lora_weights.safetensors")
    if said is not None:
        config = {"base_model": "", "lora_config": {"r": said, "alpha": 16}}
        (folder / "lora_config.json").write_text(json.dumps(config))
    return folder


def test_a_lora_is_merged_with_its_own_strength(intact: Path, tmp_path: Path) -> None:
    lora = _lora(tmp_path / "lora", 4, 4)
    plain = load(intact).runtime.model
    merged = load(intact, lora=lora).runtime.model
    tensors = load_file(lora / "lora_weights.safetensors")
    a, b = (tensors[f"base_lm.layers.0.self_attn.q_proj.lora_{side}"] for side in "AB")
    name = "base_lm.blocks.0.attention.qkv.weight"
    change = merged.state_dict()[name] - plain.state_dict()[name]
    torch.testing.assert_close(change[:64], 4 * b @ a, rtol=0, atol=1e-4)
    assert not change[64:].any()


def test_a_lora_that_contradicts_its_description_is_refused(intact: Path, tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="rank"):
        load(intact, lora=_lora(tmp_path / "wrong", 4, 8))
    with pytest.raises(StudioError, match=r"lora_config\.json"):
        load(intact, lora=_lora(tmp_path / "silent", 4, None))
    load(intact, lora=tmp_path / "silent", lora_alpha=8.0)


def test_the_released_sizes_come_out() -> None:
    factors = [1.0] * 64
    values = {
        "architecture": "voxcpm2",
        "lm_config": {
            "hidden_size": 2048,
            "intermediate_size": 6144,
            "num_attention_heads": 16,
            "num_hidden_layers": 28,
            "num_key_value_heads": 2,
            "rms_norm_eps": 1e-5,
            "kv_channels": 128,
            "rope_scaling": {"short_factor": factors, "long_factor": factors},
            "vocab_size": 73448,
            "use_mup": False,
        },
        "encoder_config": {"num_layers": 12, "kv_channels": 128},
        "dit_config": {"num_layers": 12, "kv_channels": 128},
        "residual_lm_no_rope": True,
    }
    shapes = main_shapes(parse_config(values))
    assert len(shapes) == 577
    count = 0
    for shape in shapes.values():
        size = 1
        for length in shape:
            size *= length
        count += size
    assert count == 2_290_004_544
