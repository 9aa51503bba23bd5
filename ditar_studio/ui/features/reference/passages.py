"""The texts to read aloud for a recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ditar_studio.assets import asset

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Passage:
    """A text to read aloud; `key` names its file."""

    key: str
    text: str


def passages() -> tuple[Passage, ...]:
    """Return the texts to read aloud that come with the program."""
    folder = asset("passages")
    return tuple(
        Passage(path.stem, " ".join(path.read_text(encoding="utf-8").split()))
        for path in sorted(folder.glob("*.txt"))
    )
