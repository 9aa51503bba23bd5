"""Privacy of files: folders 0700, files 0600, whatever the umask.

On Windows a user's own folders are private already, and these modes change nothing there.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

_FOLDER, _FILE = 0o700, 0o600
_OWN_FOLDERS = frozenset({"voices", "takes", "recordings", "logs", "backups"})
_OWN_FILES = re.compile(r"library\..+|unfinished\.json|\..+\.partial.*")


def make_folder(path: Path) -> None:
    """Make a folder private, and first of all make it."""
    path.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
    _restrict(path, _FOLDER)


def make_file(path: Path) -> None:
    """Make a file private, and an empty one where there is none: who then writes keeps the mode."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, _FILE))
    _restrict(path, _FILE)


def tighten(root: Path) -> None:
    """Make what an earlier version left readable private.

    A library may lie in a folder with other things in it: these are left as they are, and so is
    the folder itself then.
    """
    with contextlib.suppress(OSError):
        entries = list(os.scandir(root))
        if all(_is_own(entry.name) or entry.name == "models" for entry in entries):
            _restrict(root, _FOLDER)
        for entry in entries:
            if not _is_own(entry.name):
                continue
            if entry.is_file(follow_symlinks=False):
                _restrict(Path(entry), _FILE)
            elif entry.is_dir():
                _restrict(Path(entry), _FOLDER)
                for inside in os.scandir(entry):
                    if inside.is_file(follow_symlinks=False):
                        _restrict(Path(inside), _FILE)


def _is_own(name: str) -> bool:
    return name in _OWN_FOLDERS or _OWN_FILES.fullmatch(name) is not None


def _restrict(path: Path, mode: int) -> None:
    with contextlib.suppress(OSError):  # another owner, or a file system without modes
        if path.stat().st_mode & 0o777 != mode:
            path.chmod(mode)
