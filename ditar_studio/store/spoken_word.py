"""When a word of a take is spoken."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SpokenWord:
    """When a word of a take is spoken.

    Args:
        start, end: its characters in the take's text, end exclusive.
        begins, ends: in seconds of the take.
    """

    start: int
    end: int
    begins: float
    ends: float
