"""A DiTAR's runtimes generate what its networks, as they are trained, say."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from runtimes import DITARS, ditar, request_for
from tiny_ditar import randomised, tiny_config

from ditar_studio.errors import StudioError
from ditar_studio.inference.ditar import DiTARRequest, DiTARRuntime, Prompt
from ditar_studio.inference.kernels.library import missing
from ditar_studio.inference.native_runtime import NativeRuntime
from ditar_studio.inference.torch_runtime import TorchRuntime
from ditar_studio.model.diffusion import sample
from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.objective import Conditions, DiTARLosses, DiTARObjective
from ditar_studio.model.pointer import choose_pattern
from ditar_studio.model.sampling import Sampling

TEXT = torch.tensor([5, 6, 2, 7, 8, 9, 4])
PROMPT_TEXT = torch.tensor([10, 11, 2, 12, 4])


@pytest.fixture(params=DITARS)
def runtime(request: pytest.FixtureRequest) -> DiTARRuntime:
    if request.param.endswith("native") and missing():
        pytest.skip(f"no compiled kernels: {missing()}")
    made = ditar(request.param).runtime
    assert isinstance(made, DiTARRuntime)
    return made


def forced(
    model: DiTAR, prompt: Prompt, hs: list[torch.Tensor], latents: list[torch.Tensor]
) -> Conditions:
    """What training makes of what was generated: its conditions, for the prompt and every patch."""
    mark = torch.tensor([model.begin_mark])
    text = torch.cat((mark, PROMPT_TEXT, mark, TEXT, mark))
    batch = {"text": text[None], "text_lengths": torch.tensor([len(text)])}
    everything = torch.cat((prompt.latents, *latents))[None]
    if prompt.units is not None:
        frames = replay_units(model, prompt, hs)
        batch["units"] = torch.cat((prompt.units, torch.tensor(frames)))[None]
        batch["positions"] = model.unit_positions(text)[None]
    if prompt.voice is not None:
        batch["voice"] = prompt.voice[None]
    return DiTARObjective(model, DiTARLosses()).conditions(batch, everything)


@torch.inference_mode()
@pytest.mark.parametrize("guidance", [0.0, 2.0])
def test_generation_is_what_training_sees(runtime: DiTARRuntime, guidance: float) -> None:
    """Teacher-forced conditions on what was generated equal those that generation used, and with
    them the networks draw the same patches."""
    model, request = runtime.model, request_for(runtime)
    prompt = request.prompt
    assert prompt is not None
    sampling = Sampling(0.5, guidance, 4)
    state = runtime.prefill(request, sampling, torch.Generator().manual_seed(0))
    hs, latents = [], []
    for _ in range(5):
        hs.append(state.h)
        latents.append(runtime.step(state).latents)
    outputs, content, voice = forced(model, prompt, hs, latents)
    first = len(prompt.latents) // 4
    torch.testing.assert_close(outputs[0, first : first + 5], torch.cat(hs), atol=1e-4, rtol=1e-3)
    assert (voice is None) == (state.voice is None)
    if voice is not None and state.voice is not None:
        torch.testing.assert_close(voice, state.voice)

    added = torch.zeros(1, 1) if voice is None else voice
    generator, like = torch.Generator().manual_seed(0), torch.empty(1, *latents[0].shape)
    for patch, (before, made) in enumerate(
        zip([prompt.latents[-4:], *latents], latents, strict=False)
    ):
        own = None
        if content is not None:
            start = 4 * (first + patch)
            own = content[:, start : start + 4] + added[:, None]
        h = outputs[:, first + patch] + added
        network = model.locdit.guided(h, before[None], own, guidance)
        right = sample(network, like, sampling, generator)
        torch.testing.assert_close(made[None], right, atol=2e-3, rtol=2e-3)


def replay_units(model: DiTAR, prompt: Prompt, hs: list[torch.Tensor]) -> list[int]:
    """The pointer's positions, latent by latent, from its definition."""
    unit = int((model.boundary != PROMPT_TEXT).sum()) + 1
    last = unit + int((model.boundary != TEXT).sum())
    survival, frames = 1.0, []
    assert model.pointer is not None
    for patch, h in enumerate(hs):
        pattern, survival = choose_pattern(model.pointer.pattern(h)[0], survival, 4)
        for latent in range(4):
            if pattern >> latent & 1 and not (patch == 0 and latent == 0):
                unit = min(unit + 1, last)
            frames.append(unit)
    return frames


@torch.inference_mode()
def test_history_reaches_the_next_patch(runtime: DiTARRuntime) -> None:
    state = runtime.prefill(request_for(runtime), Sampling(1.0), torch.Generator().manual_seed(0))
    for _ in range(2):
        patch = runtime.step(state)
        assert torch.equal(state.history[0], patch.latents)


@torch.inference_mode()
def test_a_prompt_tells_the_voice(runtime: DiTARRuntime) -> None:
    state = runtime.prefill(request_for(runtime), Sampling())
    assert (state.voice is not None) == runtime.model.config.speaker
    alone = runtime.prefill(DiTARRequest(torch.tensor([5, 6, 4])), Sampling())
    assert alone.voice is None


@pytest.mark.parametrize("kind", [TorchRuntime, NativeRuntime])
def test_a_runtime_leaves_the_model_as_it_was(kind: Callable[[DiTAR], DiTARRuntime]) -> None:
    if kind is NativeRuntime and missing():
        pytest.skip(f"no compiled kernels: {missing()}")
    model = randomised(DiTAR(tiny_config(True)))
    assert isinstance(model, DiTAR)
    before = [(name, type(module)) for name, module in model.named_modules()]
    kind(model)
    assert [(name, type(module)) for name, module in model.named_modules()] == before
    model.vae.decode(torch.randn(1, 4, 8)).sum().backward()  # type: ignore[no-untyped-call]
    assert all(parameter.grad is not None for parameter in model.vae.decoder.out.parameters())


def test_a_transcript_that_cannot_fit_is_refused() -> None:
    model = randomised(DiTAR(tiny_config(True)))
    assert isinstance(model, DiTAR)
    runtime = TorchRuntime(model)
    with pytest.raises(StudioError, match="too many"):
        runtime.encode(torch.zeros(4800), torch.arange(3, 30).repeat(3))
    with pytest.raises(StudioError, match="shorter"):
        runtime.encode(torch.zeros(100), TEXT)
