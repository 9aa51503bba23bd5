"""A library in a temporary folder, and files to put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from library_fixtures import Clock, recipe, write_tone

from ditar_studio.store.library import Library
from ditar_studio.store.take import Take


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


@pytest.fixture
def make_take(library: Library) -> Callable[..., Take]:
    """Make a finished take of a line, as rendering does."""

    def make(line_id: str, seconds: float = 0.5) -> Take:
        line = library.lines.get(line_id)
        begun = library.takes.begin(
            line.project_id, line.id, recipe(line.text), line.fingerprint
        ).value
        write_tone(begun.path, seconds)
        return library.takes.finish(begun.id, rtf=0.4).value

    return make
