"""Settings of sampling that both families of models share."""

from __future__ import annotations

from dataclasses import dataclass

from ditar_studio.errors import StudioError


@dataclass(frozen=True)
class Sampling:
    """Settings of drawing a patch. Those that users may choose are in `engine.settings`.

    Attributes:
        temperature: time point, 0..1, at which noise enters the reverse ODE: 0 is deterministic,
            1 is ordinary ODE sampling.
        guidance: w of LM guidance, at least 0, which is none; VoxCPM's cfg_value is 1 + w.
        steps: of the solver; VoxCPM's first moves nothing.

    Raises:
        StudioError: there is no such sampling.
    """

    temperature: float = 0.5
    guidance: float = 1.0
    steps: int = 10

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 1:
            raise StudioError("The temperature must lie between 0 and 1.")
        if not self.guidance >= 0:
            raise StudioError("The guidance must not be negative.")
        if self.steps < 1:
            raise StudioError("There must be at least one step.")
