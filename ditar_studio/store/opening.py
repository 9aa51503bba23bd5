"""The check before a library is opened: whether its database is as it was left.

It opens as it is, goes back to its newest good backup, or is refused. Nothing is ever removed: what
was in the place of a backup is kept beside it.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from ditar_studio.store import files
from ditar_studio.store.backup import Backup, Backups
from ditar_studio.store.check import DamagedError, explaining, inspect, log_of
from ditar_studio.store.write_ahead import has_lost_changes


@dataclass(frozen=True)
class Damage:
    """Damage to report of a database that was not as it was left.

    Attributes:
        message, remedy: as in `StudioError`.
        kept: where the database is that was not, if it was there at all.
    """

    message: str
    remedy: str
    kept: Path | None = None


EMPTIED = Damage(
    "The library is empty and has no backup, but there are sounds beside it.",
    "They are offered to you: keep what is yours.",
)
"""For a library in which nothing is known of the sounds in its folders."""


def prepare(database: Path, backups: Backups) -> Damage | None:
    """See that a database can be opened, from a backup if need be.

    Raises:
        DamagedError: it is damaged, and there is no backup.
        StudioError: it cannot be opened for another reason.
    """
    log = log_of(database)
    with explaining(database):
        lost = has_lost_changes(log)
    try:
        contents = inspect(database)
    except DamagedError:
        found = backups.newest_good()
        if found is None:
            raise
        return _go_back(database, found[0], "was damaged")
    found = None
    if contents is None or contents.blank or contents.altered or lost:
        found = backups.newest_good()
    if contents is None or contents.blank:
        if found is not None:
            return _go_back(database, found[0], "was empty" if database.exists() else "was missing")
        if contents is None and log.exists():
            _put_aside(database)
        return None
    if found is not None and contents.altered and found[1].seal == contents.seal:
        return _go_back(database, found[0], "was changed by something else")
    if found is not None and lost and contents.misses(found[1]):
        return _go_back(database, found[0], "was damaged")
    if contents.altered:
        return Damage(
            "The library's database was changed by something else, and no backup is just as it "
            "was before.",
            f"Check your voices and projects; earlier states are in {backups.folder}.",
        )
    if lost:
        kept = _put_aside(database, copy=True)
        return Damage(
            "The last changes to the library cannot be read.",
            f"Check your last work; the database with those changes is kept as {kept.name}.",
            kept,
        )
    more = backups.one_with_more(contents)
    if more is not None:
        return Damage(
            f"The library holds less than its backup of {more.date}.",
            f"To go back, close DiTAR Studio and copy {more.path} over {database.name}; to go on "
            "as it is, delete that backup.",
        )
    return None


def _go_back(database: Path, backup: Backup, what: str) -> Damage:
    """Put a backup in the place of a database, which is moved aside with what belongs to it.

    Killed at any moment, the next start finds the database, or none and goes back again.
    """
    with explaining(database), files.replacing(database, private=True) as partial:
        shutil.copyfile(backup.path, partial)
        kept = _put_aside(database)
    was_there = kept.exists()
    return Damage(
        f"The library's database {what}; its backup of {backup.date} took its place.",
        f"Only what was changed after that can be missing; the old database is kept as {kept.name}."
        if was_there
        else "Only what was changed after that can be missing.",
        kept if was_there else None,
    )


def _put_aside(database: Path, *, copy: bool = False) -> Path:
    """Move a database, if there is one, and what SQLite keeps beside it; where to, or a copy."""
    number = 1
    while (aside := database.with_name(f"library.damaged-{number}.db")).exists():
        number += 1
    with explaining(database):
        for ending in ("", "-wal", "-shm"):
            part = database.with_name(database.name + ending)
            if part.exists() and part.stat().st_size:
                (shutil.copy2 if copy else os.replace)(part, aside.with_name(aside.name + ending))
    return aside
