"""The library: voices, projects and takes of one user, in one folder. The store's one face.

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

import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, TypeVar

from ditar_studio.store import files
from ditar_studio.store.backup import NAME, DamagedError, go_back
from ditar_studio.store.changes import ChangeSet
from ditar_studio.store.database import Database, Listener, serial
from ditar_studio.store.files import default_root
from ditar_studio.store.lock import Lock
from ditar_studio.store.projects import Projects
from ditar_studio.store.recordings import Recordings
from ditar_studio.store.recovery import Recovery
from ditar_studio.store.takes import Takes
from ditar_studio.store.trash import Trash
from ditar_studio.store.unfinished import Unfinished
from ditar_studio.store.voices import Voices

P = ParamSpec("P")
T = TypeVar("T")


class Library:
    """One user's library under `root`: `library.db` and folders of audio files.

    Args:
        root: the folder; created when missing. None for `default_root()`.
        clock: seconds since 1970; given by tests.

    Attributes:
        damaged: where a damaged database was put when the backup had to take its place, else None.

    Raises:
        StudioError: it cannot be opened, or another DiTAR Studio has it open.
    """

    def __init__(self, root: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self.root = default_root() if root is None else root
        self._lock = Lock(self.root / "library.lock")
        try:
            self.damaged, self.database = _opened(self.root / "library.db", clock)
        except BaseException:
            self._lock.release()
            raise
        self.voices = Voices(self.database, self.root)
        self.projects = Projects(self.database)
        self.takes = Takes(self.database, self.root)
        self.recordings = Recordings(self.database, self.root)
        self.recovery = Recovery(self.database, self.root)
        self.trash = Trash(self.database, self.root)
        self.unfinished = Unfinished(self.root)
        self.submit(self._clean)
        self.trash.purge()
        self.submit(self.database.back_up, self.root / NAME)

    def _clean(self) -> None:
        """Remove the traces of files that were being written when an earlier run was killed."""
        self.unfinished.clean()
        for folder in (self.root, *(path for path in self.root.iterdir() if path.is_dir())):
            files.remove_partials(folder)

    def close(self) -> None:
        """Finish what is queued and close; the thread has ended when this returns."""
        self.database.close()
        self._lock.release()

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Queue any of the library's operations; never waits."""
        return self.database.submit(work, *args, **kwargs)

    def forbid_waiting(self) -> None:
        """Make the calling thread one that may only `submit`."""
        self.database.forbid_waiting()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Be told what each operation changed, on the library's thread. Returns what ends it."""
        return self.database.subscribe(listener)

    @serial
    def check(self) -> str:
        """What SQLite says of the database: "ok", or what is wrong with it."""
        return "; ".join(str(row[0]) for row in self.database.rows("PRAGMA integrity_check"))

    @serial
    def undo(self) -> ChangeSet:
        """Take the last undoable operation back."""
        return self.database.undo()

    @serial
    def redo(self) -> ChangeSet:
        """Do the operation undone last again."""
        return self.database.redo()


def _opened(path: Path, clock: Callable[[], float]) -> tuple[Path | None, Database]:
    """The database, if need be from its backup; then with the place of the damaged one."""
    try:
        return None, Database(path, clock)
    except DamagedError as damage:
        return go_back(path, damage), Database(path, clock)
