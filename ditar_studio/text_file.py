"""Reading text files that the user names: what is no file of sensible size is refused, not awaited.

A pipe that nobody writes into would be waited for, and a device read, for ever.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

LARGEST = 16 << 20
"""Bytes, unless more is allowed."""


def read_bytes(path: Path, largest: int = LARGEST) -> bytes:
    """Read the content of an ordinary file.

    Raises:
        OSError: it can't be read, is no ordinary file, or is larger than `largest` bytes.
        ValueError: no file can have this name.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not an ordinary file")
        content = file.read(largest + 1)
    if len(content) > largest:
        raise OSError(errno.EFBIG, f"it is larger than {largest >> 20} MB")
    return content


def read_text(path: Path, largest: int = LARGEST) -> str:
    """Read the text of an ordinary file in UTF-8, with line ends made one.

    Raises:
        OSError, ValueError: as `read_bytes`, or it is not UTF-8.
    """
    text = read_bytes(path, largest).decode("utf-8-sig")
    return text.replace("\r\n", "\n").replace("\r", "\n")
