"""A copy of the database a day, and going back to it when the database is damaged."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

from ditar_studio.errors import StudioError
from ditar_studio.store import files

NAME = "library.backup.db"
EVERY_SECONDS = 86400.0


class DamagedError(StudioError):
    """The database cannot be read."""


def is_due(path: Path, now: float) -> bool:
    """Whether the backup is missing or more than a day old."""
    return not path.exists() or now - path.stat().st_mtime > EVERY_SECONDS


def back_up(connection: sqlite3.Connection, path: Path) -> None:
    """Copy an open database to `path`, whole or not at all."""
    with files.replacing(path) as partial:
        connection.execute("VACUUM INTO ?", (str(partial),))


def go_back(database: Path, damage: DamagedError) -> Path:
    """Put the backup in the place of a damaged database, which is kept. Returns where it is kept.

    Raises:
        DamagedError: `damage`, if there is no backup.
    """
    backup = database.with_name(NAME)
    if not backup.exists():
        raise damage
    number = 1
    while (aside := database.with_name(f"library.damaged-{number}.db")).exists():
        number += 1
    for ending in ("-wal", "-shm"):
        log = database.with_name(database.name + ending)
        if log.exists():
            os.replace(log, aside.with_name(aside.name + ending))
    shutil.copyfile(database, aside)
    files.copy_in(backup, database)
    return aside
