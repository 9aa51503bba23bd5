"""The flow-matching solver of one patch: Euler steps on a swayed grid, with CFG-Zero* guidance.

Time runs from 1 (noise) to 0 (data); x_t = (1 - t) x_0 + t z, so the velocity is z - x_0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Velocity = Callable[[Tensor, int], Tensor]
"""(x [P, D], step) -> [B, P, D]: with the condition, and without it where B is 2."""


@dataclass(frozen=True)
class Schedule:
    """The times of a run of ``steps`` Euler steps.

    ``times[k]`` and ``widths[k]`` belong to step k (0-based); ``grid`` has one point more. The
    first ``still`` steps move nothing (CFG-Zero*'s initialisation), so one step is no step.
    """

    grid: tuple[float, ...]
    times: tuple[float, ...]
    widths: tuple[float, ...]
    still: int

    @classmethod
    def swayed(cls, steps: int) -> Schedule:
        """The released models' grid: sway sampling with coefficient 1."""
        if steps < 1:
            raise ValueError("steps must be at least 1")
        line = torch.linspace(1, 0, steps + 1)
        grid = line + (torch.cos(torch.pi / 2 * line) - 1 + line)
        time, width = grid[0], grid[0] - grid[1]
        times, widths = [], []
        for step in range(1, steps + 1):
            times.append(float(time))
            widths.append(float(width))
            time = time - width
            if step < steps:
                width = time - grid[step + 1]
        still = max(1, int((steps + 1) * 0.04))
        return cls(tuple(grid.tolist()), tuple(times), tuple(widths), still)

    def entry(self, temperature: float) -> int:
        """The grid point at which noise enters: the one whose time is nearest to temperature."""
        return min(range(len(self.grid)), key=lambda k: (abs(self.grid[k] - temperature), k))


def guided(velocities: Tensor, scale: float) -> Tensor:
    """Combine [2, P, D] (conditional, unconditional) velocities by CFG-Zero* into [P, D].

    ``scale`` is the family's cfg_value: 1 means the conditional velocity alone.
    """
    conditional, free = velocities[0], velocities[1]
    flat = free.flatten()
    fit = torch.dot(conditional.flatten(), flat) / torch.dot(flat, flat).add_(1e-8)
    return torch.lerp(free * fit, conditional, scale)


def solve(
    velocity: Velocity, noise: Tensor, schedule: Schedule, scale: float, temperature: float
) -> Tensor:
    """Turn noise into a patch.

    Temperature is DiTAR's: the time at which noise enters the reverse process. At 1 the process
    starts from noise, which is ordinary sampling; below that it starts from zero, and at the grid
    point nearest to it the estimate of the data is noised afresh; at 0 no noise enters at all.

    Args:
        velocity: the network.
        noise: [P, D] standard normal; used once at most.
        schedule: the time grid.
        scale: cfg_value (DiTAR's guidance w is cfg_value - 1).
        temperature: 0..1.
    """
    entry = schedule.entry(temperature)
    x = noise if entry == 0 else torch.zeros_like(noise)
    for step, (time, width) in enumerate(zip(schedule.times, schedule.widths, strict=True)):
        if step >= schedule.still:
            velocities = velocity(x, step).to(x.dtype)
            speed = velocities[0] if velocities.shape[0] == 1 else guided(velocities, scale)
        else:
            speed = torch.zeros_like(x)
        if step + 1 == entry:
            target = schedule.grid[entry]
            data = x - time * speed
            x = (1 - target) * data + target * noise if target else data
        else:
            x = torch.sub(x, speed, alpha=width)
    return x
