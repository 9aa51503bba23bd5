"""Deleted things: kept for a while, then purged with their files."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ditar_studio.store.changes import Outcome
from ditar_studio.store.check import COUNTED
from ditar_studio.store.database import Database, Transaction, serial
from ditar_studio.store.project_rows import project_of, project_row

KEPT_DAYS = 30.0
_WEEK = 7 * 86400.0
_LEAP = 90 * 86400.0

Kind = Literal["voices", "projects", "lines", "takes", "recordings"]
_KINDS: tuple[Kind, ...] = ("voices", "projects", "lines", "takes", "recordings")
_PURGED: tuple[Kind, ...] = ("voices", "projects", "takes", "recordings")
_OF_VOICES = ("samples", "adapters")
_NAMES: dict[Kind, str] = {
    "voices": "name",
    "projects": "name",
    "lines": "text",
    "takes": "text",
    "recordings": "transcript",
}


def time_of_bin(mark: Path, now: float) -> float:
    """Return the time by which the bin is emptied at this start, noted as the time of a file.

    After a leap of months it goes on by a week from one start to the next: a clock that is wrong
    by years does not empty the bin before anybody could look into it.
    """
    with contextlib.suppress(OSError):
        before = mark.stat().st_mtime
        if now - before > _LEAP:
            now = before + _WEEK
        os.utime(mark, (now, now))
    return now


@dataclass(frozen=True)
class Trashed:
    """A deleted thing. `name` is its name or text; `deleted` in seconds since 1970."""

    kind: Kind
    id: str
    name: str
    deleted: float


class Trash:
    """The deleted things that can still be restored."""

    def __init__(self, database: Database, root: Path) -> None:
        self.database = database
        self._root = root

    @serial
    def contents(self) -> list[Trashed]:
        """Return deleted voices, projects, lines, takes and recordings, the latest first."""
        found = [
            Trashed(kind, row["id"], row["name"], row["hidden"])
            for kind in _KINDS
            for row in self.database.rows(
                f"SELECT id, {_NAMES[kind]} AS name, hidden FROM {kind} WHERE hidden IS NOT NULL"
            )
        ]
        found = [item for item in found if item.kind != "lines" or item.name.strip()]
        return sorted(found, key=lambda item: item.deleted, reverse=True)

    @serial
    def restore(self, item: Trashed) -> Outcome[None]:
        """Take a thing out of the trash, with the line and the project that it is seen in.

        Undo puts it back in.
        """
        with self.database.operation("Restore") as work:
            work.update(item.kind, item.id, hidden=None)
            if item.kind in ("lines", "takes"):
                self._restore_around(work, item)
        return work.outcome(None)

    @serial
    def voices_of(self, project_id: str) -> list[Trashed]:
        """List the deleted voices that a project or lines of it speak in."""
        project = project_of(project_row(self.database, project_id))
        rows = self.database.rows(
            "SELECT id, name, hidden FROM voices WHERE hidden IS NOT NULL AND (id = ? OR id IN "
            "(SELECT voice_id FROM lines WHERE project_id = ? AND hidden IS NULL)) ORDER BY name",
            project.settings.voice_id,
            project_id,
        )
        return [Trashed("voices", row["id"], row["name"], row["hidden"]) for row in rows]

    @serial
    def purge(self, older_than_days: float = KEPT_DAYS, now: float | None = None) -> int:
        """Remove for good what was deleted longer ago, files included. Returns how many things.

        Undo cannot reach behind this, so the undo stack is emptied when anything is removed.

        Args:
            now: in seconds since 1970; by the clock if it is not given.
        """
        limit = (self.database.clock() if now is None else now) - older_than_days * 86400
        count = 0
        with self.database.operation() as work:
            before = self._counts()
            for kind in _PURGED:
                count += self._purge_rows(work, kind, limit)
            work.execute("DELETE FROM lines WHERE hidden <= ?", limit)
            for table in _OF_VOICES:
                self._purge_rows(work, table, limit)
            for table, left in self._counts().items():
                work.execute(
                    "INSERT INTO purged VALUES (?, ?) "
                    "ON CONFLICT (kind) DO UPDATE SET count = count + excluded.count",
                    table,
                    before[table] - left,
                )
        if count:
            self.database.stack.clear()
        self.sweep()
        return count

    @serial
    def sweep(self) -> None:
        """Remove files whose rows were purged, and half-written ones that a crash left."""
        purged = [row["file"] for row in self.database.rows("SELECT file FROM doomed_files")]
        with self.database.operation() as work:
            for file in purged:
                with contextlib.suppress(OSError):  # else it stays listed until the next time
                    (self._root / file).unlink(missing_ok=True)
                    work.execute("DELETE FROM doomed_files WHERE file = ?", file)
        for pattern in (".*.partial*", "*/.*.partial*"):
            for leftover in self._root.glob(pattern):
                leftover.unlink(missing_ok=True)

    def _restore_around(self, work: Transaction, item: Trashed) -> None:
        """Have the line of a take, or a line itself, and its project be there."""
        row = self.database.row(f"SELECT * FROM {item.kind} WHERE id = ?", item.id)
        if row is None:
            return
        line_id = item.id if item.kind == "lines" else row["line_id"]
        work.update("projects", row["project_id"], hidden=None)
        if line_id is not None:
            work.update("lines", line_id, hidden=None)
            self._put_into_order(work, line_id)

    def _put_into_order(self, work: Transaction, line_id: str) -> None:
        """Have a line's project show it again: where it was, as far as that is known."""
        row = self.database.row(
            "SELECT projects.id, line_order FROM projects JOIN lines ON projects.id = project_id "
            "WHERE lines.id = ?",
            line_id,
        )
        if row is not None and line_id not in (order := json.loads(row["line_order"])):
            work.update("projects", row["id"], line_order=json.dumps([*order, line_id]))

    def _counts(self) -> dict[str, int]:
        return {
            table: self.database.rows(f"SELECT count(*) FROM {table}")[0][0] for table in COUNTED
        }

    def _purge_rows(self, work: Transaction, table: str, limit: float) -> int:
        """Delete a table's rows hidden before `limit`; their files are removed by `sweep`."""
        condition = "hidden <= ?"
        if table in ("takes", "recordings", *_OF_VOICES):
            work.execute(
                f"INSERT OR IGNORE INTO doomed_files SELECT file FROM {table} WHERE {condition}",
                limit,
            )
        elif table == "voices":
            for owned in _OF_VOICES:
                work.execute(
                    f"INSERT OR IGNORE INTO doomed_files SELECT file FROM {owned} WHERE voice_id "
                    f"IN (SELECT id FROM voices WHERE {condition})",
                    limit,
                )
        elif table == "projects":
            work.execute(
                "INSERT OR IGNORE INTO doomed_files SELECT file FROM takes WHERE project_id IN "
                f"(SELECT id FROM projects WHERE {condition})",
                limit,
            )
            for suffix in (".jpg", ".png"):
                work.execute(
                    f"INSERT OR IGNORE INTO doomed_files SELECT 'covers/' || id || '{suffix}' "
                    f"FROM projects WHERE {condition}",
                    limit,
                )
        return work.execute(f"DELETE FROM {table} WHERE {condition}", limit)
