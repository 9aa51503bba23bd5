"""LoRAs: trained as the family's own package trains, merged or beside, and kept in its folders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import voxcpm_folders as folders
from safetensors.torch import load_file

from ditar_studio.errors import OtherModelError, StudioError
from ditar_studio.inference.threads import one_thread
from ditar_studio.inference.voxcpm.checkpoint import Loaded, load, main_weights
from ditar_studio.inference.voxcpm.lora import write_lora
from ditar_studio.inference.voxcpm.precision import choose
from ditar_studio.inference.voxcpm.runtime import VoxCPMRequest, VoxCPMRuntime
from ditar_studio.inference.voxcpm.voice_lora import (
    LoraCard,
    VoiceLora,
    export_lora,
    load_voice_lora,
)
from ditar_studio.model.sampling import Sampling
from ditar_studio.model.voxcpm.lora import LowRank, lora_places, with_lora
from ditar_studio.model.voxcpm.objective import losses
from ditar_studio.model.voxcpm.trainable import TrainableVoxCPM
from ditar_studio.model.voxcpm.voxcpm import Prompt
from ditar_studio.store.adapter import read_card

RECORDED = ("0.5b", "2")


@pytest.fixture(autouse=True)
def one() -> Iterator[None]:
    with one_thread():  # as little work takes longest to share
        yield


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    scratch = tmp_path_factory.mktemp("models")
    return {each: folders.make_folder(scratch / each, each) for each in folders.GENERATIONS}


def trainable(folder: Path, tensors: dict[str, torch.Tensor] | None = None) -> TrainableVoxCPM:
    config = load(folder).runtime.model.config
    generator = torch.Generator().manual_seed(0)
    made = TrainableVoxCPM(config, main_weights(folder), torch.device("cpu"), generator)
    with torch.no_grad():
        for place, added in made.lora.items() if tensors else ():
            added.down.copy_(tensors[f"{place}.lora_A"])  # type: ignore[index]
            added.up.copy_(tensors[f"{place}.lora_B"])  # type: ignore[index]
    return made


def voice_lora(generation: str) -> VoiceLora:
    tensors = folders.lora_tensors(generation)
    places = {name.rpartition(".")[0] for name in tensors}
    lora = {
        place: LowRank(tensors[f"{place}.lora_A"].bfloat16(), tensors[f"{place}.lora_B"].bfloat16())
        for place in places
    }
    return VoiceLora(LoraCard(model_hash="a" * 64, model_name="tiny", clips=("clip",)), lora)


def spoken(loaded: Loaded, runtime: VoxCPMRuntime, count: int = 2) -> np.ndarray:
    torch.manual_seed(folders.SEED)
    prompt = Prompt(tuple(loaded.tokenizer.encode(folders.TEXT)))
    state = runtime.prefill(VoxCPMRequest(prompt, count), Sampling(1.0, guidance=1.0, steps=10))
    patches = [runtime.decode(state, runtime.step(state)) for _ in range(count)]
    return torch.cat(patches).numpy()


@pytest.mark.parametrize("generation", RECORDED)
def test_both_losses_are_those_of_the_familys_own_training(
    places: dict[str, Path], generation: str
) -> None:
    made = trainable(places[generation], folders.lora_tensors(generation))
    found = losses(made.model, *folders.training_example(generation))
    with np.load(folders.DATA / "lora.npz") as references:
        expected = references[f"{generation}.losses"]
    np.testing.assert_allclose([float(loss.detach()) for loss in found], expected, rtol=2e-6)


@pytest.mark.parametrize("generation", RECORDED)
def test_speech_with_a_lora_is_that_of_the_family_merged_and_beside(
    places: dict[str, Path], generation: str, tmp_path: Path
) -> None:
    tensors = folders.lora_tensors(generation)
    loaded = load(places[generation])
    merged = load(places[generation], lora=write_lora(tmp_path / "lora", tensors))
    full = {
        place: LowRank(tensors[f"{place}.lora_A"], 2 * tensors[f"{place}.lora_B"])
        for place in lora_places(loaded.runtime.model.config)
    }
    beside = VoxCPMRuntime(with_lora(loaded.runtime.model, full))
    with np.load(folders.DATA / "lora.npz") as references:
        expected = references[f"{generation}.speech"]
    plain = spoken(loaded, loaded.runtime)
    for runtime in (merged.runtime, beside):
        np.testing.assert_allclose(spoken(loaded, runtime), expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(spoken(loaded, loaded.runtime), plain)
    assert np.abs(plain - expected).max() > 1e-4


@pytest.mark.parametrize("generation", folders.GENERATIONS)
@pytest.mark.parametrize("recompute", [False, True])
def test_only_the_lora_learns_and_its_loss_falls(
    places: dict[str, Path], generation: str, recompute: bool
) -> None:
    made = trainable(places[generation])
    example, draws = folders.training_example(generation)
    optimiser = torch.optim.AdamW(made.parameters(), lr=5e-3)
    found = []
    for _ in range(12):
        diffusion, stop = losses(made.model, example, draws, recompute)
        found.append((float(diffusion.detach()), float(stop.detach())))
        optimiser.zero_grad()
        (diffusion + stop).backward()  # type: ignore[no-untyped-call]
        assert all(parameter.grad is not None for parameter in made.parameters())
        optimiser.step()
    assert found[-1][0] < 0.8 * found[0][0]
    assert found[-1][1] < 0.8 * found[0][1]
    assert not any(parameter.requires_grad for parameter in made.model.parameters())


def test_what_is_computed_again_gives_the_same_gradients(places: dict[str, Path]) -> None:
    gradients = []
    for recompute in (False, True):
        made = trainable(places["2"], folders.lora_tensors("2"))
        diffusion, stop = losses(made.model, *folders.training_example("2"), recompute)
        gradients.append(torch.autograd.grad(diffusion + stop, made.parameters()))
    for kept, again in zip(*gradients, strict=True):
        torch.testing.assert_close(kept, again)


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_other_precisions_speak_with_it_as_if_it_were_merged(
    places: dict[str, Path], precision: str, tmp_path: Path
) -> None:
    lora = voice_lora("2")
    chosen = choose(precision)
    loaded = load(places["2"], chosen)
    merged = load(places["2"], chosen, write_lora(tmp_path / "lora", lora.tensors()))
    beside = VoxCPMRuntime(with_lora(loaded.runtime.model, lora.additions()))
    expected, plain = spoken(loaded, merged.runtime, 1), spoken(loaded, loaded.runtime, 1)
    error = np.abs(spoken(loaded, beside, 1) - expected).max()
    assert error < 0.5 * np.abs(plain - expected).max()


def test_a_voice_comes_back_as_it_was_saved_and_its_folder_is_the_familys(
    places: dict[str, Path], tmp_path: Path
) -> None:
    config = load(places["0.5b"]).runtime.model.config
    made, path = voice_lora("0.5b"), tmp_path / "voice.safetensors"
    made.save(path)
    found = load_voice_lora(path, made.card.model_hash, config)
    assert found.card == made.card
    assert read_card(path)["model_name"] == "tiny"
    assert all(torch.equal(found.lora[place].up, made.lora[place].up) for place in made.lora)
    export_lora(path, "tiny", tmp_path / "folder")
    written = load_file(tmp_path / "folder" / "lora_weights.safetensors")
    assert set(written) == set(folders.lora_tensors("0.5b"))
    values = json.loads((tmp_path / "folder" / "lora_config.json").read_text())
    assert values["base_model"] == "tiny"
    assert (values["lora_config"]["r"], values["lora_config"]["alpha"]) == (8, 16)
    loaded = load(places["0.5b"])
    merged = load(places["0.5b"], lora=tmp_path / "folder")
    beside = VoxCPMRuntime(with_lora(loaded.runtime.model, found.additions()))
    np.testing.assert_allclose(
        spoken(loaded, beside), spoken(loaded, merged.runtime), rtol=0, atol=1e-6
    )
    with pytest.raises(StudioError, match="already"):
        export_lora(path, "tiny", tmp_path / "folder")


def test_another_model_refuses_it_in_a_sentence(places: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "voice.safetensors"
    voice_lora("0.5b").save(path)
    configs = {each: load(places[each]).runtime.model.config for each in RECORDED}
    with pytest.raises(OtherModelError, match="another model"):
        load_voice_lora(path, "b" * 64, configs["0.5b"])
    with pytest.raises(StudioError, match="damaged"):
        load_voice_lora(path, "a" * 64, configs["2"])
