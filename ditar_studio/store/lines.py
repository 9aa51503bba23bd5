"""The lines of scripts, and what is up to date."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ditar_studio.errors import StudioError
from ditar_studio.store import files
from ditar_studio.store.block_starts import Columns, openings_after_loss, openings_after_move
from ditar_studio.store.changes import Outcome
from ditar_studio.store.database import Database, Transaction, serial
from ditar_studio.store.line_order import around_blocks, with_inserted
from ditar_studio.store.project import Line, NewLine
from ditar_studio.store.project_rows import (
    as_new,
    insert_line,
    project_row,
    stamp,
    stamp_of,
)
from ditar_studio.store.script_cache import ScriptCache, StoredScript
from ditar_studio.text.markup import LONGEST_PAUSE


class Lines:
    """The lines of a library's projects."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._scripts = ScriptCache(database)

    @serial
    def of_project(self, project_id: str) -> list[Line]:
        """Return the script from top to bottom, with the state of each line."""
        return list(self._scripts.read(project_row(self.database, project_id)).lines)

    @serial
    def get(self, line_id: str) -> Line:
        """Return one line; StudioError when it has been deleted."""
        row = self.database.row("SELECT project_id FROM lines WHERE id = ?", line_id)
        script = self._scripts.read(project_row(self.database, row["project_id"])) if row else None
        found = script.by_id.get(line_id) if script is not None else None
        if found is not None:
            return found
        raise StudioError("This line is no longer there.", "Undo its deletion.")

    @serial
    def add(
        self,
        project_id: str,
        lines: Sequence[NewLine],
        at: int | None = None,
        *,
        instead: Sequence[str] = (),
        undoable: bool = True,
    ) -> Outcome[list[Line]]:
        """Insert lines before position `at`, or at the end.

        Args:
            instead: lines that go as they come, in the same step of the undo.
        """
        row = project_row(self.database, project_id)
        ids = self._scripts.read(row).line_ids
        identifiers = [files.new_id() for _ in lines]
        label = "Add line" if len(lines) == 1 else "Add lines"
        openings = self._openings_without(instead) if instead else {}
        with self.database.operation(label if undoable else "") as work:
            self._hide(work, instead, openings)
            for identifier, line in zip(identifiers, lines, strict=True):
                insert_line(work, project_id, identifier, line)
            self._insert_after(work, row, ids[:at], identifiers)
        return work.outcome(self._these(identifiers))

    @serial
    def replace_all(self, project_id: str, lines: Sequence[NewLine]) -> Outcome[list[Line]]:
        """Put other lines in place of all there are (paste over, open a text)."""
        identifiers = [files.new_id() for _ in lines]
        with self.database.operation("Replace script") as work:
            for there in self.of_project(project_id):
                work.hide("lines", there.id)
            for identifier, line in zip(identifiers, lines, strict=True):
                insert_line(work, project_id, identifier, line)
            _set_order(work, project_id, identifiers)
        return work.outcome(self.of_project(project_id))

    @serial
    def set_text(self, line_id: str, text: str) -> Outcome[Line]:
        """Change what a line says; typing in quick succession undoes as one."""
        return self._edit(line_id, "Edit line", f"text {line_id}", text=text, failure="")

    @serial
    def replace_texts(self, texts: Mapping[str, str]) -> Outcome[None]:
        """Change what lines say, by their ids, in one step (find and replace)."""
        with self.database.operation("Replace text") as work:
            for line_id, text in texts.items():
                work.update("lines", line_id, text=text, failure="")
            stamp_of(work, list(texts)[:1])
        return work.outcome(None)

    @serial
    def set_voice(self, line_ids: Sequence[str], voice_id: str | None) -> Outcome[list[Line]]:
        """Give lines a voice; None for the project's."""
        with self.database.operation("Choose voice") as work:
            for line_id in line_ids:
                work.update("lines", line_id, voice_id=voice_id)
            stamp_of(work, line_ids)
        return work.outcome(self._these(line_ids))

    @serial
    def set_pauses(self, line_ids: Sequence[str], seconds: float) -> Outcome[None]:
        """Set the silence after lines, in seconds, at most `LONGEST_PAUSE`."""
        if not 0 <= seconds <= LONGEST_PAUSE:
            raise StudioError("A pause is between 0 and 60 seconds.", "Type a shorter pause.")
        with self.database.operation("Change pause", f"pauses {line_ids}") as work:
            for line_id in line_ids:
                work.update("lines", line_id, pause_seconds=float(seconds))
            stamp_of(work, line_ids)
        return work.outcome(None)

    @serial
    def set_locked(self, line_ids: Sequence[str], locked: bool) -> Outcome[list[Line]]:
        """Lock lines against being spoken anew, or unlock them."""
        with self.database.operation("Lock line" if locked else "Unlock line") as work:
            for line_id in line_ids:
                work.update("lines", line_id, locked=int(locked))
            stamp_of(work, line_ids)
        return work.outcome(self._these(line_ids))

    @serial
    def choose_take(self, line_id: str, take_id: str | None) -> Outcome[Line]:
        """Let a take stand for the line; None for the newest."""
        return self._edit(line_id, "Choose take", "", take_id=take_id)

    @serial
    def split(self, line_id: str, at: int, *, opens_block: bool = True) -> Outcome[list[Line]]:
        """Cut a line in two at a character; the first half keeps the takes.

        Args:
            opens_block: whether the second half begins a paragraph, or flows on.
        """
        line = self.get(line_id)
        before, behind = line.text[:at].rstrip(), line.text[at:].lstrip()
        if not before or not behind:
            raise StudioError(
                "There is nothing to split here.", "Put the cursor between two words."
            )
        row, second = project_row(self.database, line.project_id), files.new_id()
        with self.database.operation("Split line") as work:
            work.update("lines", line_id, text=before, ends=None)
            new = replace(
                as_new(line),
                text=behind,
                opens_block=opens_block,
                section="",
                block_settings=line.block_settings if opens_block else {},
                starts=None,
            )
            insert_line(work, line.project_id, second, new)
            self._insert_after(work, row, [line_id], [second])
        return work.outcome([self.get(line_id), self.get(second)])

    @serial
    def join(self, line_ids: Sequence[str]) -> Outcome[Line]:
        """Make one line of several, in script order; the first keeps its voice and takes."""
        chosen = self._these(line_ids)
        if len(chosen) < 2:
            raise StudioError("Joining needs two lines or more.", "Select more lines.")
        first, *others = chosen
        with self.database.operation("Join lines") as work:
            text = " ".join(line.text.strip() for line in chosen)
            last = others[-1]
            work.update(
                "lines", first.id, text=text, pause_seconds=last.pause_seconds, ends=last.ends
            )
            for line in others:
                work.hide("lines", line.id)
            stamp(work, first.project_id)
        return work.outcome(self.get(first.id))

    @serial
    def move(self, line_ids: Sequence[str], to: int) -> Outcome[list[Line]]:
        """Move lines, kept in script order, to position `to` among the lines that stay."""
        script, moved = self._script_of(line_ids), set(line_ids)
        row, places = project_row(self.database, script.project_id), script.places_of(moved)
        going = [script.line_ids[place] for place in places]
        shown = [line_id for line_id in script.line_ids if line_id not in moved]
        above = shown[:to]
        shown = with_inserted(shown, above, going)
        ends = min(places[0], to), max(places[-1], to + len(going) - 1)
        near = around_blocks(script.lines, *ends)
        with self.database.operation("Move line" if len(going) == 1 else "Move lines") as work:
            self._insert_after(work, row, above, going)
            changed = openings_after_move(script.lines[near], shown[near], moved)
            for line_id, columns in changed.items():
                work.update("lines", line_id, "", **columns)
        return work.outcome(self._these(going))

    @serial
    def delete(self, line_ids: Sequence[str]) -> Outcome[None]:
        """Delete lines; their takes stay in the project."""
        label = "Delete line" if len(line_ids) == 1 else "Delete lines"
        openings = self._openings_without(line_ids)
        with self.database.operation(label) as work:
            self._hide(work, line_ids, openings)
            stamp_of(work, line_ids)
        return work.outcome(None)

    @serial
    def mark_failed(self, line_id: str, failure: str) -> Outcome[None]:
        """Note that speaking a line failed; with an empty text, that it no longer does."""
        with self.database.operation() as work:
            work.update("lines", line_id, failure=failure)
        return work.outcome(None)

    # --- inside

    def _openings_without(self, line_ids: Sequence[str]) -> dict[str, Columns]:
        """Return what to write to lines that stay, by their ids, when others leave the script."""
        script = self._script_of(line_ids)
        places = script.places_of(line_ids)
        near = around_blocks(script.lines, places[0], places[-1])
        return openings_after_loss(script.lines[near], set(line_ids))

    @staticmethod
    def _hide(work: Transaction, line_ids: Sequence[str], openings: Mapping[str, Columns]) -> None:
        """Take lines out of the script; others open what they opened."""
        for line_id, columns in openings.items():
            work.update("lines", line_id, "", **columns)
        for line_id in line_ids:
            work.hide("lines", line_id)

    def _script_of(self, line_ids: Sequence[str]) -> StoredScript:
        """Return the script that lines are in."""
        if not line_ids:
            raise StudioError("No line is selected.", "Select a line.")
        return self._scripts.read(project_row(self.database, self.get(line_ids[0]).project_id))

    def _these(self, line_ids: Sequence[str]) -> list[Line]:
        script = self._script_of(line_ids)
        return [script.lines[place] for place in script.places_of(line_ids)]

    def _edit(self, line_id: str, label: str, merge: str, **columns: Any) -> Outcome[Line]:
        self.get(line_id)
        with self.database.operation(label, merge) as work:
            work.update("lines", line_id, "", **columns)
            stamp_of(work, [line_id])
        return work.outcome(self.get(line_id))

    def _insert_after(
        self, work: Transaction, project: sqlite3.Row, above: Sequence[str], new: Sequence[str]
    ) -> None:
        """Put lines behind those above; deleted ones keep their places."""
        here = set(new)
        order = [each for each in json.loads(project["line_order"]) if each not in here]
        _set_order(work, project["id"], with_inserted(order, above, new))


def _set_order(work: Transaction, project_id: str, order: Sequence[str]) -> None:
    work.update("projects", project_id, line_order=json.dumps(list(order)))
    stamp(work, project_id)
