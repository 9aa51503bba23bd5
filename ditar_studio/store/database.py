"""One SQLite file, one connection, one thread that owns it.

Everything the store does runs on the database's own thread, in order. Any other thread may call: a
worker waits for the answer, the user interface's thread must not (`forbid_waiting`) and uses
`submit`, which gives a future.
"""

from __future__ import annotations

import contextlib
import functools
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from ditar_studio.errors import StudioError
from ditar_studio.store import privacy
from ditar_studio.store.backup import Backups
from ditar_studio.store.changes import (
    ChangeSet,
    Edit,
    Outcome,
    Stack,
    Step,
    Table,
    Value,
    change_set,
)
from ditar_studio.store.check import WAIT_SECONDS, atomic, explaining, is_blank, seal, unseal
from ditar_studio.store.migrations import MIGRATIONS, migrate

P = ParamSpec("P")
T = TypeVar("T")

Listener = Callable[[ChangeSet], None]


class Database:
    """The library's SQLite file in WAL mode, with its thread, its undo stack and its listeners.

    Args:
        path: the database file; created when missing, migrated when older.
        backups: where it is copied to.
        clock: seconds since the epoch; given by tests.

    Attributes:
        stack: the undo stack.
        begun: ids of takes and recordings begun by this run; recovery leaves them alone.
    """

    def __init__(
        self, path: Path, backups: Backups, clock: Callable[[], float] = time.time
    ) -> None:
        self.path = path
        self.clock = clock
        self._backups = backups
        self.stack = Stack()
        self.begun: set[str] = set()
        self._listeners: list[Listener] = []
        self._no_waiting: set[int] = set()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="library")
        self._thread = self._executor.submit(threading.get_ident).result()
        try:
            self._connection = self._executor.submit(_open, path, backups).result()
        except BaseException:
            self._executor.shutdown()
            raise

    def close(self) -> None:
        """Finish what is queued, then close the file and end the thread."""
        self._executor.submit(self._connection.close).result()
        self._executor.shutdown()

    # --- threads

    def forbid_waiting(self) -> None:
        """Make the calling thread one that must use `submit`: the user interface's."""
        self._no_waiting.add(threading.get_ident())

    def submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Queue work on the database's thread.

        Raises:
            StudioError: the library has been closed.
        """
        try:
            return self._executor.submit(work, *args, **kwargs)
        except RuntimeError as error:
            raise StudioError(
                "The library has been closed.", "Start DiTAR Studio again and do it then."
            ) from error

    def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do work on the database's thread and wait for it; at once when already there."""
        here = threading.get_ident()
        if here == self._thread:
            return work(*args, **kwargs)
        if here in self._no_waiting:
            raise RuntimeError("this thread must not wait for the library; use submit()")
        return self.submit(work, *args, **kwargs).result()

    def back_up(self) -> None:
        """Copy the database if the newest backup is more than a day old."""
        if self._backups.is_due():
            self._backups.keep(self._connection)

    def seal_and_back_up(self) -> None:
        """Seal the database, and copy it if it is another one than the newest backup."""
        with _readable():
            digest = seal(self._connection)
        if not self._backups.has(digest):
            self._backups.keep(self._connection)

    # --- reading

    def is_blank(self) -> bool:
        """Return whether nothing was ever put in."""
        with _readable():
            return is_blank(self._connection)

    def rows(self, query: str, *values: Value) -> list[sqlite3.Row]:
        """Return all rows that a query finds; on the database's thread."""
        with _readable():
            return self._connection.execute(query, values).fetchall()

    def row(self, query: str, *values: Value) -> sqlite3.Row | None:
        """Return the first row that a query finds, or None; on the database's thread."""
        with _readable():
            found: sqlite3.Row | None = self._connection.execute(query, values).fetchone()
        return found

    # --- writing

    @contextlib.contextmanager
    def operation(self, label: str = "", merge: str = "") -> Iterator[Transaction]:
        """Make one atomic change; with a label it becomes a step of the undo stack.

        Args:
            label: what the undo menu says; empty for what is not undone (a take being rendered).
            merge: operations with the same key in quick succession undo as one.
        """
        transaction = Transaction(self._connection, self.clock())
        with self._atomic():
            yield transaction
        step = 0
        if label and transaction.edits:
            step = self.stack.push(Step(label, tuple(transaction.edits), merge, self.clock()))
        transaction.changes = self._publish(transaction, step=step)

    @contextlib.contextmanager
    def one_step(self, label: str) -> Iterator[None]:
        """Have the operations within be one step of the undo stack."""
        before = self.stack.last_id
        try:
            yield
        finally:
            self.stack.join_since(before, label)
            self._publish(Transaction(self._connection, self.clock()))

    def undo(self) -> ChangeSet:
        """Take the last undoable operation back; an empty change set when there is none."""
        if not self.stack.undo_label:
            return ChangeSet(redo=self.stack.redo_label)
        return self._replay(self.stack.undo)

    def redo(self) -> ChangeSet:
        """Do the last undone operation again; an empty change set when there is none."""
        if not self.stack.redo_label:
            return ChangeSet(undo=self.stack.undo_label)
        return self._replay(self.stack.redo)

    def revert(self, step_id: int) -> ChangeSet:
        """Take one operation back, whatever was done since; see `Stack.revert`."""
        return self._replay(lambda write: self.stack.revert(step_id, write, self.clock()))

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call a listener with every change, on the database's thread. Returns what ends it."""
        self._listeners.append(listener)
        return functools.partial(self._listeners.remove, listener)

    def _replay(self, move: Callable[[Callable[[Step], None]], int]) -> ChangeSet:
        """Have the stack write a step; `move` returns the id of the step taken back, or 0."""
        transaction = Transaction(self._connection, self.clock())
        revived: frozenset[str] = frozenset()

        def write(step: Step) -> None:
            nonlocal revived
            revived = step.revived
            with self._atomic():
                for edit in step.edits:
                    transaction.write(edit)

        undone = move(write)
        return self._publish(transaction, undone=undone, revived=revived)

    @contextlib.contextmanager
    def _atomic(self) -> Iterator[None]:
        try:
            with atomic(self._connection):
                unseal(self._connection)
                yield
        except sqlite3.IntegrityError as error:
            raise StudioError(
                f"The library has no place for this: {error}.",
                "What it belongs to may have been deleted: look there, and do it again.",
            ) from error
        except (UnicodeEncodeError, OverflowError) as error:
            raise StudioError(
                "A text has characters in it, or a number digits, that cannot be kept.",
                "Type it again.",
            ) from error
        except sqlite3.Error as error:
            raise StudioError(
                f"The library could not be written: {error}.",
                "Check that the disk is not full and that the library's folder may be written to.",
            ) from error

    def _publish(
        self,
        transaction: Transaction,
        step: int = 0,
        undone: int = 0,
        revived: frozenset[str] = frozenset(),
    ) -> ChangeSet:
        changes = replace(
            change_set(transaction.touched, self.stack.undo_label, self.stack.redo_label),
            step=step,
            undone=undone,
            revived=revived,
        )
        for listener in tuple(self._listeners):
            listener(changes)
        return changes


