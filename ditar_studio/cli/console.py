"""Output of commands: for people on the error stream, for programs on the output stream."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from typing import Any

from ditar_studio.cli import streams

log = logging.getLogger(__name__)

RED, YELLOW = "31", "33"

_WIDTH = 24


class Console:
    """Talks about one command's work.

    Args:
        as_json: results are one JSON object on the output stream, nothing else goes there.
        quiet: whether progress is left out.
        output_taken: whether the output stream is used for something else; what is for people then
            goes to the error stream.
    """

    def __init__(
        self, as_json: bool = False, quiet: bool = False, output_taken: bool = False
    ) -> None:
        self.as_json = as_json
        self._output_taken = output_taken
        self._line = not quiet and sys.stderr.isatty()
        self._quiet = quiet
        self._drawn = 0.0
        self._shown = False

    @classmethod
    def of(cls, arguments: argparse.Namespace, output_taken: bool = False) -> Console:
        """Return the console that a command's options ask for."""
        as_json, quiet = (getattr(arguments, name, False) for name in ("json", "quiet"))
        return cls(as_json, quiet, output_taken)

    def say(self, text: str) -> None:
        """Print a line for people."""
        if not self._quiet:
            self._wipe()
            if self.as_json or self._output_taken:
                streams.print_error(one_line(text))
            else:
                streams.deliver(one_line(text))

    def note(self, text: str) -> None:
        """Print a line about work that begins, on the error stream."""
        if not self._quiet:
            self._wipe()
            streams.print_error(one_line(text))

    def warn(self, message: str, remedy: str = "", cause: BaseException | None = None) -> None:
        """Print a line that matters on the error stream, and log it with its cause."""
        text = f"{message} {remedy}".rstrip()
        log.warning("%s", text, exc_info=cause)
        self._wipe()
        streams.print_error(f"{coloured('Note:', YELLOW)} {one_line(text)}")

    def progress(self, fraction: float, text: str) -> None:
        """Draw a bar over itself; nothing where the error stream is not a terminal."""
        now = time.monotonic()
        if self._line and (now - self._drawn > 0.05 or fraction >= 1):
            self._drawn, self._shown = now, True
            filled = round(_WIDTH * fraction)
            bar = "█" * filled + "░" * (_WIDTH - filled)
            streams.print_error(f"\r\x1b[K{bar} {fraction:4.0%}  {printable(text)}", end="")

    def result(self, values: dict[str, Any], text: str) -> None:
        """Print a command's result: the object for programs, or the text for people."""
        self._wipe()
        if self.as_json:
            streams.deliver(json.dumps(values))
        elif self._output_taken:
            self.note(text)
        elif not self._quiet:
            streams.deliver(printable(text))

    def _wipe(self) -> None:
        if self._shown:
            self._shown = False
            streams.print_error("\r\x1b[K", end="")


def coloured(text: str, colour: str) -> str:
    """Colour text for the error stream, where that is a terminal and people want colours.

    They don't where NO_COLOR is set (see no-color.org), or TERM says that there are none.
    """
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return f"\x1b[{colour}m{text}\x1b[0m" if wanted and sys.stderr.isatty() else text


def one_line(text: str, longest: int = 600) -> str:
    """Return the text as one printable line; what is too long loses its middle."""
    text = " ".join(text.split())
    if len(text) > longest:
        text = f"{text[: longest // 2]} … {text[-longest // 2 :]}"
    return printable(text)


def printable(text: str) -> str:
    """Return the text without what would control a terminal, but for line feeds."""
    letters = (c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)
    return "".join(letters)
