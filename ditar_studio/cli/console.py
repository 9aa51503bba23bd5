"""What commands say, to whom: people read the error stream, programs the output stream."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

_WIDTH = 24


class Console:
    """Talks about one command's work.

    Args:
        as_json: results are one JSON object on the output stream, nothing else goes there.
        quiet: no progress.
    """

    def __init__(self, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json = as_json
        self._line = not quiet and sys.stderr.isatty()
        self._quiet = quiet
        self._drawn = 0.0
        self._shown = False

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Console:
        """The console that a command's options ask for."""
        return cls(getattr(arguments, "json", False), getattr(arguments, "quiet", False))

    def say(self, text: str) -> None:
        """A line for people."""
        if not self._quiet:
            self._wipe()
            print(text, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def warn(self, message: str, remedy: str = "") -> None:
        """A line that matters, on the error stream."""
        self._wipe()
        print(f"Note: {message} {remedy}".rstrip(), file=sys.stderr, flush=True)

    def progress(self, fraction: float, text: str) -> None:
        """A bar that is drawn over itself; nothing where the error stream is not a terminal."""
        now = time.monotonic()
        if self._line and (now - self._drawn > 0.05 or fraction >= 1):
            self._drawn, self._shown = now, True
            filled = round(_WIDTH * fraction)
            bar = "█" * filled + "░" * (_WIDTH - filled)
            print(f"\r\x1b[K{bar} {fraction:4.0%}  {text}", end="", file=sys.stderr, flush=True)

    def result(self, values: dict[str, Any], text: str) -> None:
        """A command's result: the object for programs, or the text for people."""
        self._wipe()
        if self.as_json:
            print(json.dumps(values, ensure_ascii=False), flush=True)
        elif not self._quiet:
            print(text, flush=True)

    def _wipe(self) -> None:
        if self._shown:
            self._shown = False
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
