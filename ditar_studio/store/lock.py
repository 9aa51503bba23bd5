"""One writer at a time: a lock on a file that the system gives back when its holder dies."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from ditar_studio.errors import StudioError
from ditar_studio.store import privacy


class Lock:
    """Holds `path` locked until `release`, or until the process ends in whatever way.

    Raises:
        StudioError: somebody else holds it, or the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        try:
            if not path.parent.is_dir():
                privacy.make_folder(path.parent)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except (OSError, ValueError) as error:
            raise _refused(path, error) from error
        try:
            _lock(self._descriptor)
        except (BlockingIOError, PermissionError) as error:
            os.close(self._descriptor)
            raise StudioError(
                "This library is open in another DiTAR Studio.",
                "Go on there, or close it first.",
            ) from error
        except OSError as error:
            os.close(self._descriptor)
            raise _refused(path, error) from error

    def release(self) -> None:
        """Let other processes have the lock."""
        os.close(self._descriptor)


@contextlib.contextmanager
def exclusive(folder: Path, error: StudioError) -> Iterator[None]:
    """Work in a folder alone; `error` is raised if another process works in it.

    Where the file system knows no locks, nothing is held.
    """
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            _lock(descriptor)
        except (BlockingIOError, PermissionError) as refused:
            raise error from refused
        except OSError:
            pass
        yield
    finally:
        os.close(descriptor)


def _refused(path: Path, error: OSError | ValueError) -> StudioError:
    return StudioError(
        f"The library at {path.parent} could not be opened: "
        f"{getattr(error, 'strerror', None) or error}.",
        "Check that the folder may be written to, or use another for the library.",
    )


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
