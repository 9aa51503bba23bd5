"""A project's lines as they are at the moment, while they are spoken; and how long that takes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ditar_studio.store.changes import ChangeSet
    from ditar_studio.store.library import Library
    from ditar_studio.store.project import Line, Project

_TOO_EARLY = 0.02
"""Share of the first take below which no one can tell how long all takes."""


class LiveScript:
    """The lines of a project; read again where something about them changed.

    Args:
        library, project_id: of the lines.

    Raises:
        StudioError: the project is gone.
    """

    def __init__(self, library: Library, project_id: str) -> None:
        self._library = library
        self._id = project_id
        self._changed = False
        self._read()

    @contextlib.contextmanager
    def followed(self) -> Iterator[None]:
        """Notice changes while this lasts."""
        end = self._library.subscribe(self._on_changes)
        try:
            yield
        finally:
            end()

    def line(self, line_id: str) -> Line | None:
        """Return a line as it is now; None if it was deleted."""
        if self._changed:
            self._changed = False
            self._read()
        return self._lines.get(line_id)

    def length(self, line_id: str) -> int:
        """Return about how many characters a line has."""
        line = self._lines.get(line_id)
        return len(line.text) if line is not None else 0

    def _read(self) -> None:
        self.project: Project = self._library.projects.get(self._id)
        self._lines = {line.id: line for line in self._library.lines.of_project(self._id)}

    def _on_changes(self, changes: ChangeSet) -> None:
        if changes.projects or changes.lines or changes.voices:
            self._changed = True


class Estimate:
    """An estimate of how far the speaking of lines is and how long it will take, by their
    characters.

    Args:
        clock: in seconds; given by tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began: float | None = None
        self._done = 0
        self._at_work = 0

    def begin(self, characters: int) -> None:
        """Note that the line before is done and one of so many characters begins."""
        if self._began is None:
            self._began = self._clock()
        self._done += self._at_work
        self._at_work = max(1, characters)

    def at(self, fraction: float, waiting: int) -> tuple[float, float | None]:
        """Return the share of all that is made, and the seconds left, if that can be told.

        Args:
            fraction: of the line at work, 0..1.
            waiting: characters of the lines that wait.
        """
        made = self._done + fraction * self._at_work
        left = (1 - fraction) * self._at_work + waiting
        elapsed = self._clock() - self._began if self._began is not None else 0.0
        seconds = None if made < _TOO_EARLY * self._at_work else elapsed / made * left
        return made / (made + left) if made + left else 1.0, seconds
