"""Folders outside the library in which files are being written, so that a crash leaves none
there.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ditar_studio.store import files, privacy

NAME = "unfinished.json"


class Unfinished:
    """Remembers folders while `files.replacing` works in them. Any thread may call.

    Args:
        root: the library's folder.
    """

    def __init__(self, root: Path) -> None:
        self._path = root / NAME
        self._lock = threading.Lock()
        self._folders: Counter[str] = Counter()
        self._left = self._read()

    @contextlib.contextmanager
    def work_in(self, folder: Path) -> Iterator[None]:
        """Note while this lasts that `folder` is one in which a crash would leave something."""
        name = str(folder.absolute())
        self._count(name, 1)
        try:
            yield
        finally:
            self._count(name, -1)

    def clean(self) -> None:
        """Remove what earlier runs left in the folders remembered, but for those now worked in."""
        with self._lock:
            for folder in self._left:
                if not self._folders[folder]:
                    files.remove_partials(Path(folder))
            self._left = []
            self._write()

    def _count(self, name: str, step: int) -> None:
        with self._lock:
            self._folders[name] += step
            self._write()

    def _read(self) -> list[str]:
        try:
            left = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return []
        return [str(folder) for folder in left] if isinstance(left, list) else []

    def _write(self) -> None:
        busy = sorted({*self._left, *(name for name, count in self._folders.items() if count)})
        with contextlib.suppress(OSError):  # an export matters more than its traces
            if busy:
                privacy.make_file(self._path)
                self._path.write_text(json.dumps(busy), "utf-8")
            else:
                self._path.unlink(missing_ok=True)
