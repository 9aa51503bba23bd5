"""VoxCPM folders speak through the engine, in every mode and precision."""

from __future__ import annotations

import weakref
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
import voxcpm_folders as folders
from small_ditar import save_small_ditar

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.cli.main import main
from ditar_studio.engine.generate import generate
from ditar_studio.engine.load import ModelRegistry, load_model
from ditar_studio.engine.request import GenerationRequest
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.engine.voice import Reference
from ditar_studio.engine.voxcpm import VoxCPMModel
from ditar_studio.errors import StudioError

CLIP = Clip(folders.prompt_samples(), folders.PROMPT_RATE)
EXACT = GenerationSettings(
    temperature=1.0, guidance=1.0, steps=10, seed=folders.SEED, exact_patches=folders.PATCHES
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> VoxCPMModel:
    loaded = load_model(folders.make_folder(tmp_path_factory.mktemp("m") / "tiny", "2"), "fp32")
    assert isinstance(loaded, VoxCPMModel)
    return loaded


@pytest.mark.parametrize("family", ["ditar", "voxcpm"])
def test_a_model_let_go_of_leaves_the_memory_at_once(tmp_path: Path, family: str) -> None:
    made = (
        save_small_ditar(tmp_path / "small")
        if family == "ditar"
        else folders.make_folder(tmp_path / "tiny", "2")
    )
    models = ModelRegistry(threads=1)
    gone = weakref.ref(models.get(made)[0])
    models.unload()
    assert gone() is None


def speak(model: VoxCPMModel, settings: GenerationSettings, transcript: str | None) -> np.ndarray:
    voice = None if transcript is None else model.prepare_voice(CLIP, transcript)
    generator = torch.Generator().manual_seed(settings.seed)
    utterance = model.begin(folders.TEXT, voice, settings, generator)
    return np.concatenate([utterance.step().samples for _ in range(folders.PATCHES)])


@pytest.mark.parametrize(
    ("mode", "transcript", "reference"),
    [
        (None, None, "zero_shot"),
        (None, folders.PROMPT_TEXT, "continuation"),
        (None, "", "reference"),
        ("zero-shot", folders.PROMPT_TEXT, "zero_shot"),
        ("reference+continuation", folders.PROMPT_TEXT, "reference_continuation"),
    ],
)
def test_a_mode_gives_what_the_package_gives(
    model: VoxCPMModel, mode: str | None, transcript: str | None, reference: str
) -> None:
    samples = speak(model, replace(EXACT, mode=mode), transcript)
    with np.load(folders.DATA / "voxcpm-2.npz") as references:
        np.testing.assert_allclose(samples, references[reference], rtol=0, atol=2e-5)


def test_a_request_gives_the_patches_asked_for(model: VoxCPMModel) -> None:
    clip = Clip(np.tile(CLIP.samples, 3), CLIP.sample_rate)
    request = GenerationRequest.of(folders.TEXT, Reference(clip, folders.PROMPT_TEXT), EXACT)
    done = generate(model, request)
    assert len(done.clip.samples) == folders.PATCHES * model.info.patch_samples
    assert done.clip.sample_rate == 48000


def test_a_style_changes_the_speech_and_an_empty_one_does_not(model: VoxCPMModel) -> None:
    plain = speak(model, EXACT, None)
    assert np.array_equal(plain, speak(model, replace(EXACT, style="()"), None))
    assert not np.array_equal(plain, speak(model, replace(EXACT, style="slowly"), None))


def test_a_style_is_heard_unless_a_continuation_is_asked_for(model: VoxCPMModel) -> None:
    styled = replace(EXACT, style="slowly")
    default = speak(model, styled, folders.PROMPT_TEXT)
    reference = speak(model, replace(styled, mode="reference"), folders.PROMPT_TEXT)
    assert np.array_equal(default, reference)
    going_on = replace(EXACT, mode="continuation")
    plain = speak(model, going_on, folders.PROMPT_TEXT)
    assert np.array_equal(
        plain, speak(model, replace(going_on, style="slowly"), folders.PROMPT_TEXT)
    )


def test_one_file_of_a_model_is_not_taken_for_all_of_it(tmp_path: Path) -> None:
    folder = folders.make_folder(tmp_path / "tiny", "2")
    with pytest.raises(StudioError, match="one file of a model") as refused:
        load_model(folder / "model.safetensors")
    assert str(folder) in refused.value.remedy


@pytest.mark.parametrize(
    ("mode", "transcript", "words"),
    [("reference", None, "reference"), ("continuation", "", "said"), ("backwards", None, "mode")],
)
def test_a_mode_that_cannot_be_had_is_refused(
    model: VoxCPMModel, mode: str, transcript: str | None, words: str
) -> None:
    with pytest.raises(StudioError, match=words):
        speak(model, replace(EXACT, mode=mode), transcript)


def test_more_patches_than_fit_are_refused(model: VoxCPMModel) -> None:
    with pytest.raises(StudioError, match="patches fit"):
        speak(model, replace(EXACT, exact_patches=5000), None)


def test_text_without_words_is_refused(model: VoxCPMModel) -> None:
    with pytest.raises(StudioError, match="no text"):
        model.begin(" \n", None, EXACT)


@pytest.mark.parametrize("precision", ["int8", "bf16"])
def test_fewer_bits_stay_near_fp32_in_every_module(
    precision: Literal["int8", "bf16"], tmp_path: Path, model: VoxCPMModel
) -> None:
    fast = load_model(folders.make_folder(tmp_path / "tiny", "2"), precision)
    assert isinstance(fast, VoxCPMModel)
    errors = fast.errors(model)
    assert {"LocEnc", "base LM", "residual LM", "LocDiT", "fusion"} <= errors.keys()
    assert all(0 < errors[name] < 0.1 for name in errors if name != "VAE"), errors
    assert errors["VAE"] < 1e-3
    assert set(model.errors(model).values()) == {0.0}
    assert np.isfinite(speak(fast, EXACT, None)).all()


def test_the_benchmark_tells_what_fewer_bits_cost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folders.make_folder(tmp_path / "tiny", "2")
    options = ["--steps", "2", "--threads", "1", "--seconds", "0.5", "--precision", "int8"]
    assert main(["benchmark", "--model", str(folder), *options]) == 0
    received = capsys.readouterr().out
    assert "int8: it was asked for" in received
    assert "error of LocDiT" in received


def test_bf16_speaks(tmp_path: Path) -> None:
    half = load_model(folders.make_folder(tmp_path / "tiny", "0.5b"), "bf16")
    assert isinstance(half, VoxCPMModel)
    assert np.isfinite(speak(half, EXACT, None)).all()


def test_a_precision_that_is_none_is_refused(tmp_path: Path) -> None:
    folder = folders.make_folder(tmp_path / "tiny", "0.5b")
    with pytest.raises(StudioError, match="no precision"):
        load_model(folder, "fp7")  # type: ignore[arg-type]


def test_a_reference_is_read_once_for_all_sentences(
    model: VoxCPMModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    prefill = model._runtime.prefill_reference
    monkeypatch.setattr(
        model._runtime, "prefill_reference", lambda r: (read.append(len(r)), prefill(r))[1]
    )
    voice = model.prepare_voice(CLIP, "")
    for text in ("One sentence.", "And another."):
        model.begin(text, voice, EXACT).step()
    assert len(read) == 1
