from __future__ import annotations

import dataclasses

import pytest
import torch
from small_ditar import SMALL

from ditar_studio.inference.kernels.library import missing
from ditar_studio.inference.native_runtime import NativeRuntime
from ditar_studio.inference.patch_sampler import PatchSampler, TunedSampler
from ditar_studio.inference.torch_runtime import TorchRuntime
from ditar_studio.model.config import DiTARConfig
from ditar_studio.model.diffusion import sample
from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.locdit import LocDiT
from ditar_studio.model.sampling import Sampling
from ditar_studio.model.solver import Network


def sampler_of(locdit: LocDiT, kernels: bool) -> PatchSampler:
    """Of a runtime that has no other networks."""
    if kernels and missing():
        pytest.skip(f"no compiled kernels: {missing()}")
    kind = NativeRuntime if kernels else TorchRuntime
    return kind.__new__(kind).sampler(locdit)


@pytest.mark.parametrize("temperature", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("guidance", [0.0, 1.0, 2.5])
@pytest.mark.parametrize("pointer", [True, False])
@pytest.mark.parametrize("kernels", [True, False])
def test_a_sampler_draws_the_patch_that_its_locdit_does(
    kernels: bool,
    pointer: bool,
    guidance: float,
    temperature: float,
) -> None:
    vae = dataclasses.replace(SMALL.vae, latent_dim=16)
    config: DiTARConfig = dataclasses.replace(SMALL, pointer=pointer, vae=vae)
    torch.manual_seed(0)
    model = DiTAR(config).eval().requires_grad_(False)
    for parameter in model.locdit.parameters():
        parameter.normal_(std=0.3)
        parameter.copy_(parameter.bfloat16())  # as the numbers of stored models are
    h, history = torch.randn(1, 32), torch.randn(1, 4, 16)
    content = torch.randn(1, 4, 32) if pointer else None
    sampling = Sampling(temperature, guidance, steps=3)
    network = model.locdit.guided(h, history, content, guidance)
    plain = sample(network, torch.empty(1, 4, 16), sampling, torch.Generator().manual_seed(1))
    sampler = sampler_of(model.locdit, kernels)
    assert (sampler._compiled is not None) == kernels
    drawn = sampler.sample(h, history, content, sampling, torch.Generator().manual_seed(1))
    assert plain.abs().max() > 0.1
    torch.testing.assert_close(drawn, plain, rtol=1e-3, atol=1e-3)


def network_of(locdit: LocDiT, h: torch.Tensor, history: torch.Tensor) -> Network:
    return lambda x, t: locdit(x, torch.tensor([t]), h, history, None)


@pytest.mark.parametrize("kernels", [True, False])
def test_tuned_weights_take_the_steps_at_low_noise_levels_and_the_base_those_above(
    kernels: bool,
) -> None:
    vae = dataclasses.replace(SMALL.vae, latent_dim=16)
    torch.manual_seed(0)
    base, tuned = (LocDiT(dataclasses.replace(SMALL, pointer=False, vae=vae)) for _ in range(2))
    for locdit in (base, tuned):
        for parameter in locdit.requires_grad_(False).parameters():
            parameter.normal_(std=0.3)
            parameter.copy_(parameter.bfloat16())
    h, history, shift = torch.randn(1, 32), torch.randn(1, 4, 16), torch.randn(32)
    high, low = network_of(base, h, history), network_of(tuned, h + shift, history)
    samplers = sampler_of(base, kernels), sampler_of(tuned, kernels)
    both = TunedSampler(*samplers, shift, level=0.5)
    sampling = Sampling(temperature=0.3, guidance=0.0, steps=4)  # at 1, .75, .5 and .25

    def drawn(network: Network) -> torch.Tensor:
        return sample(network, torch.empty(1, 4, 16), sampling, torch.Generator().manual_seed(1))

    patch = both.sample(h, history, None, sampling, torch.Generator().manual_seed(1))
    mixed = drawn(lambda x, t: (low if t <= 0.5 else high)(x, t))
    torch.testing.assert_close(patch, mixed, rtol=1e-3, atol=1e-3)
    assert not torch.allclose(mixed, drawn(high), atol=0.05)
    assert not torch.allclose(mixed, drawn(low), atol=0.05)
