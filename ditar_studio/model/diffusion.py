"""The diffusion of one patch: variance-preserving cosine process, v-prediction, DDIM, guidance,
temperature.

t = 0 is data and t = 1 is noise: x_t = cos(pi t / 2) x0 + sin(pi t / 2) eps. Networks predict
u = (2 / pi) v = cos(pi t / 2) eps - sin(pi t / 2) x0, of unit variance. Source: arXiv 2502.03930,
sections 3.3, 3.4 and 3.5.3, algorithm 1.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor

from ditar_studio.model.sampling import Sampling
from ditar_studio.model.solver import Network, Solver, Step


def alpha_sigma(t: Tensor) -> tuple[Tensor, Tensor]:
    """Return scales of data and noise at times t."""
    angle = t * (math.pi / 2)
    return angle.cos(), angle.sin()


def diffuse(x0: Tensor, noise: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Return x_t and the target u for data x0 and noise [B, ...] at times t [B]."""
    alpha, sigma = (s.view(-1, *(1,) * (x0.dim() - 1)) for s in alpha_sigma(t))
    return alpha * x0 + sigma * noise, alpha * noise - sigma * x0


def ddim(t: float, r: float) -> Step:
    """Step from time t to r <= t: a rotation by (pi / 2)(t - r)."""
    angle = (t - r) * math.pi / 2
    return Step(t, math.cos(angle), -math.sin(angle))


def renoise(t: float, r: float) -> Step:
    """Step from time t to r <= t, keeping the estimate of the data and replacing the noise that it
    stands in.
    """
    angle = r * math.pi / 2
    data = ddim(t, 0)
    return Step(
        t, math.cos(angle) * data.x_scale, math.cos(angle) * data.output_scale, math.sin(angle)
    )


def noise_entry(temperature: float, steps: int) -> int:
    """Return index, 0..steps, of the grid time n / steps nearest to the temperature; ties go to the
    lower one.
    """
    return min(range(steps + 1), key=lambda n: abs(n / steps - temperature))


def make_solver(sampling: Sampling) -> Solver:
    """Make a solver of the reverse ODE, into which noise enters once, at the time point that the
    temperature names; at temperature 0 not at all.
    """
    steps = sampling.steps
    entry = noise_entry(sampling.temperature, steps)
    grid = [n / steps for n in range(steps, -1, -1)]
    return Solver(
        tuple(
            renoise(t, r) if r == entry / steps and entry else ddim(t, r) for t, r in pairwise(grid)
        ),
        from_noise=entry == steps,
    )


def noise_for(solver: Solver, like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Return the noise of a patch of the shape of `like`.

    It is drawn only where the solver needs any, so that the result is the same whatever the seed
    where it doesn't.
    """
    if not solver.needs_noise:
        return torch.zeros_like(like)
    return torch.randn(like.shape, generator=generator, dtype=like.dtype, device=like.device)


def sample(
    network: Network, like: Tensor, sampling: Sampling, generator: torch.Generator | None
) -> Tensor:
    """Draw a patch of the shape of `like`."""
    solver = make_solver(sampling)
    return solver.solve(network, noise_for(solver, like, generator))
