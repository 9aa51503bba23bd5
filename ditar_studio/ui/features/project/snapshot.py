"""A snapshot of all that the window shows of the library, read in one go on its thread.

What panels look up again and again in a script of tens of thousands of lines is counted here, so
that the window never has to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ditar_studio.services.projects import Line, Project, common_ends

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ditar_studio.services.library import Library
    from ditar_studio.services.takes import Take
    from ditar_studio.services.voice_library import Voice

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, eq=False)
class ScriptShape:
    """Facts of all lines, in their order.

    Attributes:
        characters: [lines] of each text.
        opens: [lines] whether a paragraph begins with it.
        titled: [lines] whether a chapter does.
        due: [lines] whether "speak all that changed" speaks it.
    """

    characters: NDArray[np.int32]
    opens: NDArray[np.bool_]
    titled: NDArray[np.bool_]
    due: NDArray[np.bool_]

    @staticmethod
    def of(lines: Sequence[Line]) -> ScriptShape:
        """Read from lines."""
        count = len(lines)
        return ScriptShape(
            np.fromiter((len(line.text) for line in lines), np.int32, count),
            np.fromiter((line.opens_block for line in lines), np.bool_, count),
            np.fromiter((bool(line.section) for line in lines), np.bool_, count),
            np.fromiter((line.is_due for line in lines), np.bool_, count),
        )

    def renewed(self, lines: Sequence[Line], above: int, below: int) -> ScriptShape:
        """Return the shape of lines of which so many above and below are the same."""
        new = ScriptShape.of(lines[above : len(lines) - below])

        def joined(old: NDArray[T], middle: NDArray[T]) -> NDArray[T]:
            return np.concatenate([old[:above], middle, old[len(old) - below :]])

        return ScriptShape(
            joined(self.characters, new.characters),
            joined(self.opens, new.opens),
            joined(self.titled, new.titled),
            joined(self.due, new.due),
        )


@dataclass(frozen=True)
class Snapshot:
    """The library at a moment, as far as the window shows it.

    Attributes:
        project: the open project.
        lines: its script from top to bottom.
        takes: its takes, newest first.
        voices: all voices, by name.
        undo, redo: what the next undo and redo would do; empty when there is nothing.
        line_ids: the ids of the lines; the same object as long as none comes or goes.
        places: the place of each line by its id, from 0.
        shape: facts of all lines.
        voices_used: ids of the voices that lines have of their own.
        standing: ids of the takes that stand for a line.
    """

    project: Project
    lines: tuple[Line, ...]
    takes: tuple[Take, ...]
    voices: tuple[Voice, ...]
    undo: str = ""
    redo: str = ""
    line_ids: tuple[str, ...] = field(default=(), repr=False, compare=False)
    places: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)
    shape: ScriptShape = field(
        default_factory=lambda: ScriptShape.of(()), repr=False, compare=False
    )
    voices_used: frozenset[str] = field(default=frozenset(), repr=False, compare=False)
    standing: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    @staticmethod
    def of(
        project: Project,
        lines: Sequence[Line],
        takes: Iterable[Take],
        voices: Iterable[Voice],
        before: Snapshot | None = None,
    ) -> Snapshot:
        """Count what there is to count, or take it over from the snapshot before."""
        lines = tuple(lines)
        if before is None:
            ids, shape = tuple(line.id for line in lines), ScriptShape.of(lines)
            places: Mapping[str, int] = {line_id: n for n, line_id in enumerate(ids)}
        else:
            above, below = common_ends(before.lines, lines)
            middle = (line.id for line in lines[above : len(lines) - below])
            ids = *before.line_ids[:above], *middle, *before.line_ids[len(before.lines) - below :]
            shape = before.shape.renewed(lines, above, below)
            if ids == before.line_ids:
                ids, places = before.line_ids, before.places
            else:
                places = dict(zip(ids, range(len(ids)), strict=True))
        return Snapshot(
            project,
            lines,
            tuple(takes),
            tuple(voices),
            line_ids=ids,
            places=places,
            shape=shape,
            voices_used=frozenset(line.voice_id for line in lines if line.voice_id),
            standing=frozenset(line.take_id for line in lines if line.take_id),
        )

    def line(self, line_id: str | None) -> Line | None:
        """Return the line with this id, if it is there."""
        place = self.places.get(line_id or "")
        return None if place is None else self.lines[place]

    def take(self, take_id: str | None) -> Take | None:
        """Return the take with this id, if it is there."""
        return self._takes_by_id.get(take_id or "")

    def voice(self, voice_id: str | None) -> Voice | None:
        """Return the voice with this id, if it is there."""
        return self._voices_by_id.get(voice_id or "")

    def voice_of(self, line: Line) -> Voice | None:
        """Return the voice that a line is spoken in: its own, else the project's."""
        return self.voice(line.voice_id or self.project.settings.voice_id)

    @cached_property
    def voice_names(self) -> frozenset[str]:
        """The names of voices that marks in a text can name, in lower case."""
        return frozenset(
            voice.name.casefold() for voice in self.voices if voice.reference is not None
        )

    @cached_property
    def _takes_by_id(self) -> dict[str, Take]:
        return {take.id: take for take in self.takes}

    @cached_property
    def _voices_by_id(self) -> dict[str, Voice]:
        return {voice.id: voice for voice in self.voices}


def read_snapshot(library: Library, project_id: str, before: Snapshot | None = None) -> Snapshot:
    """Read a snapshot; on the library's thread.

    Raises:
        StudioError: the project is gone.
    """
    return Snapshot.of(
        library.projects.get(project_id),
        library.lines.of_project(project_id),
        (take for take in library.takes.of_project(project_id) if take.status != "recording"),
        library.voices.all(),
        before,
    )
