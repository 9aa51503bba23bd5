"""Change sets of operations, and the one undo/redo stack over script, voices, takes and settings.

Every operation on the library runs in one transaction that notes each column it wrote. An undoable
operation leaves those notes as a `Step`; undoing writes the old values back, redoing the new ones.
Creating a row is noted as un-hiding it and deleting as hiding it, so a step is nothing but column
values: undo never has to delete a row that something else refers to, nor a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Generic, Literal, TypeVar

from ditar_studio.errors import StudioError

Table = Literal["voices", "samples", "adapters", "projects", "lines", "takes", "recordings", "meta"]
Value = str | int | float | None

T = TypeVar("T")


@dataclass(frozen=True)
class ChangeSet:
    """The ids of what an operation touched, and what undo and redo would now do.

    A view refreshes when the set it shows is not empty. A changed sample counts as a change of its
    voice. A line's state depends on its voice, its takes and its project's settings, so a script
    view refreshes on any change. `undo` and `redo` are the labels of the next steps, as
    "Delete take", empty when there is none.

    `step` is the step of the undo stack that the operation added, `undone` the one that it took
    back; 0 for none. `revived` are ids of what undo or redo brought back.
    """

    voices: frozenset[str] = frozenset()
    projects: frozenset[str] = frozenset()
    lines: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()
    recordings: frozenset[str] = frozenset()
    undo: str = ""
    redo: str = ""
    step: int = 0
    undone: int = 0
    revived: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return any((self.voices, self.projects, self.lines, self.takes, self.recordings))


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """The result of a changing operation: its value and what it changed."""

    value: T
    changes: ChangeSet


@dataclass(frozen=True)
class Edit:
    """One column of one row, before and after. `owner` is the voice of a sample or of an adapter,
    else empty."""

    table: Table
    id: str
    column: str
    old: Value
    new: Value
    owner: str = ""


@dataclass(frozen=True)
class Step:
    """One undoable operation. Steps with the same `merge` key that follow closely become one.

    `id` is given by the stack, from 1.
    """

    label: str
    edits: tuple[Edit, ...]
    merge: str = ""
    at: float = 0.0
    id: int = 0

    @property
    def revived(self) -> frozenset[str]:
        """Ids of the rows that it brings back when it is written."""
        return frozenset(e.id for e in self.edits if e.column == "hidden" and e.new is None)

    @cached_property
    def characters(self) -> int:
        """Number of characters in its values."""
        values = (value for edit in self.edits for value in (edit.old, edit.new))
        return sum(len(value) for value in values if isinstance(value, str))

    def reversed(self, label: str = "") -> Step:
        """Return what takes it back."""
        edits = (Edit(e.table, e.id, e.column, e.new, e.old, e.owner) for e in reversed(self.edits))
        return Step(label or self.label, tuple(edits))


def change_set(rows: Iterable[tuple[Table, str]], undo: str, redo: str) -> ChangeSet:
    """Sort touched (table, owner id) pairs into a `ChangeSet`."""
    touched: dict[str, set[str]] = {}
    for table, identifier in rows:
        touched.setdefault("voices" if table in ("samples", "adapters") else table, set()).add(
            identifier
        )
    return ChangeSet(
        voices=frozenset(touched.get("voices", ())),
        projects=frozenset(touched.get("projects", ())),
        lines=frozenset(touched.get("lines", ())),
        takes=frozenset(touched.get("takes", ())),
        recordings=frozenset(touched.get("recordings", ())),
        undo=undo,
        redo=redo,
    )


@dataclass
class Stack:
    """The undo and redo stacks of one run of the application (not kept over a restart).

    Args:
        limit: number of steps that are kept.
        most_characters: in the steps kept; each that moves lines holds the order of the script
            twice, which is megabytes in a long book.
        merge_seconds: steps with the same merge key closer than this become one (typing, dragging).
    """

    limit: int = 500
    most_characters: int = 200_000_000
    merge_seconds: float = 2.0
    _done: list[Step] = field(default_factory=list)
    _undone: list[Step] = field(default_factory=list)
    _sealed: bool = False
    _count: int = 0

    @property
    def undo_label(self) -> str:
        return self._done[-1].label if self._done else ""

    @property
    def last_id(self) -> int:
        """Id of the step that was added last; 0 before there was one."""
        return self._count

    @property
    def redo_label(self) -> str:
        return self._undone[-1].label if self._undone else ""

    def push(self, step: Step) -> int:
        """Add a step that has just been done; what was undone before it can no longer be redone.

        Returns the id of the step, or of the one that it became part of.
        """
        self._undone.clear()
        last = self._done[-1] if self._done else None
        if (
            last is not None
            and not self._sealed
            and step.merge
            and step.merge == last.merge
            and 0 <= step.at - last.at < self.merge_seconds
        ):
            edits = _joined(last.edits, step.edits)
            self._done[-1] = replace(step, edits=edits, id=last.id)
        else:
            self._count += 1
            self._done.append(replace(step, id=self._count))
            del self._done[: -self.limit]
            while len(self._done) > 1 and sum(x.characters for x in self._done) > (
                self.most_characters
            ):
                del self._done[0]
        self._sealed = False
        return self._done[-1].id

    def join_since(self, step_id: int, label: str) -> None:
        """Make one step of those that were added after another; 0 for all there are."""
        place = next((i for i, step in enumerate(self._done) if step.id > step_id), None)
        if place is not None:
            edits = tuple(edit for step in self._done[place:] for edit in step.edits)
            self._done[place:] = [replace(self._done[-1], label=label, edits=_joined((), edits))]

    def undo(self, write: Callable[[Step], None]) -> int:
        """Have `write` put back the last step's old values; the stacks move only if it succeeds.

        Returns the id of the step.
        """
        step = self._done[-1]
        write(step.reversed())
        self._done.pop()
        self._undone.append(step)
        self._sealed = True
        return step.id

    def revert(self, step_id: int, write: Callable[[Step], None], at: float) -> int:
        """Have `write` put back one step's old values, whatever was done since.

        Behind later steps this is a step of its own.

        Raises:
            StudioError: it has been undone, dropped, or a later step changed the same.
        """
        place = next((i for i, step in enumerate(self._done) if step.id == step_id), None)
        if place is None:
            raise StudioError(
                "This can't be undone any more.", "Look at what Undo in the Edit menu offers."
            )
        if place == len(self._done) - 1:
            return self.undo(write)
        step = self._done[place]
        later = {_cell(edit) for other in self._done[place + 1 :] for edit in other.edits}
        if later.intersection(map(_cell, step.edits)):
            raise StudioError(
                "It has been changed again since.", "Use Undo in the Edit menu, step by step."
            )
        back = step.reversed("Restore")
        write(back)
        self.push(replace(back, at=at))
        return step_id

    def redo(self, write: Callable[[Step], None]) -> int:
        """Have `write` put the last undone step's new values back; 0, for no step is undone."""
        step = self._undone[-1]
        write(step)
        self._undone.pop()
        self._done.append(step)
        self._sealed = True
        return 0

    def clear(self) -> None:
        """Drop all steps."""
        self._done.clear()
        self._undone.clear()


def _cell(edit: Edit) -> tuple[str, str, str]:
    return edit.table, edit.id, edit.column


def _joined(first: tuple[Edit, ...], second: tuple[Edit, ...]) -> tuple[Edit, ...]:
    """Return the edits of two steps as one: for each column the oldest old and the newest new
    value.
    """
    joined: dict[tuple[str, str, str], Edit] = {}
    for edit in first + second:
        key = _cell(edit)
        before = joined.get(key, edit)
        joined[key] = Edit(edit.table, edit.id, edit.column, before.old, edit.new, edit.owner)
    return tuple(joined.values())
