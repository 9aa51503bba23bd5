"""Reverse processes: how a patch of noise becomes data, in steps that are linear in what a network
says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

Network = Callable[[Tensor, float], Tensor]
"""(x_t, t) -> what it says, of the shape of x_t, guidance included."""


@dataclass(frozen=True)
class Step:
    """x becomes keep * x + move * network(x, time) + fresh * noise.

    The network isn't asked where ``move`` is zero.
    """

    time: float
    keep: float
    move: float
    fresh: float = 0.0


@dataclass(frozen=True)
class Reverse:
    """A whole process; it starts from the noise or from zeros."""

    steps: tuple[Step, ...]
    from_noise: bool

    @property
    def needs_noise(self) -> bool:
        """Whether noise enters at all."""
        return self.from_noise or any(step.fresh for step in self.steps)

    def start(self, noise: Tensor) -> Tensor:
        """What it starts from."""
        return noise.clone() if self.from_noise else torch.zeros_like(noise)

    def follow(self, network: Network, noise: Tensor) -> Tensor:
        """Turn noise, of the patch's shape, into a patch."""
        return follow(self.steps, network, self.start(noise), noise)


def follow(steps: Sequence[Step], network: Network, x: Tensor, noise: Tensor) -> Tensor:
    """Take x through some steps of a process; the noise is the whole process's."""
    for step in steps:
        y = x if step.keep == 1 else step.keep * x
        if step.move:
            y = torch.add(y, network(x, step.time), alpha=step.move)
        if step.fresh:
            y = torch.add(y, noise, alpha=step.fresh)
        x = y
    return x


@dataclass(frozen=True)
class Guidance:
    """How what a network says with its condition and without it becomes one.

    It is ``scale`` (w + 1) of the way from the latter to the former; the latter may first be
    ``fitted`` to the former (CFG-Zero*, arXiv 2503.18886).
    """

    scale: float
    fitted: bool = False

    def __call__(self, both: Tensor) -> Tensor:
        """[2, P, D] to [P, D]; what is said with the condition alone, [1, P, D], stays."""
        if len(both) == 1:
            return both[0]
        wanted, free = both[0], both[1]
        if self.fitted:
            flat = free.flatten()
            free = free * (torch.dot(wanted.flatten(), flat) / torch.dot(flat, flat).add_(1e-8))
        return torch.lerp(free, wanted, self.scale)
