"""The check of a database: whether it is whole, and what it holds.

SQLite notices a page that is torn, not a letter that is another one by now. So a database carries a
seal: the digest of all its rows, written when it is closed in order and taken off by the first
change after that. Without a seal, after a crash, every row is looked at: type, text, JSON.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import logging
import math
import re
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ditar_studio.errors import StudioError
from ditar_studio.store.migrations import MIGRATIONS, NEWER, migrate

log = logging.getLogger(__name__)

COUNTED = ("voices", "samples", "projects", "lines", "takes", "recordings")
_TYPES: dict[str, tuple[type, ...]] = {
    "TEXT": (str,),
    "REAL": (float,),
    "INTEGER": (int,),
    "BLOB": (bytes,),
}
_JSON = {
    **dict.fromkeys(("tags", "line_order", "queue", "words", "made_of"), list),
    **dict.fromkeys(("verdict", "settings", "block_settings", "recipe"), dict),
    **dict.fromkeys(("card", "content", "edit"), dict),
}
_SOUND_FILE = re.compile(r"(voices|takes|recordings)/[^/\\]+")
WAIT_SECONDS = 4.0
"""So long another program may hold the database."""

_MAGIC = b"SQLite format 3\0"
_NOT_DAMAGE = re.compile(
    r"database( table)? is locked|database or disk is full|attempt to write a readonly database|"
    r"unable to open database file|disk I/O error|access permission denied"
)
"""What SQLite says of disk, rights and other programs (the same words in all its versions)."""


class DamagedError(StudioError):
    """The database is damaged."""


@dataclass(frozen=True)
class Contents:
    """The content of a whole database.

    Attributes:
        counts: rows of each table, and those that were purged from it: never less than before.
        seal: the digest when the database was last closed in order; empty after a crash.
        digest: of all rows as they are; empty where they were not looked at.
    """

    counts: Mapping[str, int]
    seal: str
    digest: str = ""

    @property
    def blank(self) -> bool:
        """Whether nothing was ever put in."""
        return not any(self.counts.values())

    @property
    def altered(self) -> bool:
        """Whether something else than the library has changed a row since it was closed."""
        return bool(self.seal and self.digest) and self.seal != self.digest

    def misses(self, other: Contents) -> bool:
        """Return whether it holds less of anything than another."""
        return any(self.counts[table] < other.counts[table] for table in COUNTED)


@contextlib.contextmanager
def explaining(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system raise while a database is opened into one sentence.

    Raises:
        DamagedError: it is damaged.
        StudioError: disk, rights or another program are in the way.
    """
    try:
        yield
    except (OSError, sqlite3.Error, ValueError) as error:
        if isinstance(error, OSError) or _NOT_DAMAGE.match(str(error)):
            raise StudioError(
                f"The library at {path.parent} could not be opened: "
                f"{getattr(error, 'strerror', None) or error}.",
                "Check that the disk is not full and that the folder may be written to, or choose "
                "another for the library.",
            ) from error
        log.warning("%s: %s", path.name, error)
        raise DamagedError(
            f"The library's database {path.name} is damaged.",
            f"Move {path} away and start again: the sounds beside it are kept and offered to you.",
        ) from error


def inspect(path: Path) -> Contents | None:
    """Look a database through without changing it.

    Returns:
        What is in it; None where there is none: the file is missing, empty or without any table.

    Raises:
        DamagedError: it is damaged.
        StudioError: it cannot be opened, or is of a newer version.
    """
    with explaining(path):
        if not path.exists() or path.stat().st_size == 0:
            return None
        if not log_of(path).exists():  # which may have a newer first page in it
            _check_header(path)
        with _reading(path) as connection:
            return _examine(connection)


def log_of(path: Path) -> Path:
    """Return where SQLite keeps a database's write-ahead log."""
    return path.with_name(path.name + "-wal")


def quick_look(path: Path) -> Contents:
    """Return what a database that was looked through before holds, by its counts and its seal
    alone.

    Raises:
        DamagedError, StudioError: as `inspect`.
    """
    with explaining(path), _reading(path) as connection:
        return Contents(*_counts_and_seal(connection))


def is_blank(connection: sqlite3.Connection) -> bool:
    """Return whether nothing was ever put into an open database."""
    return Contents(*_counts_and_seal(connection)).blank


