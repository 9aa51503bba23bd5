"""Paragraphs and chapters of a script, and the settings that lines, blocks and voices have."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

from ditar_studio.errors import StudioError
from ditar_studio.store.block_starts import FLOWING, opening
from ditar_studio.store.changes import Outcome
from ditar_studio.store.database import Database, serial
from ditar_studio.store.lines import Lines
from ditar_studio.store.own_settings import OwnSettings
from ditar_studio.store.project import Line
from ditar_studio.store.project_rows import stamp_of

LONGEST_TITLE = 200


class Blocks:
    """Operations on the paragraphs and chapters of a project, and on the settings of lines.

    A block is a paragraph: a line that opens it and all that flow on from there. A section is a
    chapter: from a line with a title to the next one that has one. Generation settings are
    inherited from project to voice to block to line; a value of None takes one away again.
    """

    def __init__(self, database: Database, lines: Lines) -> None:
        self.database = database
        self._lines = lines

    @serial
    def set_opens(self, line_ids: Sequence[str], opens: bool) -> Outcome[None]:
        """Have lines begin a block, which has the settings of theirs, or flow on from the last."""
        lines = [self._lines.get(line_id) for line_id in line_ids]
        with self.database.operation("Begin a paragraph" if opens else "Join paragraphs") as work:
            for line in lines:
                if opens:
                    work.update("lines", line.id, "", **opening(line))
                else:
                    work.update("lines", line.id, "", **FLOWING)
            stamp_of(work, line_ids)
        return work.outcome(None)

    @serial
    def set_section(self, line_id: str, title: str) -> Outcome[None]:
        """Begin a section of a title with a line; an empty title ends that."""
        title = " ".join(title.split())[:LONGEST_TITLE]
        line = self._lines.get(line_id)
        with self.database.operation("Begin a chapter" if title else "Join chapters") as work:
            columns = opening(line) if title else {}
            work.update("lines", line.id, "", **{**columns, "section": title})
            stamp_of(work, [line_id])
        return work.outcome(None)

    @serial
    def change_line_settings(
        self,
        line_ids: Sequence[str],
        changes: OwnSettings,
        label: str = "Change settings of a line",
        merge: str = "",
    ) -> Outcome[None]:
        """Change settings that lines have of their own; None takes one away.

        Args:
            label, merge: as `Projects.change_settings` has them.
        """
        merge = merge and f"{line_ids} {merge}"
        return self._change(self._these(line_ids), "settings", changes, label, merge)

    @serial
    def change_block_settings(
        self,
        line_ids: Sequence[str],
        changes: OwnSettings,
        label: str = "Change settings of a paragraph",
        merge: str = "",
    ) -> Outcome[None]:
        """Change the settings of the blocks that lines are in; None takes one away."""
        merge = merge and f"blocks {line_ids} {merge}"
        return self._change(self._openers(line_ids), "block_settings", changes, label, merge)

    @serial
    def change_voice_settings(
        self,
        voice_id: str,
        changes: OwnSettings,
        label: str = "Change settings of a voice",
        merge: str = "",
    ) -> Outcome[None]:
        """Change the settings of whatever a voice speaks; None takes one away."""
        row = self.database.row("SELECT settings FROM voices WHERE id = ?", voice_id)
        if row is None:
            raise StudioError(
                "This voice is no longer there.", "Undo its deletion, or choose another."
            )
        with self.database.operation(label, merge and f"{voice_id} {merge}") as work:
            text = _merged(json.loads(row["settings"]), changes)
            work.update("voices", voice_id, settings=text)
        return work.outcome(None)

    # --- inside

    def _change(
        self,
        lines: Sequence[Line],
        column: Literal["settings", "block_settings"],
        changes: OwnSettings,
        label: str,
        merge: str,
    ) -> Outcome[None]:
        with self.database.operation(label, merge) as work:
            for line in lines:
                work.update("lines", line.id, **{column: _merged(getattr(line, column), changes)})
            stamp_of(work, [line.id for line in lines])
        return work.outcome(None)

    def _these(self, line_ids: Sequence[str]) -> list[Line]:
        wanted = set(line_ids)
        return [line for line in self._script(line_ids) if line.id in wanted]

    def _openers(self, line_ids: Sequence[str]) -> list[Line]:
        """Return the lines that open the blocks which these are in."""
        wanted = set(line_ids)
        found: dict[str, Line] = {}
        opener: Line | None = None
        for line in self._script(line_ids):
            opener = line if line.opens_block or opener is None else opener
            if line.id in wanted:
                found[opener.id] = opener
        return list(found.values())

    def _script(self, line_ids: Sequence[str]) -> list[Line]:
        if not line_ids:
            raise StudioError("No line is selected.", "Select a line.")
        return self._lines.of_project(self._lines.get(line_ids[0]).project_id)


def _merged(settings: OwnSettings, changes: OwnSettings) -> str:
    merged = {**settings, **changes}
    return json.dumps({name: v for name, v in merged.items() if v is not None}, sort_keys=True)
