"""Looking into a library without opening it: also while the studio has it open."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from pathlib import Path

from ditar_studio.store.migrations import MIGRATIONS
from ditar_studio.store.voice import Voice
from ditar_studio.store.voice_rows import VoiceRows

log = logging.getLogger(__name__)


def read_voices(database: Path) -> list[Voice] | None:
    """Read the voices of a library by name, as they are now; nothing is written, locked or
    repaired.

    Args:
        database: the library's `library.db`.

    Returns:
        None where there is no database, or where it has to be opened to be read: it is of another
        version, or damaged.
    """
    if not database.is_file():
        return None
    try:
        uri = f"{database.absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=1.0)) as connection:
            connection.row_factory = sqlite3.Row
            if connection.execute("PRAGMA user_version").fetchone()[0] != len(MIGRATIONS):
                return None
            voices = VoiceRows(_Rows(connection), database.parent).load("voices.hidden IS NULL")
    except (OSError, ValueError, sqlite3.Error) as error:
        log.info("%s is not read as it is: %s", database.name, error)
        return None
    return sorted(voices, key=lambda voice: (voice.name.casefold(), voice.created))


class _Rows:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, query: str, *values: str | float | None) -> list[sqlite3.Row]:
        return self._connection.execute(query, values).fetchall()
