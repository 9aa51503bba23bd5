"""What every runtime does, in every precision: the conformance suite of `inference.runtime`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from runtimes import DITARS, PATCHES, VOXCPMS, Case, cases
from torch import Tensor

from ditar_studio.inference.runtime import Runtime
from ditar_studio.model.sampling import Sampling


@pytest.fixture(params=[*DITARS, *VOXCPMS], scope="module")
def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Case]:
    with pytest.MonkeyPatch.context() as patch:
        yield from cases(request.param, tmp_path_factory.mktemp("model") / "folder", patch)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


SAMPLING = Sampling(1.0, steps=4)


def speak(case: Case, seed: int = 1, sampling: Sampling = SAMPLING) -> tuple[Tensor, Tensor]:
    """Latents [n, D] and samples of the case's request."""
    runtime = case.runtime
    state = runtime.prefill(case.request, sampling, seeded(seed))
    latents, samples = [], []
    for _ in range(PATCHES):
        patch = runtime.step(state)
        assert 0 <= patch.stop_probability <= 1
        assert patch.latents.dtype == torch.float32
        latents.append(patch.latents)
        samples.append(runtime.decode(state, patch))
    return torch.cat(latents), torch.cat([*samples, runtime.flush(state)])


@pytest.fixture(scope="module")
def said(case: Case) -> list[tuple[Tensor, Tensor]]:
    """What is said with the seeds 1 and 2, each alone."""
    return [speak(case, seed) for seed in (1, 2)]


def test_the_seed_decides_the_samples_and_temperature_zero_needs_none(
    case: Case, said: list[tuple[Tensor, Tensor]]
) -> None:
    first, other = (samples for _, samples in said)
    assert torch.equal(first, speak(case)[1])
    assert not torch.equal(first, other)
    still = [speak(case, seed, replace(SAMPLING, temperature=0.0))[1] for seed in (1, 2)]
    assert torch.equal(*still)


def test_every_patch_becomes_its_samples_in_the_end(
    case: Case, said: list[tuple[Tensor, Tensor]]
) -> None:
    latents, samples = said[0]
    assert samples.shape == (PATCHES * case.patch_samples,)
    assert samples.dtype == torch.float32
    with torch.inference_mode():
        at_once = case.decode(latents)
    torch.testing.assert_close(samples, at_once, rtol=0, atol=2e-3)
    assert float(samples.abs().max()) > 1e-3


def test_all_state_is_the_generation_s_own(case: Case, said: list[tuple[Tensor, Tensor]]) -> None:
    """Two that take turns say what each says alone."""
    runtime = case.runtime
    states = [runtime.prefill(case.request, SAMPLING, seeded(seed)) for seed in (1, 2)]
    made: list[list[Tensor]] = [[], []]
    for _ in range(PATCHES):
        for state, pieces in zip(states, made, strict=True):
            pieces.append(runtime.decode(state, runtime.step(state)))
    for state, pieces, (_, alone) in zip(states, made, said, strict=True):
        torch.testing.assert_close(torch.cat([*pieces, runtime.flush(state)]), alone)


def test_a_step_need_not_be_decoded(case: Case, said: list[tuple[Tensor, Tensor]]) -> None:
    runtime = case.runtime
    state = runtime.prefill(case.request, SAMPLING, seeded(1))
    latents = torch.cat([runtime.step(state).latents for _ in range(PATCHES)])
    torch.testing.assert_close(latents, said[0][0])


@pytest.mark.parametrize("guidance", [0.0, 1.5])
def test_the_first_patch_is_the_plain_model_s(case: Case, guidance: float) -> None:
    """Later ones go on from it: in few bits, a small difference grows there."""
    sampling = Sampling(1.0, guidance, 4)

    def first(runtime: Runtime[Any, Any]) -> Tensor:
        return runtime.step(runtime.prefill(case.request, sampling, seeded(1))).latents

    made, right = first(case.runtime), first(case.plain)
    assert float((made - right).norm() / right.norm()) < case.tolerance
