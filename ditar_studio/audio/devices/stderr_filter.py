"""Keeps what the sound libraries print to standard error out of the terminal, and bounded.

ALSA and PortAudio write straight to file descriptor 2, where Python can't stop them. Mostly that
is harmless noise, but PortAudio's ALSA part has an endless loop that prints without a pause when
a device fails at a bad moment (its issue 1037): it would fill a disk through any log, and keep a
processor core busy. Reading slowly from a pipe holds such a loop back, because a full pipe makes
its writer wait.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import TextIO

_CHUNK = 1 << 16
_FLOOD_BYTES = 1 << 17
_FLOOD_PAUSE_SECONDS = 1.0
_REPEATS = 3
_SEEN_LINES = 200


class StderrFilter:
    """Catches file descriptor 2 from `start` to `stop`; Python's own `sys.stderr` is left alone.

    Args:
        log: gets each line, on a thread of its own; the same line a few times at most.
    """

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._before: TextIO | None = None
        self._own: TextIO | None = None
        self._saved = -1
        self._reader = -1
        self._seen: dict[str, int] = {}

    def start(self) -> None:
        """Begin to catch. Does nothing where the process has no standard error."""
        try:
            self._saved = os.dup(2)
        except OSError:
            return
        self._reader, writer = os.pipe()
        os.dup2(writer, 2)
        os.close(writer)
        self._before = sys.stderr
        if self._before is not None and _descriptor(self._before) == 2:
            self._own = os.fdopen(os.dup(self._saved), "w", buffering=1, errors="backslashreplace")
            sys.stderr = self._own
        self._thread = threading.Thread(target=self._read, name="stderr-filter", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Put standard error back and end the thread."""
        if self._thread is None:
            return
        self._stop.set()
        os.dup2(self._saved, 2)  # the last writing end of the pipe goes with it, so the reader ends
        os.close(self._saved)
        self._thread.join(2.0)
        self._thread = None
        if self._own is not None:
            if sys.stderr is self._own:
                sys.stderr = self._before
            self._own.close()

    def _read(self) -> None:
        rest = b""
        recent, since = 0, time.monotonic()
        while chunk := os.read(self._reader, _CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._pass_on(line.decode(errors="replace").strip())
            rest = rest[-_CHUNK:]
            now = time.monotonic()
            if now - since > _FLOOD_PAUSE_SECONDS:
                recent, since = 0, now
            recent += len(chunk)
            if recent > _FLOOD_BYTES:
                self._stop.wait(_FLOOD_PAUSE_SECONDS)
                recent, since = recent // 2, time.monotonic()
        os.close(self._reader)

    def _pass_on(self, line: str) -> None:
        if not line:
            return
        if len(self._seen) > _SEEN_LINES:
            self._seen.clear()
        count = self._seen[line] = self._seen.get(line, 0) + 1
        with contextlib.suppress(Exception):  # a log that fails must not stop the reading
            if count <= _REPEATS:
                self._log(line)
            if count == _REPEATS:
                self._log("(the line above is not repeated further)")


def _descriptor(stream: TextIO) -> int:
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return -1