def seal(connection: sqlite3.Connection) -> str:
    """Note the digest of all rows in the database itself. Returns it."""
    with atomic(connection):
        unseal(connection)
        found = _digest(connection, check=False)
        connection.execute("INSERT INTO seal VALUES (?)", (found,))
    return found


def unseal(connection: sqlite3.Connection) -> None:
    """Take the seal off, in the transaction of the first change."""
    connection.execute("DELETE FROM seal")


@contextlib.contextmanager
def atomic(connection: sqlite3.Connection) -> Iterator[None]:
    """Run a block as one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _reading(path: Path) -> contextlib.closing[sqlite3.Connection]:
    address = f"{path.absolute().as_uri()}?mode=ro"
    return contextlib.closing(sqlite3.connect(address, uri=True, timeout=WAIT_SECONDS))


def _check_header(path: Path) -> None:
    """Refuse what SQLite takes for an empty database (a file of a few bytes) or for a lock (odd
    versions).
    """
    with path.open("rb") as file:
        header = file.read(100)
    if len(header) < 100 or header[:16] != _MAGIC or not {*header[18:20]} <= {1, 2}:
        raise sqlite3.DatabaseError("file is not a database")


def _examine(connection: sqlite3.Connection) -> Contents | None:
    connection.text_factory = bytes.decode  # which raises ValueError, and quotes nobody's text
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(found)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise StudioError(*NEWER)
    schema = _schema(connection)
    if not version and not schema:
        return None
    if schema != _expected_schema(MIGRATIONS[:version]):
        raise sqlite3.DatabaseError("its tables are not those of a library")
    if connection.execute("PRAGMA foreign_key_check").fetchone():
        raise sqlite3.DatabaseError("a row belongs to nothing")
    counts, noted = _counts_and_seal(connection)
    return Contents(counts, noted, _digest(connection, check=not noted))


@functools.cache
def _expected_schema(steps: tuple[str, ...]) -> Mapping[str, str]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        migrate(made, len(steps))
        return _schema(made)


def _counts_and_seal(connection: sqlite3.Connection) -> tuple[dict[str, int], str]:
    counts = {
        table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for table in COUNTED
    }
    if "seal" not in _schema(connection):
        return counts, ""
    for table, count in connection.execute("SELECT kind, count FROM purged"):
        counts[table] += count
    noted = connection.execute("SELECT digest FROM seal").fetchone()
    return counts, noted[0] if noted else ""


def _schema(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the statement that made each table and index, by its name."""
    query = "SELECT name, sql FROM sqlite_master WHERE substr(name, 1, 7) != 'sqlite_'"
    return dict(tuple(row) for row in connection.execute(query))


def _digest(connection: sqlite3.Connection, *, check: bool) -> str:
    """Return the digest of all rows but the seal's; ValueError for a row that makes no sense."""
    digest = hashlib.sha256()
    for name, statement in sorted(_schema(connection).items()):
        if name == "seal" or not statement.startswith("CREATE TABLE"):
            continue
        columns = [
            (row[1], _TYPES[row[2]], bool(row[3]))
            for row in connection.execute(f"PRAGMA table_info({name})")
        ]
        for row in connection.execute(f"SELECT * FROM {name}"):
            if check:
                for value, (column, kinds, needed) in zip(row, columns, strict=True):
                    if value is not None or needed:
                        _check_value(column, value, kinds)
            digest.update(ascii((name, *row)).encode())
    return digest.hexdigest()


def _check_value(column: str, value: object, kinds: tuple[type, ...]) -> None:
    if not isinstance(value, kinds) or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError(f"{column} is of another type")
    if column == "file" and not _SOUND_FILE.fullmatch(str(value)):
        raise ValueError("a sound file lies elsewhere")
    if isinstance(value, bytes):
        try:
            zlib.decompress(value)
        except zlib.error as error:
            raise ValueError(f"{column} is damaged") from error
    if column in _JSON:
        try:
            parsed = json.loads(str(value))
        except RecursionError as error:
            raise ValueError(f"{column} is nested too deeply") from error
        if not isinstance(parsed, _JSON[column]):
            raise ValueError(f"{column} is of another type")
