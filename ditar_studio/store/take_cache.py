"""The takes that were read: to parse thousands of recipes anew at each change takes too long."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

from ditar_studio.store.changes import ChangeSet
from ditar_studio.store.database import Database

if TYPE_CHECKING:
    from ditar_studio.store.take import Take

_AT_ONCE = 500
"""Ids in one query."""


class TakeCache:
    """Reads the takes of projects; on the database's thread.

    Args:
        make: makes a take of its row.
    """

    def __init__(self, database: Database, make: Callable[[sqlite3.Row], Take]) -> None:
        self._database = database
        self._make = make
        self._project_id = ""
        self._kept: dict[str, Take] = {}
        database.subscribe(self._on_changes)

    def of_project(self, project_id: str) -> list[Take]:
        """Return the project's takes, newest first."""
        if project_id != self._project_id:
            self._project_id, self._kept = project_id, {}
        found = self._database.rows(
            "SELECT id, line_id FROM takes WHERE project_id = ? AND hidden IS NULL "
            "ORDER BY rowid DESC",
            project_id,
        )
        kept = self._kept
        wanted = [
            row["id"]
            for row in found
            if (take := kept.get(row["id"])) is None or take.line_id != row["line_id"]
        ]
        for begin in range(0, len(wanted), _AT_ONCE):
            some = wanted[begin : begin + _AT_ONCE]
            query = f"SELECT * FROM takes WHERE id IN ({', '.join('?' * len(some))})"
            for row in self._database.rows(query, *some):
                kept[row["id"]] = self._make(row)
        return [kept[row["id"]] for row in found]

    def _on_changes(self, changes: ChangeSet) -> None:
        for take_id in changes.takes:
            self._kept.pop(take_id, None)
