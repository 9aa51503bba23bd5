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
_PROJECTS = "SELECT id, name FROM projects"
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
class DeletedItem:
    """A deleted thing.

    Attributes:
        name: its name or text.
        deleted: when, in seconds since 1970; what was deleted at once has one time.
        project: the name of the project that a line or take is of; else empty.
    """

    kind: Kind
    id: str
    name: str
    deleted: float
    project: str = ""


class Bin:
    """The deleted things that can still be restored."""

    def __init__(self, database: Database, root: Path) -> None:
        self.database = database
        self._root = root

    @serial
    def contents(self) -> list[DeletedItem]:
        """Return deleted voices, projects, lines, takes and recordings, the latest first."""
        names = {row["id"]: row["name"] for row in self.database.rows(_PROJECTS)}
        found = [
            DeletedItem(kind, row["id"], row["name"], row["hidden"], names.get(row["project"], ""))
            for kind in _KINDS
            for row in self.database.rows(
                f"SELECT id, {_NAMES[kind]} AS name, hidden, "
                f"{'project_id' if kind in ('lines', 'takes') else 'NULL'} AS project "
                f"FROM {kind} WHERE hidden IS NOT NULL"
            )
        ]
        found = [item for item in found if item.kind != "lines" or item.name.strip()]
        return sorted(found, key=lambda item: item.deleted, reverse=True)

    @serial
    def restore(self, *items: DeletedItem) -> Outcome[None]:
        """Take things out of the bin, with the lines and the projects that they are seen in.

        Undo puts them back in.
        """
        lines: dict[str, list[str]] = {}
        with self.database.operation("Restore") as work:
            for item in items:
                work.update(item.kind, item.id, hidden=None)
                if item.kind in ("lines", "takes"):
                    column = "id" if item.kind == "lines" else "line_id"
                    query = f"SELECT project_id, {column} AS line FROM {item.kind} WHERE id = ?"
                    row = self.database.row(query, item.id)
                    if row is not None:
                        lines.setdefault(row["project_id"], []).append(row["line"])
            for project_id, line_ids in lines.items():
                self._restore_lines(work, project_id, [each for each in line_ids if each])
        return work.outcome(None)

    @serial
    def voices_of(self, project_id: str) -> list[DeletedItem]:
        """List the deleted voices that a project or lines of it speak in."""
        project = project_of(project_row(self.database, project_id))
        rows = self.database.rows(
            "SELECT id, name, hidden FROM voices WHERE hidden IS NOT NULL AND (id = ? OR id IN "
            "(SELECT voice_id FROM lines WHERE project_id = ? AND hidden IS NULL)) ORDER BY name",
            project.settings.voice_id,
            project_id,
        )
        return [DeletedItem("voices", row["id"], row["name"], row["hidden"]) for row in rows]

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

    def _restore_lines(self, work: Transaction, project_id: str, line_ids: list[str]) -> None:
        """Have a project be there, and show lines: where they were, as far as that is known."""
        work.update("projects", project_id, hidden=None)
        for line_id in line_ids:
            work.update("lines", line_id, hidden=None)
        (row,) = self.database.rows("SELECT line_order FROM projects WHERE id = ?", project_id)
        order = dict.fromkeys([*json.loads(row["line_order"]), *line_ids])
        work.update("projects", project_id, line_order=json.dumps(list(order)))

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
