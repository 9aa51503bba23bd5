"""A library in a temporary folder, and files to put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ditar_studio.store.library import Library
from ditar_studio.store.recipe import Recipe
from ditar_studio.store.takes import Take


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def library(tmp_path: Path, clock: Clock) -> Iterator[Library]:
    with Library(tmp_path / "library", clock) as opened:
        yield opened


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    """One second of a quiet tone."""
    return write_tone(tmp_path / "tone.wav", 1.0)


def write_tone(path: Path, seconds: float) -> Path:
    times = np.arange(int(16000 * seconds)) / 16000
    soundfile.write(path, 0.1 * np.sin(2 * np.pi * 220 * times), 16000)
    return path


def recipe(text: str = "Hello there.", **changes: object) -> Recipe:
    values: dict[str, object] = {
        "model_name": "builtin",
        "model_hash": "m",
        "voice_id": None,
        "voice_name": "",
        "voice_hash": "",
        "text": text,
        "settings": {"seed": 7},
    }
    return Recipe(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def make_take(library: Library) -> Callable[..., Take]:
    """Make a finished take of a line, as rendering does."""

    def make(line_id: str, seconds: float = 0.5) -> Take:
        line = library.projects.line(line_id)
        begun = library.takes.begin(
            line.project_id, line.id, recipe(line.text), line.fingerprint
        ).value
        write_tone(begun.path, seconds)
        return library.takes.finish(begun.id, rtf=0.4).value

    return make
