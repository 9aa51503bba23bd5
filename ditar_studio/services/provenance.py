"""The provenance of a sound file by its marks: the watermark, the tags, the recipe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ditar_studio.audio.clips.files import read_clip
from ditar_studio.audio.clips.watermark import Detection, detect
from ditar_studio.errors import StudioError
from ditar_studio.services import metadata
from ditar_studio.services.credentials import named_program


@dataclass(frozen=True)
class Provenance:
    """A sound file's statements about itself.

    Attributes:
        watermark: what the detector found in the sound.
        statement: whether its tags call it synthetic speech of this program.
        recipes: how many recipes it carries, one for each piece of speech.
        credentials: the program that its Content Credentials (C2PA) name, if they are whole.
    """

    watermark: Detection
    statement: bool
    recipes: int
    credentials: str | None = None

    @property
    def synthetic(self) -> bool:
        """Whether any mark says that it is synthetic speech of this program."""
        return self.watermark.found or self.statement or self.recipes > 0


def examine(path: Path) -> Provenance:
    """Look for all marks in a sound file.

    Raises:
        StudioError: it can't be read, or is shorter than a second.
    """
    watermark = detect(read_clip(path))
    try:
        recipes = len(metadata.open_recipe(path))
    except StudioError:  # there is none, or it is damaged
        recipes = 0
    return Provenance(watermark, metadata.has_statement(path), recipes, named_program(path))
