"""Weights in fewer bits: what stays exact stays exact, and int8 is used only where it is good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import voxcpm_folders as folders
from safetensors.torch import load_file, save_file

from ditar_studio.inference.kernels.library import missing
from ditar_studio.inference.voxcpm import checkpoint, packed_vae, precision
from ditar_studio.inference.voxcpm.checkpoint import load
from ditar_studio.inference.voxcpm.native import NativeLocDiT, NativeTransformer
from ditar_studio.inference.voxcpm.packed_vae import PackedVae
from ditar_studio.inference.voxcpm.precision import (
    CompiledLinear,
    HalfLinear,
    Int8Linear,
    Precision,
    Rows,
    choose,
)
from ditar_studio.inference.voxcpm.runtime import VoxCPMRequest, VoxCPMRuntime
from ditar_studio.model.sampling import Sampling
from ditar_studio.model.voxcpm.audio_vae import AudioVae, State
from ditar_studio.model.voxcpm.config import parse_config
from ditar_studio.model.voxcpm.layers import Transformer
from ditar_studio.model.voxcpm.voxcpm import Prompt, VoxCPM

compiled = pytest.mark.skipif(bool(missing()), reason=f"no compiled kernels: {missing()}")

FLOATS = Precision("fp32", torch.float32, None, "")

CPUS = {
    "AVX2": {"avx2": True},
    "VNNI": {"avx2": True, "avx512_vnni": True},
    "VNNI and bf16": {"avx2": True, "avx512_vnni": True, "avx512_bf16": True},
    "no AVX2": {},
}
"""What torch may say of an x86 CPU."""


def simulate(cpu: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let torch speak of another CPU than this one, and let the kernels be where they'd be."""
    said = {"architecture": "x86_64", **CPUS[cpu]}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: said)
    if cpu == "no AVX2":
        monkeypatch.setattr(precision, "fits", lambda *_: False)
        monkeypatch.setattr(packed_vae, "fits", lambda *_: False)


def in_bf16(folder: Path, generation: str = "2") -> Path:
    """A folder with weights as they are released."""
    folders.make_folder(folder, generation)
    file = folder / "model.safetensors"
    save_file({name: value.bfloat16() for name, value in load_file(file).items()}, file)
    return folder


def first_patch(runtime: VoxCPMRuntime) -> torch.Tensor:
    torch.manual_seed(1)
    request = VoxCPMRequest(Prompt((200, 300, 400)), patches=1)
    return runtime.step(runtime.prefill(request, Sampling(1.0))).latents


def test_weights_released_in_16_bits_give_float32_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = in_bf16(tmp_path / "model")
    packed = load(folder, FLOATS, threads=2).runtime
    monkeypatch.setattr(precision, "multiplies_fp16", lambda: False)
    plain = load(folder, FLOATS).runtime
    if torch.cpu.get_capabilities().get("avx2", False):
        assert isinstance(packed.model.base_lm.blocks[0].feed_forward.down, HalfLinear)
    assert not any(isinstance(module, HalfLinear) for module in plain.model.modules())
    torch.testing.assert_close(first_patch(packed), first_patch(plain), rtol=0, atol=2e-5)


def test_weights_beyond_float16_are_not_packed_into_it() -> None:
    small, large = torch.ones(4, 4).bfloat16(), torch.full((4, 4), 1e5).bfloat16()
    assert Rows(small, small).fits_half()
    assert not Rows(small, large).fits_half()
    assert not Rows(small.float()).fits_half()


def test_rows_are_joined_and_widened() -> None:
    parts = torch.randn(3, 5).bfloat16(), torch.randn(2, 5).bfloat16()
    wide = Rows(*parts).widen(torch.empty(40))
    assert torch.equal(wide, torch.cat(parts).float())


