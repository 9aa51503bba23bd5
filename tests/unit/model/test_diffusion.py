"""The diffusion against independent statements of its maths."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ditar_studio.errors import StudioError
from ditar_studio.model import diffusion
from ditar_studio.model.diffusion import sample
from ditar_studio.model.sampling import Sampling
from ditar_studio.model.solver import Step


def exact_network(mean: float, spread: float):
    """The ideal u for data N(mean, spread ** 2), from the posterior mean of x0 given x_t."""

    def network(x: torch.Tensor, t: float) -> torch.Tensor:
        a, s = math.cos(math.pi * t / 2), math.sin(math.pi * t / 2)
        x0 = mean + a * spread**2 / (a**2 * spread**2 + s**2) * (x - a * mean)
        eps = (x - a * x0) / s
        return a * eps - s * x0

    return network


def moved(step: Step, x: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
    return step.x_scale * x + step.output_scale * u


@settings(deadline=None)
@given(st.floats(0.02, 1.0), st.floats(0.0, 0.98))
def test_ddim_equals_the_closed_form(t: float, fraction: float) -> None:
    r = t * fraction
    x, u = torch.randn(2, 5, generator=torch.Generator().manual_seed(1)).double()
    a, s = math.cos(math.pi * t / 2), math.sin(math.pi * t / 2)
    v = u * math.pi / 2
    a_dot, s_dot = -math.pi / 2 * s, math.pi / 2 * a
    x0 = (s_dot * x - s * v) / (s_dot * a - a_dot * s)
    eps = (a_dot * x - a * v) / (a_dot * s - s_dot * a)
    expected = math.cos(math.pi * r / 2) * x0 + math.sin(math.pi * r / 2) * eps
    torch.testing.assert_close(moved(diffusion.ddim(t, r), x, u), expected, atol=1e-12, rtol=1e-9)
    torch.testing.assert_close(moved(diffusion.ddim(t, 0), x, u), x0, atol=1e-12, rtol=1e-9)
    noise = torch.randn(5, generator=torch.Generator().manual_seed(2)).double()
    renewed = moved(diffusion.renoise(t, r), x, u) + diffusion.renoise(t, r).noise_scale * noise
    expected = math.cos(math.pi * r / 2) * x0 + math.sin(math.pi * r / 2) * noise
    torch.testing.assert_close(renewed, expected, atol=1e-12, rtol=1e-9)


def test_diffuse_gives_the_velocity() -> None:
    x0, noise = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    t = torch.rand(3, dtype=torch.float64)
    step = 1e-6
    x, u = diffusion.diffuse(x0, noise, t)
    later, _ = diffusion.diffuse(x0, noise, t + step)
    torch.testing.assert_close((later - x) / step * 2 / math.pi, u, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("steps", [1, 2, 10, 25])
def test_temperature_zero_is_bit_identical_whatever_the_seed(steps: int) -> None:
    network = exact_network(0.7, 0.4)
    like = torch.empty(4, 32)
    outs = [
        sample(network, like, Sampling(0.0, 0.0, steps), torch.Generator().manual_seed(seed))
        for seed in range(3)
    ]
    assert torch.equal(outs[0], outs[1])
    assert torch.equal(outs[0], outs[2])


def test_temperature_one_is_plain_ode_sampling() -> None:
    network = exact_network(0.3, 0.5)
    steps = 12
    got = sample(
        network, torch.empty(6), Sampling(1.0, 0.0, steps), torch.Generator().manual_seed(3)
    )
    x = torch.randn(6, generator=torch.Generator().manual_seed(3))
    for k in range(steps, 0, -1):
        x = moved(diffusion.ddim(k / steps, (k - 1) / steps), x, network(x, k / steps))
    torch.testing.assert_close(got, x, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("temperature", [0.1, 0.3, 0.5, 0.8, 1.0])
def test_spread_on_unit_gaussian_data_is_the_sine_of_the_temperature(temperature: float) -> None:
    out = sample(
        exact_network(0.0, 1.0),
        torch.empty(200_000),
        Sampling(temperature, 0.0, 400),
        torch.Generator().manual_seed(0),
    )
    assert float(out.std()) == pytest.approx(math.sin(math.pi * temperature / 2), abs=0.012)


def test_noise_is_drawn_exactly_once_and_costs_no_evaluation() -> None:
    for temperature in (0.05, 0.3, 0.5, 0.99, 1.0):
        calls: list[float] = []

        def network(x: torch.Tensor, t: float, calls: list[float] = calls) -> torch.Tensor:
            calls.append(t)
            return torch.zeros_like(x)

        generator, noise_scale = (torch.Generator().manual_seed(5) for _ in range(2))
        sample(network, torch.empty(8), Sampling(temperature, 0.0, 10), generator)
        assert calls == [pytest.approx((n + 1) / 10) for n in range(9, -1, -1)]
        expected = 0 if diffusion.noise_entry(temperature, 10) == 0 else 1
        for _ in range(expected):
            torch.randn(8, generator=noise_scale)
        assert torch.equal(generator.get_state(), noise_scale.get_state())


def test_with_two_steps_low_temperatures_are_zero() -> None:
    assert diffusion.noise_entry(0.24, 2) == 0
    assert diffusion.noise_entry(0.26, 2) == 1
    assert diffusion.noise_entry(1.0, 2) == 2


@pytest.mark.parametrize(
    "bad",
    [
        {"temperature": -0.1},
        {"temperature": 1.1},
        {"guidance": -1},
        {"steps": 0},
        {"temperature": float("nan")},
    ],
)
def test_settings_out_of_range_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(StudioError):
        Sampling(**bad)  # type: ignore[arg-type]
