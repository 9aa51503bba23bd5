"""A fine-tuned voice's file in the library: its card, and where it is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ditar_studio.errors import StudioError
from ditar_studio.store import files, foreign

FORMAT = "ditar-studio-voice"
SUFFIX = ".safetensors"
LARGEST = 16_000_000
"""Bytes of such a file; that of the largest VoxCPM has nine million."""

_AGAIN = "Fine-tune the voice again."


@dataclass(frozen=True)
class Adapter:
    """The file of a fine-tuned voice in the library.

    Attributes:
        id: in the library.
        path: of the file.
        sha256: of the file.
        card: see `inference.voice_file.TuningCard`.
        created: seconds since 1970.
    """

    id: str
    path: Path
    sha256: str
    card: Mapping[str, Any]
    created: float

    @property
    def model_hash(self) -> str:
        """Hash of the weights that it is for; other models speak with the instant voice."""
        return str(self.card["model_hash"])

    def checked(self) -> Path:
        """Return the file, if it is as it was.

        Raises:
            StudioError: it is missing or damaged.
        """
        if not self.path.is_file() or files.sha256(self.path) != self.sha256:
            raise StudioError("What the voice was fine-tuned to is missing or damaged.", _AGAIN)
        return self.path


def read_card(path: Path) -> dict[str, Any]:
    """Read the card of a fine-tuned voice's file.

    Raises:
        StudioError: it is no such file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("too large")
        with safe_open(str(path), framework="np") as file:
            metadata = file.metadata() or {}
        if metadata.get("format") != FORMAT:
            raise ValueError("of another kind")
        card = foreign.plain(json.loads(metadata["card"], parse_constant=foreign.no_constant))
        foreign.text(card["model_hash"], 100)
        return card
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise StudioError(
            f"“{path.name}” is not a fine-tuned voice, or is damaged.", _AGAIN
        ) from error