@pytest.fixture(params=["compiled", "by torch"])
def arithmetic(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the compiled kernels, where there are any, and without them."""
    if request.param == "by torch":
        monkeypatch.setattr(precision, "fits", lambda *_: False)
        monkeypatch.setattr(packed_vae, "fits", lambda *_: False)
    elif missing():
        pytest.skip(f"no compiled kernels: {missing()}")


def in_int8(module: torch.nn.Module) -> bool:
    if isinstance(module, CompiledLinear):
        return module.matrix.is_int8
    return isinstance(module, Int8Linear)


@pytest.mark.usefixtures("arithmetic")
def test_every_projection_s_choice_is_reported(tmp_path: Path) -> None:
    loaded = load(in_bf16(tmp_path / "model"), choose("int8"), threads=2)
    held = {name for name, module in loaded.runtime.model.named_modules() if in_int8(module)}
    assert held == {choice.place for choice in loaded.choices if choice.int8}
    assert held
    assert all(choice.int8 == (choice.error <= precision.MOST_ERROR) for choice in loaded.choices)
    assert not any(place.startswith(("stop_", "fsq.", "dit.out_proj")) for place in held)


@pytest.mark.usefixtures("arithmetic")
def test_a_projection_that_int8_would_harm_stays_exact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = in_bf16(tmp_path / "model")
    monkeypatch.setattr(precision, "MOST_ERROR", 0.0)
    loaded = load(folder, choose("int8"))
    assert not any(choice.int8 for choice in loaded.choices)
    exact = load(folder, FLOATS).runtime
    torch.testing.assert_close(first_patch(loaded.runtime), first_patch(exact), rtol=0, atol=2e-5)


@compiled
@pytest.mark.parametrize("generation", ["1.5", "2"])
@pytest.mark.parametrize("cpu", ["AVX2", "VNNI", "VNNI and bf16"])
def test_compiled_transformers_compute_what_their_modules_do(
    tmp_path: Path, generation: str, cpu: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulate(cpu, monkeypatch)
    monkeypatch.setattr(precision, "MOST_ERROR", 0.0)
    folder = in_bf16(tmp_path, generation)
    runtime = load(folder, choose("int8")).runtime
    assert all(isinstance(part, NativeTransformer) for part in transformers(runtime.model))
    assert isinstance(runtime.model.dit, NativeLocDiT)
    monkeypatch.setattr(checkpoint, "compile_transformers", lambda _: None)
    plain = load(folder, choose("int8")).runtime
    assert not any(isinstance(part, NativeTransformer) for part in transformers(plain.model))
    torch.testing.assert_close(first_patch(runtime), first_patch(plain), rtol=0, atol=2e-5)


@pytest.mark.parametrize("generation", folders.GENERATIONS)
@pytest.mark.parametrize("name", [None, "fp32", "bf16", "int8"])
def test_a_model_speaks_without_avx2_in_every_precision(
    tmp_path: Path, generation: str, name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulate("no AVX2", monkeypatch)
    chosen = choose(name)
    assert chosen.dtype == torch.float32
    runtime = load(folders.make_folder(tmp_path, generation), chosen).runtime
    model = runtime.model
    assert not any(isinstance(part, CompiledLinear | HalfLinear) for part in model.modules())
    assert not any(isinstance(part, NativeTransformer) for part in transformers(model))
    assert first_patch(runtime).isfinite().all()


def transformers(model: VoxCPM) -> list[Transformer]:
    return [part for part in model.modules() if isinstance(part, Transformer)]


@compiled
@pytest.mark.parametrize("generation", ["0.5b", "1.5", "2"])
def test_the_compiled_decoder_decodes_what_the_plain_one_does(
    tmp_path: Path, generation: str
) -> None:
    folders.make_folder(tmp_path, generation)
    plain, quick = (load(tmp_path, choose(name)).runtime.model.vae for name in ("fp32", "int8"))
    assert any(isinstance(part, CompiledLinear) for part in quick.modules())
    latents = torch.randn(24, plain.config.latent_dim, generator=torch.Generator().manual_seed(0))
    right = plain.decode(latents)
    torch.testing.assert_close(quick.decode(latents), right, rtol=0, atol=2e-3)
    torch.testing.assert_close(torch.cat(in_steps(quick, latents)), quick.decode(latents))


@compiled
@pytest.mark.parametrize(("generation", "width"), [("0.5b", 256), ("1.5", 512), ("2", 1024)])
def test_a_decoder_of_real_widths_is_compiled_whole(generation: str, width: int) -> None:
    values = folders.config_values(generation)
    values["audio_vae_config"]["decoder_dim"] = width
    config, tensors = parse_config(values).vae, folders.vae_tensors(values, 3)
    plain, quick = AudioVae(config, tensors), PackedVae(config, tensors)
    assert quick._whole is not None
    latents = torch.randn(24, config.latent_dim, generator=torch.Generator().manual_seed(0))
    right = plain.decode(latents)
    torch.testing.assert_close(quick.decode(latents), right, rtol=0, atol=2e-3)
    torch.testing.assert_close(torch.cat(in_steps(quick, latents)), quick.decode(latents))


@compiled
def test_hearing_a_patch_while_it_is_decoded_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = folders.config_values("0.5b")
    values["audio_vae_config"]["decoder_dim"] = 256
    monkeypatch.setattr(folders, "config_values", lambda _: values)
    runtime = load(folders.make_folder(tmp_path, "0.5b"), choose("int8")).runtime
    vae = runtime.model.vae
    assert isinstance(vae, PackedVae)
    assert vae._whole is not None
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    together = five_patches(runtime)

    @contextmanager
    def after_all(latents: torch.Tensor, state: State) -> Iterator[tuple[torch.Tensor, bool]]:
        yield vae.decode_step(latents, state), False

    monkeypatch.setattr(vae, "decoding", after_all)
    torch.testing.assert_close(together, five_patches(runtime))
    torch.set_num_threads(before)


def five_patches(runtime: VoxCPMRuntime) -> torch.Tensor:
    """Their samples; the caches have room for no more."""
    torch.manual_seed(1)
    request = VoxCPMRequest(Prompt((200, 300, 400)), patches=5)
    state = runtime.prefill(request, Sampling(1.0))
    samples = torch.cat([runtime.decode(state, runtime.step(state)) for _ in range(5)])
    assert state.room == 0
    return samples


def in_steps(vae: AudioVae, latents: torch.Tensor) -> list[torch.Tensor]:
    state = vae.start()
    return [vae.decode_step(part, state) for part in latents.split(2)]  # type: ignore[no-untyped-call]


def test_int8_survives_inputs_with_outliers() -> None:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(64, 256, generator=generator) / 16
    x = torch.randn(8, 256, generator=generator)
    x[:, 7] *= 30
    right = x @ weight.t()
    wrong = Int8Linear(weight.clone(), None)(x) - right
    assert float(wrong.norm() / right.norm()) < 0.05


@pytest.mark.parametrize("cpu", CPUS)
def test_a_precision_says_why(cpu: str, monkeypatch: pytest.MonkeyPatch) -> None:
    simulate(cpu, monkeypatch)
    assert choose("int8").reason == "it was asked for"
    assert choose(None).name == "fp32"
    assert ("float32" in choose("bf16").reason) == ("bf16" not in cpu)
    assert replace(choose("bf16"), reason="").weights == torch.bfloat16
