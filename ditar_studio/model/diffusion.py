"""The diffusion of one patch: variance-preserving cosine process, v-prediction, DDIM, guidance,
temperature.

t = 0 is data and t = 1 is noise: x_t = cos(pi t / 2) x0 + sin(pi t / 2) eps. Networks predict
u = (2 / pi) v = cos(pi t / 2) eps - sin(pi t / 2) x0, of unit variance. Source: arXiv 2502.03930,
sections 3.3, 3.4 and 3.5.3, algorithm 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ditar_studio.errors import StudioError

Network = Callable[[Tensor, float], Tensor]
"""(x_t, t) -> u, guidance included."""


@dataclass(frozen=True)
class Sampling:
    """How a patch is drawn.

    Args:
        temperature: time point, 0..1, at which noise enters the reverse ODE: 0 is deterministic,
        1 is
            ordinary ODE sampling.
        guidance: w of LM guidance; 0 is none.
        steps: network evaluations (NFE).
    """

    temperature: float = 0.5
    guidance: float = 1.0
    steps: int = 10

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 1:
            raise StudioError("The temperature must lie between 0 and 1.")
        if not 0 <= self.guidance <= 10:
            raise StudioError("The guidance must lie between 0 and 10.")
        if not 1 <= self.steps <= 1000:
            raise StudioError("The number of steps must lie between 1 and 1000.")


def alpha_sigma(t: Tensor) -> tuple[Tensor, Tensor]:
    """Scales of data and noise at times t."""
    angle = t * (math.pi / 2)
    return angle.cos(), angle.sin()


def diffuse(x0: Tensor, noise: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """x_t and the target u for data x0 and noise [B, ...] at times t [B]."""
    alpha, sigma = (s.view(-1, *(1,) * (x0.dim() - 1)) for s in alpha_sigma(t))
    return alpha * x0 + sigma * noise, alpha * noise - sigma * x0


def estimate(x: Tensor, u: Tensor, t: float) -> Tensor:
    """The data x0 that x_t and u stand for."""
    angle = t * math.pi / 2
    return math.cos(angle) * x - math.sin(angle) * u


def ddim(x: Tensor, u: Tensor, t: float, r: float) -> Tensor:
    """One DDIM step from time t to r <= t: a rotation by (pi / 2)(t - r)."""
    angle = (t - r) * math.pi / 2
    return math.cos(angle) * x - math.sin(angle) * u


def noise_entry(temperature: float, steps: int) -> int:
    """Index, 0..steps, of the grid time n / steps nearest to the temperature; ties go to the
    lower one."""
    return min(range(steps + 1), key=lambda n: abs(n / steps - temperature))


def sample(
    network: Network, like: Tensor, sampling: Sampling, generator: torch.Generator | None
) -> Tensor:
    """Draw a patch of the shape of `like` by the reverse ODE.

    Noise is drawn exactly once, at the time point that the temperature names; at temperature 0
    not at all,
    so that the result is the same whatever the seed.
    """

    def noise() -> Tensor:
        return torch.randn(like.shape, generator=generator, dtype=like.dtype, device=like.device)

    steps = sampling.steps
    entry = noise_entry(sampling.temperature, steps)
    x = noise() if entry == steps else torch.zeros_like(like)
    for n in range(steps - 1, -1, -1):
        t, r = (n + 1) / steps, n / steps
        u = network(x, t)
        if n == entry and n > 0:
            # Noise enters: keep the estimate of the data, replace the noise that it stands in.
            angle = r * math.pi / 2
            x = math.cos(angle) * estimate(x, u, t) + math.sin(angle) * noise()
        else:
            x = ddim(x, u, t, r)
    return x
