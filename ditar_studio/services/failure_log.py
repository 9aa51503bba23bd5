"""The log of the command line: what failed and why, beside the studio's own log.

The file is made when there is something to write. Several commands may write into it at once.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path

from ditar_studio.services.quiet_log import QuietLog
from ditar_studio.store import privacy
from ditar_studio.store.files import default_root

NAME = "commands.log"
_BYTES, _KEPT = 1_000_000, 2


@contextlib.contextmanager
def keep_failures() -> Iterator[None]:
    """Have warnings and errors of all packages written to the log while this lasts."""
    handler = _Handler(default_root() / "logs" / NAME)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()


def kept_logs() -> list[Path]:
    """Return the log and what was moved out of it, as far as there are any."""
    return sorted((default_root() / "logs").glob(f"{NAME}*"))


class _Handler(QuietLog):
    def __init__(self, path: Path) -> None:
        super().__init__(
            path,
            maxBytes=_BYTES,
            backupCount=_KEPT,
            encoding="utf-8",
            delay=True,
            errors="backslashreplace",
        )
        self.setLevel(logging.WARNING)
        form = "%(asctime)s %(levelname)s %(name)s [%(process)d] %(message)s"
        self.setFormatter(logging.Formatter(form))

    def _open(self) -> TextIOWrapper:
        folder = Path(self.baseFilename).parent
        for each in (folder.parent, folder):
            if not each.is_dir():
                privacy.make_folder(each)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        descriptor = os.open(self.baseFilename, flags, 0o600)
        return open(descriptor, "a", encoding=self.encoding, errors=self.errors)
