"""Copies of the database: when they are made, which are kept, and which can be gone back to.

One is made whenever the library is closed and has changed, at a start when the newest is more than
a day old, and before every migration. Kept are the last three, one a day for a week, one a week for
five weeks, the last three from before a migration, and whatever holds more than all that are newer:
a backup is never given up for less.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ditar_studio.errors import StudioError
from ditar_studio.store import files, privacy
from ditar_studio.store.check import (
    COUNTED,
    Contents,
    DamagedError,
    inspect,
    is_blank,
    quick_look,
    seal,
)

log = logging.getLogger(__name__)

FOLDER = "backups"
_FORMER = "library.backup.db"
_NAME = re.compile(r"library-(\d{8}-\d{6}-\d{6})(-before-version-\d+)?\.db")
_STAMP = "%Y%m%d-%H%M%S-%f"
_EVERY = timedelta(days=1)
_LAST, _DAYS, _WEEKS, _MIGRATIONS = 3, 7, 5, 3


@dataclass(frozen=True)
class Backup:
    """A copy of the database. `made` is when; `migration` whether a migration came after it."""

    path: Path
    made: datetime
    migration: bool

    @property
    def date(self) -> str:
        """Date of the backup for people, by this machine's clock."""
        return f"{self.made.astimezone():%Y-%m-%d %H:%M}"


class Backups:
    """The backups of a library.

    Args:
        root: the library's folder.
        clock: seconds since 1970.
    """

    def __init__(self, root: Path, clock: Callable[[], float]) -> None:
        self.folder = root / FOLDER
        self._clock = clock
        former = root / _FORMER
        with contextlib.suppress(OSError):
            if former.exists():
                privacy.make_folder(self.folder)
                os.replace(former, self._free(former.stat().st_mtime))

    def all(self) -> list[Backup]:
        """Return the newest first; last those of a later time than now, made while the clock was
        wrong.
        """
        names = os.listdir(self.folder) if self.folder.is_dir() else []
        found = [
            Backup(self.folder / name, made, bool(match[2]))
            for name in names
            if (match := _NAME.fullmatch(name)) and (made := _moment(match[1]))
        ]
        now = datetime.fromtimestamp(self._clock(), UTC)
        return sorted(found, key=lambda each: (each.made - now < _EVERY, each.made), reverse=True)

    def newest_good(self) -> tuple[Backup, Contents] | None:
        """Return the newest that is whole and not blank, with what it holds."""
        for backup in self.all():
            try:
                contents = inspect(backup.path)
            except StudioError as error:
                log.warning("backup %s: %s", backup.path.name, error)
            else:
                if contents is not None and not contents.blank:
                    return backup, contents
        return None

    def one_with_more(self, contents: Contents) -> Backup | None:
        """Return the newest that holds more of anything than `contents`."""
        for backup in self.all():
            with contextlib.suppress(StudioError):
                if contents.misses(quick_look(backup.path)):
                    return backup
        return None

    def is_due(self) -> bool:
        """Return whether the newest is more than a day old, or there is none."""
        newest = self.all()[:1]
        now = datetime.fromtimestamp(self._clock(), UTC)
        return not newest or abs(now - newest[0].made) > _EVERY

    def has(self, digest: str) -> bool:
        """Return whether the newest is of just this state."""
        with contextlib.suppress(StudioError):
            return any(quick_look(backup.path).seal == digest for backup in self.all()[:1])
        return False

    def keep(self, connection: sqlite3.Connection, before_version: int = 0) -> None:
        """Copy an open database, look the copy through, and only then give it its name.

        Args:
            before_version: the version that it is about to be migrated to, if it is.

        Raises:
            StudioError: the disk is full, or the copy is not whole.
        """
        try:
            if not is_blank(connection):
                self._copy(connection, before_version)
                self._rotate()
        except (OSError, sqlite3.Error, StudioError) as error:
            reason = str(getattr(error, "message", error)).rstrip(".")
            raise StudioError(
                f"The library could not be backed up: {reason}.",
                "Check the free space on the disk and the rights to the library's folder.",
            ) from error

    def _copy(self, connection: sqlite3.Connection, before_version: int) -> None:
        privacy.make_folder(self.folder)
        ending = f"-before-version-{before_version}" if before_version else ""
        with files.replacing(self._free(self._clock(), ending), private=True) as partial:
            with contextlib.closing(sqlite3.connect(partial, isolation_level=None)) as copy:
                connection.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")  # no files beside it
                if not before_version:
                    seal(copy)
            inspect(partial)

    def _free(self, seconds: float, ending: str = "") -> Path:
        """Return a name that no other backup has."""
        made = datetime.fromtimestamp(seconds, UTC)
        taken = {backup.made for backup in self.all()}
        while made in taken:
            made += timedelta(microseconds=1)
        return self.folder / f"library-{made.strftime(_STAMP)}{ending}.db"

    def _rotate(self) -> None:
        """Remove what is older than its generation keeps, unless it holds more than all newer."""
        days: set[object] = set()
        weeks: set[object] = set()
        count = migrations = 0
        most = dict.fromkeys(COUNTED, 0)
        for backup in self.all():
            try:
                counts = quick_look(backup.path).counts
            except DamagedError as error:
                log.warning("backup %s: %s", backup.path.name, error)
                os.replace(backup.path, backup.path.with_suffix(".damaged"))
                continue
            except StudioError:  # of a newer version, or locked
                continue
            day, week = backup.made.date(), backup.made.isocalendar()[:2]
            count += 1
            migrations += backup.migration
            if not (
                count <= _LAST
                or (len(days) < _DAYS and day not in days)
                or (len(weeks) < _WEEKS and week not in weeks)
                or (backup.migration and migrations <= _MIGRATIONS)
                or any(counts[table] > most[table] for table in COUNTED)
            ):
                backup.path.unlink()
                continue
            days.add(day)
            weeks.add(week)
            most = {table: max(most[table], counts[table]) for table in COUNTED}


def _moment(stamp: str) -> datetime | None:
    with contextlib.suppress(ValueError):
        return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    return None
