"""The script as it is edited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QObject, Signal

from ditar_studio.services.new_lines import USUAL_PAUSE, new_lines
from ditar_studio.services.projects import Line, NewLine
from ditar_studio.services.voice_library import Voice
from ditar_studio.ui.features.project.document import Document
from ditar_studio.ui.features.project.snapshot import Snapshot
from ditar_studio.ui.features.script.typed_text import TypedText
from ditar_studio.ui.kit.translate import mark, tr

if TYPE_CHECKING:
    from ditar_studio.services.history import Outcome
    from ditar_studio.text.script import ScriptLine

AddLines: TypeAlias = "Callable[..., Outcome[list[Line]]]"
"""Adds lines to the library as `Lines.add` does, on its thread."""

GREETING = mark("Hello! Type what you want to hear, then let me say it.")
"""The line of the first project; it makes room for what is imported."""


class Script(QObject):
    """The lines of the open project and the one that is selected.

    Signals:
        changed: the lines, their states or the selection changed.
        focus_wanted: a line id and a cursor position (-1: the end) that should have the focus.
    """

    changed = Signal()
    focus_wanted = Signal(str, int)

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.selected = ""
        self._also: frozenset[str] = frozenset()
        self._reached = ""
        self._counted: tuple[object, ...] = ()
        self._chosen: tuple[str, ...] = ()
        self._typed = TypedText(document, self)
        self._focus_next: tuple[str, int] | None = None
        document.loaded.connect(self._on_loaded)

    # --- what is there

    @property
    def lines(self) -> tuple[Line, ...]:
        """The script from top to bottom."""
        snapshot = self.document.snapshot
        return snapshot.lines if snapshot is not None else ()

    @property
    def voices(self) -> tuple[Voice, ...]:
        """The voices that a line can have."""
        snapshot = self.document.snapshot
        return snapshot.voices if snapshot is not None else ()

    def line(self, line_id: str) -> Line | None:
        """Return the line with this id."""
        snapshot = self.document.snapshot
        return snapshot.line(line_id) if snapshot is not None else None

    def index(self, line_id: str) -> int:
        """Return the place of a line, from 0; -1 if it isn't there."""
        snapshot = self.document.snapshot
        return snapshot.places.get(line_id, -1) if snapshot is not None else -1

    def neighbours(self, line_id: str) -> tuple[Line | None, Line | None]:
        """Return the lines before and after a line."""
        lines, place = self.lines, self.index(line_id)
        if place < 0:
            return None, None
        before = lines[place - 1] if place else None
        return before, lines[place + 1] if place + 1 < len(lines) else None

    def end_of_block(self, line_id: str) -> str:
        """Return the last line of the paragraph that a line is in."""
        lines, place = self.lines, self.index(line_id)
        if place < 0:
            return line_id
        while place + 1 < len(lines) and not lines[place + 1].opens_block:
            place += 1
        return lines[place].id

    def text(self, line_id: str) -> str:
        """Return what a line says, typing that the library doesn't have yet included."""
        typed = self._typed.text(line_id)
        if typed is not None:
            return typed
        line = self.line(line_id)
        return line.text if line is not None else ""

    @property
    def unsaved(self) -> dict[str, str]:
        """What lines say, by their ids, where the library doesn't have it yet."""
        return self._typed.unsaved

    @property
    def untouched(self) -> bool:
        """Whether nothing is written: lines are empty, or greet in the first project."""
        return all(self.text(line.id).strip() in ("", tr(GREETING)) for line in self.lines)

    @property
    def failing(self) -> bool:
        """Whether what was typed can't be saved at present."""
        return self._typed.failing

    def stale(self) -> tuple[str, ...]:
        """Return ids of the lines that "speak all that changed" would speak."""
        snapshot = self.document.snapshot
        if snapshot is None:
            return ()
        return tuple(snapshot.line_ids[place] for place in snapshot.shape.due.nonzero()[0])

    @property
    def stale_count(self) -> int:
        """Number of lines in `stale`."""
        snapshot = self.document.snapshot
        return int(snapshot.shape.due.sum()) if snapshot is not None else 0

    @property
    def chosen(self) -> tuple[str, ...]:
        """Ids of the lines that actions act upon, from top to bottom: the selected and more."""
        snapshot = self.document.snapshot
        if snapshot is None:
            return ()
        places = snapshot.places
        if not self._also:
            return (self.selected,) if self.selected in places else ()
        if (counted := (places, self.selected, self._also)) != self._counted:
            there = [i for i in self._also | {self.selected} if i in places]
            self._counted, self._chosen = counted, tuple(sorted(there, key=places.__getitem__))
        return self._chosen

    def select(self, line_id: str) -> None:
        """Make a line the only selected one; empty for none."""
        if line_id != self.selected or self._also:
            self.selected, self._also, self._reached = line_id, frozenset(), ""
            self.changed.emit()

    def select_also(self, line_id: str) -> None:
        """Add a line to those chosen, or take it out again."""
        if line_id == self.selected:
            others = [other for other in self.chosen if other != line_id]
            if others:
                self.selected, self._also = others[0], frozenset(others[1:])
        else:
            self._also ^= {line_id}
        self._reached = ""
        self.changed.emit()

    def select_to(self, line_id: str) -> None:
        """Choose all lines from the selected one to another."""
        first, last = sorted((max(0, self.index(self.selected)), self.index(line_id)))
        self._also = frozenset(line.id for line in self.lines[first : last + 1])
        self._reached = line_id
        self.changed.emit()

    def select_more(self, step: int) -> None:
        """Move the end of the chosen stretch by `step` lines."""
        place = self.index(self._reached or self.selected) + step
        if 0 <= place < len(self.lines):
            self.select_to(self.lines[place].id)

    def select_all(self) -> None:
        """Choose every line."""
        self._also = frozenset(line.id for line in self.lines)
        self._reached = ""
        self.changed.emit()

    def select_next(self, step: int) -> None:
        """Select the line `step` places further on, as far as there are any."""
        place = self.index(self.selected) + step
        if 0 <= place < len(self.lines):
            self.focus_wanted.emit(self.lines[place].id, 0 if step > 0 else -1)

    # --- typing

    @property
    def typing(self) -> bool:
        """Whether something was typed just now."""
        return self._typed.typing

    def edit(self, line_id: str, text: str) -> None:
        """Take what has been typed; the library gets it after a moment."""
        self._typed.edit(line_id, text)

    def flush(self) -> None:
        """Give what has been typed to the library now."""
        self._typed.flush()

    # --- lines

    def add(self, text: str = "", after: str = "", *, opens_block: bool = True) -> None:
        """Add a line behind another (or at the end) and put the cursor into it."""
        snapshot = self._ready()
        if snapshot is None:
            return
        other = snapshot.line(after)
        new = NewLine(
            text,
            other.voice_id if other else None,
            other.speaker if other else "",
            other.pause_seconds if other else USUAL_PAUSE,
            opens_block,
        )
        at = self.index(after) + 1 if other else None
        self._insert([new], at)

    def paste(self, text: str, after: str = "") -> None:
        """Add pasted text as lines: `Name: text` gives a line that voice, long text is split."""

        def read() -> list[ScriptLine]:
            from ditar_studio.text import script

            return script.from_long_text(text)

        self.insert(read, after)

    def insert(
        self,
        read: Callable[[], Sequence[ScriptLine]],
        after: str = "",
        *,
        over_greeting: bool = False,
        add: AddLines | None = None,
        done: Callable[[int], object] = lambda count: None,
    ) -> None:
        """Add what `read` gives, on another thread, as lines; at the end without `after`.

        Args:
            over_greeting: whether the line that greets in the first project makes room; the focus
                goes to the first line then, to be read from there, else behind the last.
            add: adds them to the library, and may do more in the same step.
            done: gets how many lines there are.
        """
        snapshot = self._ready()
        if snapshot is None:
            return

        def put(lines: list[NewLine]) -> None:
            if lines:
                here = self.document.project_id == project_id  # else another was opened meanwhile
                at = self.index(after) + 1 if here and self.index(after) >= 0 else None
                replaced = self._replaced_by_text(after, over_greeting) if here else []
                focused = 0 if over_greeting else -1
                self._insert(
                    lines, at, replaced, focused, add, lambda: done(len(lines)), project_id
                )

        voices, project_id = snapshot.voices, snapshot.project.id
        self.document.bridge.background(lambda: new_lines(read(), voices), done=put, owner=self)

    def split(self, line_id: str, at: int, *, opens_block: bool = True) -> None:
        """Cut a line at a character; at its end that adds an empty line.

        Args:
            opens_block: whether what follows begins a paragraph, or flows on.
        """
        text = self.text(line_id)
        if text[at:].strip() and text[:at].strip():
            self._submit(
                self.document.library.lines.split,
                line_id,
                at,
                opens_block=opens_block,
                done=lambda made: self._focus(made.value[1].id, 0),
            )
        else:
            self.add(after=line_id, opens_block=opens_block)

    def join_with_previous(self, line_id: str) -> None:
        """Join a line to the one before it; an empty one goes away."""
        place = self.index(line_id)
        if place <= 0:
            return
        before = self.lines[place - 1]
        cursor = len(self.text(before.id))
        self._focus_next = (before.id, cursor)
        if self.text(line_id).strip() and self.text(before.id).strip():
            self._submit(self.document.library.lines.join, [before.id, line_id])
        elif self.text(line_id).strip():
            self._focus_next = (line_id, 0)
            self._submit(self.document.library.lines.delete, [before.id])
        else:
            self._submit(self.document.library.lines.delete, [line_id])

    def join_with_next(self, line_id: str) -> None:
        """Join the line that follows to this one."""
        place = self.index(line_id)
        if 0 <= place < len(self.lines) - 1:
            self.join_with_previous(self.lines[place + 1].id)

    def move(self, step: int) -> None:
        """Move the chosen lines up (-1) or down (1), together."""
        chosen = self.chosen
        if not chosen:
            return
        to = self.index(chosen[0]) + step
        if 0 <= to <= len(self.lines) - len(chosen):
            self._submit(self.document.library.lines.move, list(chosen), to)

    def delete(self) -> None:
        """Delete the chosen lines and select a neighbour."""
        chosen = self.chosen
        if not chosen:
            return
        place = self.index(chosen[-1])
        gone = set(chosen)
        staying = [line.id for line in self.lines if line.id not in gone]
        below = [line.id for line in self.lines[place:] if line.id not in gone]
        if staying:
            self._focus_next = (below[0] if below else staying[-1], -1)
        self._submit(self.document.library.lines.delete, list(chosen))

    def join(self) -> None:
        """Make one of the chosen lines, or join the line that follows to a single one."""
        chosen = self.chosen
        if len(chosen) > 1:
            self._focus_next = (chosen[0], -1)
            self._submit(self.document.library.lines.join, list(chosen))
        else:
            self.join_with_next(self.selected)

    def set_voice(self, line_id: str, voice_id: str | None) -> None:
        """Give a line, with those chosen with it, a voice of its own; None for the project's."""
        self._submit(self.document.library.lines.set_voice, self._with(line_id), voice_id)

    def set_pause(self, line_id: str, seconds: float) -> None:
        """Set the silence after a line."""
        line = self.line(line_id)
        if line is not None and abs(line.pause_seconds - seconds) > 1e-6:
            self.set_pauses([line_id], seconds)

    def set_pauses(self, line_ids: Sequence[str], seconds: float) -> None:
        """Set the silence after several lines."""
        self._submit(self.document.library.lines.set_pauses, list(line_ids), seconds)

    def toggle_block(self, line_id: str) -> None:
        """Have a line begin a paragraph, or flow on from the line above."""
        line = self.line(line_id)
        if line is not None and self.index(line_id) > 0:
            self._submit(self.document.library.blocks.set_opens, [line_id], not line.opens_block)

    def set_section(self, line_id: str, title: str) -> None:
        """Begin a chapter of a title with a line; an empty title ends that."""
        self._submit(self.document.library.blocks.set_section, line_id, title)

    def toggle_lock(self, line_id: str) -> None:
        """Lock a line, with those chosen with it, against being spoken anew, or unlock it."""
        line = self.line(line_id)
        if line is not None:
            lines = self._with(line_id)
            self._submit(self.document.library.lines.set_locked, lines, not line.locked)

    # --- inside

    def _with(self, line_id: str) -> list[str]:
        """Return a line and, if it is one of those chosen, all of them."""
        return list(self.chosen) if line_id in self.chosen else [line_id]

    def _ready(self) -> Snapshot | None:
        self.flush()
        return self.document.snapshot

    def _replaced_by_text(self, after: str, over_greeting: bool) -> list[str]:
        """Return the lines that make room for text: the empty one that it is put into, or all
        where none says anything.
        """
        unused = ("", tr(GREETING)) if over_greeting else ("",)
        last = self.lines[-1].id if self.lines else ""
        empty = [
            line.id
            for line in self.lines
            if line.take_id is None and self.text(line.id).strip() in unused
        ]
        if len(empty) == len(self.lines):
            return empty
        return [line_id for line_id in empty if line_id == (after or last)]

    def _insert(
        self,
        lines: Sequence[NewLine],
        at: int | None,
        instead: Sequence[str] = (),
        focused: int = -1,
        add: AddLines | None = None,
        done: Callable[[], object] = lambda: None,
        project_id: str = "",
    ) -> None:
        """Add lines `instead` of others, and put the focus into one of them."""

        def added(made: Outcome[list[Line]]) -> None:
            self._focus(made.value[focused].id, focused)
            done()

        self._submit(
            add or self.document.library.lines.add,
            project_id or self.document.project_id,
            lines,
            at,
            instead=instead,
            done=added,
        )

    def _submit(self, work: Callable[..., object], *args: object, **kwargs: object) -> None:
        """Have the library do something, after it has what was typed: undo goes back in order."""
        self.flush()
        self.document.submit(work, *args, **kwargs)  # type: ignore[arg-type]

    def _focus(self, line_id: str, cursor: int) -> None:
        self._focus_next = (line_id, cursor)
        self._give_focus()

    def _on_loaded(self, snapshot: Snapshot) -> None:
        self._also = frozenset(line_id for line_id in self._also if line_id in snapshot.places)
        if snapshot.line(self.selected) is None:
            self.selected = snapshot.lines[0].id if snapshot.lines else ""
            self._also = frozenset()
        self.changed.emit()
        self._give_focus()

    def _give_focus(self) -> None:
        if self._focus_next is not None and self.index(self._focus_next[0]) >= 0:
            (line_id, cursor), self._focus_next = self._focus_next, None
            self.select(line_id)
            self.focus_wanted.emit(line_id, cursor)
