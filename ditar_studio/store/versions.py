"""Earlier versions of projects: script and settings as they were, to go back to."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ditar_studio.errors import StudioError
from ditar_studio.store import files
from ditar_studio.store.changes import Outcome
from ditar_studio.store.database import Database, Transaction, serial
from ditar_studio.store.lines import Lines
from ditar_studio.store.project_rows import settings_text
from ditar_studio.store.projects import Projects

_COLUMNS = (
    *("voice_id", "speaker", "text", "pause_seconds", "locked", "take_id"),
    *("opens_block", "section", "settings", "block_settings", "starts", "ends"),
)
"""What is kept of a line."""
_EFFORT = 3
"""Of compression: a book shrinks to a tenth; more takes longer than it saves."""
_BY_DAY = 30
"""So many of the latest versions are one a day; counted, so that a wrong clock ages none."""


@dataclass(frozen=True)
class Version:
    """A version of a project.

    Args:
        name: that the user gave it; empty for one that was kept by itself.
        lines: how many lines it has.
        created: seconds since 1970.
    """

    id: str
    project_id: str
    name: str
    lines: int
    created: float


class Versions:
    """The versions of projects."""

    def __init__(self, database: Database, projects: Projects, lines: Lines) -> None:
        self.database = database
        self._projects = projects
        self._lines = lines

    @serial
    def of_project(self, project_id: str) -> list[Version]:
        """Return the versions of a project, newest first."""
        query = (
            "SELECT id, name, lines, created FROM versions WHERE project_id = ? ORDER BY rowid DESC"
        )
        return [
            Version(row["id"], project_id, row["name"], row["lines"], row["created"])
            for row in self.database.rows(query, project_id)
        ]

    @serial
    def keep(self, project_id: str, name: str = "") -> Version:
        """Keep the project as it is now, if it differs from the version before.

        Of those without a name one a day is kept, the last, and after a month one a month.

        Returns:
            The version that is the project as it is now.
        """
        lines, content = self._present(project_id)
        found = self.of_project(project_id)
        same = bool(found) and _content(self._stored(found[0].id)) == content
        with self.database.operation() as work:
            if same:
                name = name or found[0].name
                work.execute("UPDATE versions SET name = ? WHERE id = ?", name, found[0].id)
            else:
                for version_id in _superseded(found, work.now, named=bool(name)):
                    work.execute("DELETE FROM versions WHERE id = ?", version_id)
                work.execute(
                    "INSERT INTO versions (id, project_id, name, content, packed, created, lines) "
                    "VALUES (?, ?, ?, '{}', ?, ?, ?)",
                    files.new_id(),
                    project_id,
                    name,
                    zlib.compress(content.encode(), _EFFORT),
                    work.now,
                    lines,
                )
        return self.of_project(project_id)[0]

    @serial
    def restore(self, version_id: str) -> Outcome[None]:
        """Make a project what it was; undo takes that back, and what it is now is kept.

        Voices and takes that are gone for good since are left out.

        Raises:
            StudioError: the version or its project is gone.
        """
        row = self._stored(version_id)
        project_id, content = row["project_id"], json.loads(_content(row))
        present = self._lines.of_project(project_id)
        self.keep(project_id)
        wanted = [line["id"] for line in content["lines"]]
        staying = set(wanted)
        with self.database.operation("Restore version") as work:
            for line in present:
                if line.id not in staying:
                    work.hide("lines", line.id)
            for line in content["lines"]:
                self._restore_line(work, project_id, line)
            settings = settings_text(content["settings"])
            work.update("projects", project_id, settings=settings, line_order=json.dumps(wanted))
            work.execute("UPDATE projects SET modified = ? WHERE id = ?", work.now, project_id)
        return work.outcome(None)

    # --- inside

    def _stored(self, version_id: str) -> sqlite3.Row:
        row = self.database.row("SELECT * FROM versions WHERE id = ?", version_id)
        if row is None:
            raise StudioError("This version is no longer there.", "Choose another.")
        return row

    def _present(self, project_id: str) -> tuple[int, str]:
        """Return how many lines a project has, and all of it as text."""
        project = self._projects.get(project_id)
        rows = {
            row["id"]: row
            for row in self.database.rows(
                "SELECT * FROM lines WHERE project_id = ? AND hidden IS NULL", project_id
            )
        }
        lines = [
            {"id": line.id, **{column: rows[line.id][column] for column in _COLUMNS}}
            for line in self._lines.of_project(project_id)
        ]
        whole = {"settings": asdict(project.settings), "lines": lines}
        return len(lines), json.dumps(whole, sort_keys=True)

    def _restore_line(self, work: Transaction, project_id: str, line: Mapping[str, Any]) -> None:
        """Have a line be there as it was."""
        columns: dict[str, Any] = {
            column: line.get(column) for column in _COLUMNS
        }  # older ones have fewer
        if not self._is_there("voices", columns["voice_id"]):
            columns["voice_id"] = None
        take_id = columns["take_id"]
        if self._is_there("takes", take_id):
            work.update("takes", take_id, hidden=None)
        else:
            columns["take_id"] = None
        if self._is_there("lines", line["id"]):
            work.update("lines", line["id"], "", hidden=None, **columns)
        else:
            work.insert("lines", line["id"], "", project_id=project_id, created=work.now, **columns)

    def _is_there(self, table: str, identifier: str | None) -> bool:
        query = f"SELECT id FROM {table} WHERE id = ?"
        return identifier is not None and self.database.row(query, identifier) is not None


def _content(row: sqlite3.Row) -> str:
    """Return the content of a version, which older ones have as text."""
    packed: bytes | None = row["packed"]
    return zlib.decompress(packed).decode() if packed is not None else str(row["content"])


def _superseded(found: Sequence[Version], now: float, *, named: bool) -> Iterator[str]:
    """Return the versions without a name, newest first, that one of now takes the place of.

    Args:
        named: whether the one of now has a name.
    """
    seen = set() if named else {_day(now)}
    for place, version in enumerate(version for version in found if not version.name):
        period = _day(version.created)
        if place >= _BY_DAY:
            period = period[: len("2026-01")]
        if period in seen:
            yield version.id
        seen.add(period)


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).date().isoformat()
