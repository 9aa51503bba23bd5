"""The settings of one generation: what sliders, command line and recipes have in common."""

from __future__ import annotations

import dataclasses
import math
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from ditar_studio.errors import StudioError
from ditar_studio.store.own_settings import OwnSettings
from ditar_studio.text.markup import LONGEST_PAUSE

LARGEST_SEED = 2**63 - 1
MOST_CANDIDATES = 8
MOST_RETRIES = 8
MOST_THREADS = 256
"""That a model may be asked to take."""

BOUNDS: Mapping[str, tuple[float, float]] = {
    "temperature": (0.0, 1.0),
    "guidance": (0.0, 5.0),
    "steps": (1, 100),
    "seed": (0, LARGEST_SEED),
    "max_seconds": (0.5, 600.0),
    "stop_threshold": (0.0, 1.0),
    "pause_seconds": (0.0, LONGEST_PAUSE),
    "exact_patches": (1, 100_000),
    "candidates": (1, MOST_CANDIDATES),
    "retries": (0, MOST_RETRIES),
}
"""Lowest and highest value of each number in `GenerationSettings`."""

MODES = ("zero-shot", "continuation", "reference", "reference+continuation")
"""All values of `GenerationSettings.mode`; which of them a model knows is in `ModelInfo.modes`."""


@dataclass(frozen=True)
class GenerationSettings:
    """How to generate. Immutable; change by `dataclasses.replace`.

    Attributes:
        temperature: time point of introducing noise, 0..1 (paper section 3.4): 0 always speaks the
            same, 1 is ordinary sampling.
        guidance: LM guidance w >= 0 (paper section 3.3); 0 is off. VoxCPM's cfg_value is 1 + w.
        steps: network evaluations per patch (NFE).
        seed: the same seed and settings give the same samples on the same machine.
        max_seconds: no sentence gets longer than this.
        stop_threshold: probability at which the stop head is believed.
        pause_seconds: silence inserted between sentences and lines.
        exact_patches: make exactly this many patches of the text in one go (no sentence splitting,
            no stopping, no guards, no end tail trimmed); for parity checks.
        mode: how a model that offers several uses the voice (`ModelInfo.modes`); None: its default.
        style: description of the way of speaking, for models with `ModelInfo.supports_style`.
        candidates: how often each sentence is spoken, the best by
            `Verification.score` being kept; more than one only by models with
            `ModelInfo.can_verify`.
        verify: whether the model recognises each sentence and reports the result, also of a single
            candidate.
        retries: how often more a sentence is spoken while words of it differ from the text; more
            than none only by models with `ModelInfo.can_verify`.

    Raises:
        StudioError: a value is out of its range.
    """

    temperature: float = 0.5
    guidance: float = 1.0
    steps: int = 10
    seed: int = 0
    max_seconds: float = 40.0
    stop_threshold: float = 0.5
    pause_seconds: float = 0.25
    exact_patches: int | None = None
    mode: str | None = None
    style: str | None = None
    candidates: int = 1
    verify: bool = False
    retries: int = 0

    def __post_init__(self) -> None:
        _in_range("temperature", self.temperature, *BOUNDS["temperature"])
        _in_range("guidance", self.guidance, *BOUNDS["guidance"])
        _whole("number of steps", self.steps, *BOUNDS["steps"])
        _whole("seed", self.seed, *BOUNDS["seed"])
        _in_range("maximum length", self.max_seconds, *BOUNDS["max_seconds"])
        _in_range("stop threshold", self.stop_threshold, *BOUNDS["stop_threshold"])
        _in_range("pause", self.pause_seconds, *BOUNDS["pause_seconds"])
        _whole("number of candidates", self.candidates, *BOUNDS["candidates"])
        _whole("number of retries", self.retries, *BOUNDS["retries"])
        if not isinstance(self.verify, bool):
            raise StudioError(f"“verify” is on or off, not {self.verify!r}.", "Say true or false.")
        if self.exact_patches is not None:
            _whole("number of patches", self.exact_patches, *BOUNDS["exact_patches"])
        _letters("mode", self.mode)
        _letters("style", self.style)

    def as_dict(self) -> OwnSettings:
        """Return plain values, as the store keeps them."""
        return cast("OwnSettings", dict(vars(self)))

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> GenerationSettings:
        """Return the settings in a recipe; unknown names (of a later version) are left out.

        Raises:
            StudioError: a value has the wrong type or is out of its range.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        wanted: dict[str, Any] = {name: value for name, value in values.items() if name in known}
        return cls(**wanted)


def _letters(name: str, value: str | None) -> None:
    try:
        if value is None or value.encode() is not None:
            return
    except (AttributeError, UnicodeEncodeError):
        pass
    raise StudioError(f"The {name} is not a text in UTF-8.", "Write it in plain letters.")


def _number(name: str, value: object) -> float | int:
    """Return the value itself, an integer of any length included."""
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or (isinstance(value, float) and not math.isfinite(value))
    ):
        raise StudioError(
            f"The {name} is not a number: {reprlib.repr(value)}.", "Give a plain number."
        )
    return value


def _in_range(name: str, value: object, low: float, high: float) -> None:
    if not low <= _number(name, value) <= high:
        raise StudioError(
            f"The {name} of {reprlib.repr(value)} is out of range.",
            f"Choose a value from {low:g} to {high:g}.",
        )


def _whole(name: str, value: object, low: float, high: float) -> None:
    if not isinstance(_number(name, value), int):
        raise StudioError(
            f"The {name} of {value} is not a whole number.", "Leave out the fraction."
        )
    if not low <= _number(name, value) <= high:
        raise StudioError(
            f"The {name} of {reprlib.repr(value)} is out of range.",
            f"Choose a whole number from {low} to {high}.",
        )
