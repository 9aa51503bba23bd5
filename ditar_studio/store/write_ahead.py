"""A check of SQLite's write-ahead log for changes that SQLite will silently pass over.

A process that is killed leaves a log. SQLite takes the changes in it up to the first one that is
not whole: rightly where that is the last, which was being written; but where a bit has flipped, all
that was saved after it is lost without a word. The format: https://sqlite.org/fileformat2.html#walformat
"""

from __future__ import annotations

import struct
from pathlib import Path

_HEADER, _FRAME = 32, 24


def has_lost_changes(log: Path) -> bool:
    """Return whether a change that was saved can no longer be read."""
    if not log.exists():
        return False
    data = log.read_bytes()
    if len(data) < _HEADER:
        return False
    order = ">" if data[3] & 1 else "<"
    sums = _checksum(order, data[:24], (0, 0))
    if sums != struct.unpack(">2I", data[24:_HEADER]):
        return True
    length = _FRAME + struct.unpack(">I", data[8:12])[0]
    salts, readable = data[16:24], True
    for start in range(_HEADER, len(data) - length + 1, length):
        frame = data[start : start + length]
        if frame[8:16] != salts:  # left from before the log was begun anew, or damaged
            readable = False
            continue
        if readable:
            sums = _checksum(order, frame[_FRAME:], _checksum(order, frame[:8], sums))
            readable = sums == struct.unpack(">2I", frame[16:_FRAME])
        if not readable and frame[4:8] != bytes(4):  # the last page of a change
            return True
    return False


def _checksum(order: str, data: bytes, sums: tuple[int, int]) -> tuple[int, int]:
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for one, other in zip(words[::2], words[1::2], strict=True):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + other + first) & 0xFFFFFFFF
    return first, second
