"""The flow-matching process of one patch: Euler steps on a swayed grid.

Time runs from 1 (noise) to 0 (data); x_t = (1 - t) x_0 + t z, so the velocity is z - x_0.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ditar_studio.model.solver import Solver, Step


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
        """Return the released models' grid: sway sampling with coefficient 1."""
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
        """Return the grid point at which noise enters: the one whose time is nearest to
        temperature.
        """
        return min(range(len(self.grid)), key=lambda k: (abs(self.grid[k] - temperature), k))

    def solver(self, temperature: float) -> Solver:
        """Return the solver at DiTAR's temperature: the time at which noise enters.

        At 1 it starts from noise, which is ordinary sampling; below that it starts from zero, and
        at the grid point nearest to it the estimate of the data is noised anew; at 0 no noise
        enters at all.
        """
        entry = self.entry(temperature)
        steps = []
        for index, (time, width) in enumerate(zip(self.times, self.widths, strict=True)):
            x_scale, output_scale, noise_scale = 1.0, -width, 0.0
            if index + 1 == entry:
                noise_scale = self.grid[entry]
                x_scale = 1 - noise_scale
                output_scale = -time * x_scale
            moved = output_scale if index >= self.still else 0.0
            steps.append(Step(time, x_scale, moved, noise_scale))
        return Solver(tuple(steps), from_noise=entry == 0)
