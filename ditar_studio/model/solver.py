"""Solvers of the reverse process: how a patch of noise becomes data, in steps that are linear in a
network's output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

Network = Callable[[Tensor, float], Tensor]
"""(x_t, t) -> the network's output, of the shape of x_t, guidance included."""


@dataclass(frozen=True)
class Step:
    """x becomes x_scale * x + output_scale * network(x, time) + noise_scale * noise.

    The network isn't evaluated where ``output_scale`` is zero.
    """

    time: float
    x_scale: float
    output_scale: float
    noise_scale: float = 0.0


@dataclass(frozen=True)
class Solver:
    """The steps of a whole reverse process; it starts from the noise or from zeros."""

    steps: tuple[Step, ...]
    from_noise: bool

    @property
    def needs_noise(self) -> bool:
        """Whether noise enters at all."""
        return self.from_noise or any(step.noise_scale for step in self.steps)

    def start(self, noise: Tensor) -> Tensor:
        """Return the first x."""
        return noise.clone() if self.from_noise else torch.zeros_like(noise)

    def solve(self, network: Network, noise: Tensor) -> Tensor:
        """Turn noise, of the patch's shape, into a patch."""
        return run_steps(self.steps, network, self.start(noise), noise)


def run_steps(steps: Sequence[Step], network: Network, x: Tensor, noise: Tensor) -> Tensor:
    """Take x through some steps of a process; the noise is the whole process's."""
    for step in steps:
        y = x if step.x_scale == 1 else step.x_scale * x
        if step.output_scale:
            y = torch.add(y, network(x, step.time), alpha=step.output_scale)
        if step.noise_scale:
            y = torch.add(y, noise, alpha=step.noise_scale)
        x = y
    return x


@dataclass(frozen=True)
class Guidance:
    """The combination of outputs with and without the condition (classifier-free guidance).

    It is ``scale`` (w + 1) of the way from the latter to the former; the latter may first be
    ``fitted`` to the former (CFG-Zero*, arXiv 2503.18886).
    """

    scale: float
    fitted: bool = False

    def __call__(self, both: Tensor) -> Tensor:
        """Combine [2, P, D] to [P, D]; a conditional output alone, [1, P, D], stays as it is."""
        if len(both) == 1:
            return both[0]
        wanted, free = both[0], both[1]
        if self.fitted:
            flat = free.flatten()
            free = free * (torch.dot(wanted.flatten(), flat) / torch.dot(flat, flat).add_(1e-8))
        return torch.lerp(free, wanted, self.scale)
