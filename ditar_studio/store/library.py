"""The library: voices, projects and takes of one user, in one folder. The store's one entrance.

    with Library(default_root()) as library:
        voice = library.voices.create("Anna", [NewSample(path, "What she says.")]).value
        library.voices.rename(voice.id, "Bea")
        library.undo()

Any thread may call; see `database` for which may wait. In the user interface:

    library.forbid_waiting()                                   # once, on the GUI thread
    library.submit(library.voices.rename, voice_id, "Bea")     # -> Future[Outcome[Voice]]
    library.subscribe(listener)                                # listener(ChangeSet), store's thread
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, TypeVar

from ditar_studio.errors import StudioError
from ditar_studio.store import files, privacy
from ditar_studio.store.backup import Backups
from ditar_studio.store.bin import Bin, time_of_bin
from ditar_studio.store.blocks import Blocks
from ditar_studio.store.changes import ChangeSet
from ditar_studio.store.database import Database, Listener, serial
from ditar_studio.store.files import default_root
from ditar_studio.store.lines import Lines
from ditar_studio.store.lock import Lock
from ditar_studio.store.opening import EMPTIED, prepare
from ditar_studio.store.projects import Projects
from ditar_studio.store.recordings import Recordings
from ditar_studio.store.recovery import Recovery
from ditar_studio.store.takes import Takes
from ditar_studio.store.unfinished import Unfinished
from ditar_studio.store.versions import Versions
from ditar_studio.store.voices import Voices

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


DATABASE = "library.db"
COVERS = "covers"
"""Folder of the pictures of books, by the ids of their projects."""


class Library:
    """One user's library under `root`: `library.db` and folders of audio files.

    Args:
        root: the folder; created when missing. None for `default_root()`.
        clock: seconds since 1970; given by tests.
        expected: whether it was there before: on a drive that has vanished it is not made anew.

    Attributes:
        damaged: what to report to the user, if the database was not as it was left; else None.

    Raises:
        StudioError: it cannot be opened, or another DiTAR Studio has it open.
    """

    def __init__(
        self,
        root: Path | None = None,
        clock: Callable[[], float] = time.time,
        *,
        expected: bool = False,
    ) -> None:
        self.root = default_root() if root is None else root
        lock = self.root / "library.lock"
        if expected and not lock.exists():
            raise StudioError(
                f"The library is not at {self.root} any more.",
                "Connect the drive that it is on and try again, or use another folder for the "
                "library.",
            )
        self._lock = Lock(lock)
        with contextlib.ExitStack() as ends:
            ends.callback(self._lock.release)
            privacy.tighten(self.root)
            backups, path = Backups(self.root, clock), self.root / DATABASE
            self.damaged = prepare(path, backups)
            self.database = Database(path, backups, clock)
            ends.callback(self.database.close)
            self.voices = Voices(self.database, self.root)
            self.lines = Lines(self.database)
            self.projects = Projects(self.database, self.lines)
            self.blocks = Blocks(self.database, self.lines)
            self.versions = Versions(self.database, self.projects, self.lines)
            self.takes = Takes(self.database, self.root, self.lines)
            self.recordings = Recordings(self.database, self.root)
            self.recovery = Recovery(self.database, self.root)
            self.bin = Bin(self.database, self.root)
            self.unfinished = Unfinished(self.root)
            self.submit(self._clean)
            if self.damaged is None:  # else it may know as deleted what was brought back since
                self.bin.purge(now=time_of_bin(lock, clock()))
            if self.damaged is None and self._blank() and self.recovery.find():
                self.damaged = EMPTIED
            self.submit(_logged, self.database.back_up)
            self._ends = ends.pop_all()

    @serial
    def _blank(self) -> bool:
        return self.database.is_blank()

    def _clean(self) -> None:
        """Remove the traces of files that were being written when an earlier run was killed."""
        self.unfinished.clean()
        for folder in (self.root, *(path for path in self.root.iterdir() if path.is_dir())):
            files.remove_partials(folder)

    def close(self) -> None:
        """Finish what is queued and close; the thread has ended when this returns."""
        with self._ends:
            self.submit(_logged, self.database.seal_and_back_up).result()

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @serial
    def keep_cover(self, project_id: str, picture: bytes) -> str:
        """Keep the cover of a project's book; return the path of its file.

        Args:
            picture: JPEG or PNG.

        Raises:
            StudioError: it can't be written.
        """
        suffix = ".png" if picture.startswith(b"\x89PNG") else ".jpg"
        path = self.root / COVERS / f"{project_id}{suffix}"
        with files.replacing(path, private=True) as partial:
            partial.write_bytes(picture)
        return str(path)

    def submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Queue any of the library's operations; never waits."""
        return self.database.submit(work, *args, **kwargs)

    def forbid_waiting(self) -> None:
        """Make the calling thread one that may only `submit`."""
        self.database.forbid_waiting()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call a listener with each change, on the library's thread. Returns what ends it."""
        return self.database.subscribe(listener)

    @serial
    def check(self) -> str:
        """Return what SQLite says of the database: "ok", or what is wrong with it."""
        return "; ".join(str(row[0]) for row in self.database.rows("PRAGMA integrity_check"))

    def one_step(self, label: str) -> contextlib.AbstractContextManager[None]:
        """Have the operations within be one step of the undo; on the library's thread only."""
        return self.database.one_step(label)

    @serial
    def undo(self) -> ChangeSet:
        """Take the last undoable operation back."""
        return self.database.undo()

    @serial
    def revert(self, step_id: int) -> ChangeSet:
        """Take one operation (`ChangeSet.step`) back, whatever was done since.

        Raises:
            StudioError: it can't be, any more or without what was done since.
        """
        return self.database.revert(step_id)

    @serial
    def redo(self) -> ChangeSet:
        """Do the operation undone last again."""
        return self.database.redo()


def _logged(work: Callable[[], None]) -> None:
    """Do what nobody waits for and must not keep the library from opening or closing."""
    try:
        work()
    except StudioError as error:
        log.warning("%s", error)
