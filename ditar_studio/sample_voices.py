"""The reference clips that come with the program."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ditar_studio.assets import asset
from ditar_studio.errors import StudioError


@dataclass(frozen=True)
class SampleVoice:
    """A reference clip that comes with the program.

    Attributes:
        name: as shown.
        path: the sound file.
        transcript: what is said in it.
        language: ISO 639-1.
        licence: SPDX identifier.
        attribution: whose it is.
    """

    name: str
    path: Path
    transcript: str
    language: str
    licence: str
    attribution: str


def sample_voices() -> tuple[SampleVoice, ...]:
    """Return all of them, the one for demonstrations first.

    Raises:
        StudioError: they are missing.
    """
    try:
        folder = asset("voices")
        rows = json.loads((folder / "voices.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise StudioError(
            "The sample voices are missing among the program's own files.",
            "Install DiTAR Studio again.",
        ) from error
    return tuple(
        SampleVoice(
            row["name"],
            folder / row["file"],
            row["transcript"],
            row["language"],
            row["licence"],
            row["attribution"],
        )
        for row in rows
    )
