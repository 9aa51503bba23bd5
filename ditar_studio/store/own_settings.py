"""Generation settings that a project, a voice, a paragraph or a line has of its own.

A dictionary with typed keys and not a dataclass, because three things are said of each setting: its
value, that it is taken away (None), and nothing (absent: it stays as it is). Layers are put upon
each other as dictionaries are, and unknown names of a later version are kept.
"""

from __future__ import annotations

from typing import TypeAlias, TypedDict, cast

SettingValue: TypeAlias = "float | int | str | bool | None"
"""A value of any of them."""


class OwnSettings(TypedDict, total=False):
    """Settings that differ from those inherited; None is "not set". See `GenerationSettings`."""

    temperature: float | None
    guidance: float | None
    steps: int | None
    seed: int | None
    max_seconds: float | None
    stop_threshold: float | None
    pause_seconds: float | None
    exact_patches: int | None
    mode: str | None
    style: str | None
    candidates: int | None
    verify: bool | None
    retries: int | None


def as_values(settings: OwnSettings) -> dict[str, SettingValue]:
    """Return the settings by name, to go through all of them."""
    return cast("dict[str, SettingValue]", dict(settings))