class Transaction:
    """The writes of one operation, noted as edits. Only to be used on the database's thread."""

    def __init__(self, connection: sqlite3.Connection, now: float) -> None:
        self._connection = connection
        self.now = now
        self.edits: list[Edit] = []
        self.touched: set[tuple[Table, str]] = set()
        self.changes = ChangeSet()

    def insert(self, table: Table, identifier: str, owner: str = "", **columns: Value) -> None:
        """Add a row; undo hides it."""
        names = ["id", *columns]
        marks = ", ".join("?" * len(names))
        self._connection.execute(
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})",
            (identifier, *columns.values()),
        )
        self._note(Edit(table, identifier, "hidden", self.now, None, owner))

    def update(self, table: Table, identifier: str, owner: str = "", **columns: Value) -> None:
        """Set columns of a row; only those that differ are written and noted."""
        before = self._connection.execute(
            f"SELECT {', '.join(columns)} FROM {table} WHERE id = ?", (identifier,)
        ).fetchone()
        for column, value in columns.items():
            if before[column] != value:
                self.write(Edit(table, identifier, column, before[column], value, owner))

    def hide(self, table: Table, identifier: str, owner: str = "") -> None:
        """Delete a row as far as the user is concerned."""
        self.update(table, identifier, owner, hidden=self.now)

    def execute(self, statement: str, *values: Value | bytes) -> int:
        """Write without noting an edit: bookkeeping that undo never touches. Returns rows hit."""
        return self._connection.execute(statement, values).rowcount

    def write(self, edit: Edit) -> None:
        """Put an edit's new value into the database and note it."""
        self._connection.execute(
            f"UPDATE {edit.table} SET {edit.column} = ? WHERE id = ?", (edit.new, edit.id)
        )
        self._note(edit)

    def outcome(self, value: T) -> Outcome[T]:
        """Return the operation's result; to be called after its block has ended."""
        return Outcome(value, self.changes)

    def _note(self, edit: Edit) -> None:
        self.edits.append(edit)
        self.touched.add((edit.table, edit.owner or edit.id))


class HasDatabase(Protocol):
    @property
    def database(self) -> Database: ...


S = TypeVar("S", bound=HasDatabase)


def serial(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Run a method on its database's thread."""

    @functools.wraps(method)
    def on_thread(self: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.database.call(method, self, *args, **kwargs)

    return on_thread


def _open(path: Path, backups: Backups) -> sqlite3.Connection:
    with explaining(path):
        privacy.make_file(path)
        connection = sqlite3.connect(path, isolation_level=None, timeout=WAIT_SECONDS)
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if 0 < version < len(MIGRATIONS):
                backups.keep(connection, before_version=len(MIGRATIONS))
            migrate(connection)
        except BaseException:
            connection.close()
            raise
    return connection


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StudioError(
            f"The library could not be read: {error}.",
            "Close DiTAR Studio and start it again: what is damaged comes back from a backup.",
        ) from error
