"""Waveforms equal those of the reference package, in every mode of all three generations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import soxr
import torch
import voxcpm_folders as folders

from ditar_studio.audio.clips.resample import resample
from ditar_studio.inference.voxcpm.checkpoint import load
from ditar_studio.inference.voxcpm.runtime import VoxCPMRequest, VoxCPMRuntime
from ditar_studio.model.sampling import Sampling
from ditar_studio.model.voxcpm.tokenizer import Tokenizer
from ditar_studio.model.voxcpm.voxcpm import Prompt, VoxCPM

MODES = {
    "zero_shot": (False, False),
    "continuation": (True, False),
    "reference": (False, True),
    "reference_continuation": (True, True),
}
CASES = [
    (generation, mode)
    for generation in folders.GENERATIONS
    for mode in MODES
    if generation == "2" or "reference" not in mode
]
Loaded = tuple[VoxCPMRuntime, Tokenizer]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Loaded]:
    scratch = tmp_path_factory.mktemp("models")
    return {g: load(folders.make_folder(scratch / g, g))[:2] for g in folders.GENERATIONS}


def prompt_wave(model: VoxCPM) -> torch.Tensor:
    samples, rate = folders.prompt_samples(), model.config.vae.sample_rate
    if model.config.generation == 1:
        return torch.from_numpy(resample(samples, folders.PROMPT_RATE, rate))
    return torch.from_numpy(soxr.resample(samples, folders.PROMPT_RATE, rate, quality="HQ"))


def make_prompt(loaded: Loaded, mode: str) -> Prompt:
    runtime, tokenizer = loaded
    model = runtime.model
    continues, refers = MODES[mode]
    text = (folders.PROMPT_TEXT if continues else "") + folders.TEXT
    wave = prompt_wave(model)
    return Prompt(
        text=tuple(tokenizer.encode(text)),
        reference=model.encode_audio(wave, "right") if refers else None,
        continuation=model.encode_audio(wave, "left") if continues else None,
    )


def speak(loaded: Loaded, mode: str, sampling: Sampling) -> tuple[torch.Tensor, torch.Tensor]:
    """Samples as streamed, and the latents [n, D] behind them."""
    runtime, _ = loaded
    torch.manual_seed(folders.SEED)
    request = VoxCPMRequest(make_prompt(loaded, mode), folders.PATCHES)
    state = runtime.prefill(request, sampling)
    samples, latents = [], []
    for _ in range(folders.PATCHES):
        patch = runtime.step(state)
        samples.append(runtime.decode(state, patch))
        latents.append(patch.latents)
    return torch.cat(samples), torch.cat(latents)


@pytest.mark.parametrize(("generation", "mode"), CASES)
def test_the_stream_equals_the_package(
    models: dict[str, Loaded], generation: str, mode: str
) -> None:
    samples, _ = speak(models[generation], mode, Sampling(1.0, guidance=1.0, steps=10))
    with np.load(folders.DATA / f"voxcpm-{generation}.npz") as references:
        expected = references[mode]
    assert samples.shape == expected.shape
    np.testing.assert_allclose(samples.numpy(), expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize("generation", folders.GENERATIONS)
def test_the_stream_equals_the_offline_decode(models: dict[str, Loaded], generation: str) -> None:
    runtime, _ = models[generation]
    samples, latents = speak(models[generation], "zero_shot", Sampling(1.0))
    torch.testing.assert_close(samples, runtime.model.vae.decode(latents), rtol=0, atol=1e-5)


@pytest.mark.parametrize("generation", folders.GENERATIONS)
def test_a_continuation_starts_from_the_end_of_its_prompt(
    models: dict[str, Loaded], generation: str
) -> None:
    runtime, _ = models[generation]
    prompt = make_prompt(models[generation], "continuation")
    assert prompt.continuation is not None
    samples, latents = speak(models[generation], "continuation", Sampling(1.0))
    context = prompt.continuation[-runtime.model.config.context_patches :].flatten(0, 1)
    whole = runtime.model.vae.decode(torch.cat([context, latents]))
    torch.testing.assert_close(samples, whole[-len(samples) :], rtol=0, atol=1e-5)


@pytest.mark.parametrize("mode", ["reference", "reference_continuation"])
def test_a_reference_read_before_gives_the_same_speech(
    models: dict[str, Loaded], mode: str
) -> None:
    runtime, _ = models["2"]
    prompt = make_prompt(models["2"], mode)
    assert prompt.reference is not None
    prefilled = runtime.prefill_reference(prompt.reference)

    def patches(reuse: bool) -> torch.Tensor:
        torch.manual_seed(folders.SEED)
        request = VoxCPMRequest(prompt, 3, prefilled if reuse else None)
        state = runtime.prefill(request, Sampling(1.0))
        return torch.cat([runtime.step(state).latents for _ in range(3)])

    once = patches(True)
    torch.testing.assert_close(once, patches(False), rtol=0, atol=2e-5)
    assert torch.equal(once, patches(True))


def test_a_short_prompt_s_context_is_filled_up_from_the_reference(
    models: dict[str, Loaded],
) -> None:
    runtime, _ = models["2"]
    whole = make_prompt(models["2"], "reference_continuation")
    assert whole.reference is not None
    assert whole.continuation is not None
    prompt = replace(whole, continuation=whole.continuation[:1])
    assert prompt.continuation is not None
    torch.manual_seed(folders.SEED)
    state = runtime.prefill(VoxCPMRequest(prompt, 1), Sampling(1.0))
    patch = runtime.step(state)
    context = torch.cat([whole.reference, prompt.continuation])[
        -runtime.model.config.context_patches :
    ]
    together = runtime.model.vae.decode(torch.cat([context.flatten(0, 1), patch.latents]))
    samples = runtime.decode(state, patch)
    torch.testing.assert_close(samples, together[-len(samples) :], rtol=0, atol=1e-5)


@pytest.mark.parametrize("generation", folders.GENERATIONS)
def test_temperature_zero_ignores_the_seed_and_one_does_not(
    models: dict[str, Loaded], generation: str
) -> None:
    runtime, _ = models[generation]
    prompt = make_prompt(models[generation], "zero_shot")

    def first(seed: int, temperature: float) -> torch.Tensor:
        torch.manual_seed(seed)
        sampling = Sampling(temperature=temperature)
        return runtime.step(runtime.prefill(VoxCPMRequest(prompt, 1), sampling)).latents

    assert torch.equal(first(1, 0.0), first(2, 0.0))
    assert not torch.equal(first(1, 1.0), first(2, 1.0))
    assert not torch.equal(first(1, 0.5), first(1, 1.0))


def test_a_prompt_that_fills_the_model_is_refused(models: dict[str, Loaded]) -> None:
    from ditar_studio.errors import StudioError

    runtime, _ = models["2"]
    prompt = Prompt(text=(200,) * runtime.model.config.max_length)
    with pytest.raises(StudioError, match="places"):
        runtime.prefill(VoxCPMRequest(prompt, 1), Sampling(1.0))
