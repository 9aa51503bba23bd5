"""The standard streams as they are found: closed, of few letters, or with nobody who reads them."""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from ditar_studio.errors import StudioError
from ditar_studio.text_file import LARGEST

_PLAIN = {
    "“": '"',
    "”": '"',
    "’": "'",
    "…": "...",
    "–": "-",
    "✓": "+",
    "✗": "x",
    "█": "#",
    "░": ".",
    "→": "->",
}


def make_usable() -> None:
    """Open what is closed, and write letters that a stream lacks as others.

    A closed stream would leave its number to the next file that is opened, which then would take
    what is printed.
    """
    codecs.register_error("plain", _plain)
    for name, flags, mode in (
        ("stdin", os.O_RDONLY, "r"),
        ("stdout", os.O_WRONLY, "w"),
        ("stderr", os.O_WRONLY, "w"),
    ):
        stream = getattr(sys, name)
        if stream is None:
            descriptor = os.open(os.devnull, flags)
            setattr(sys, name, open(descriptor, mode, encoding="utf-8"))  # noqa: SIM115
        elif mode == "w" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="plain")


def print_error(text: str, end: str = "\n") -> None:
    """Write for people, on the error stream; where nobody reads, nothing happens."""
    try:
        print(text, end=end, file=sys.stderr, flush=True)
    except OSError:
        _discard_output(sys.stderr)


def deliver(text: str) -> None:
    """Write a result, on the output stream.

    Raises:
        BrokenPipeError: nobody reads it any more.
        StudioError: it can't be written.
    """
    with _explained():
        print(text, flush=True)


def deliver_bytes(data: bytes) -> None:
    """Write a part of a result that is no text, on the output stream.

    Raises:
        BrokenPipeError, StudioError: as `deliver`.
    """
    with _explained():
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def output_is_terminal() -> bool:
    """Return whether people would see what is written on the output stream."""
    return sys.stdout.isatty()


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        _discard_output(sys.stdout)
        if isinstance(error, BrokenPipeError) or error.errno == errno.EPIPE:
            raise
        raise StudioError(
            f"The output can't be written: {error.strerror or error}.", "Send it elsewhere."
        ) from error


def read_input() -> str:
    """Read all of the standard input, as UTF-8.

    Raises:
        OSError, ValueError: it can't be read, is too much, or is not UTF-8.
    """
    content = sys.stdin.buffer.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise OSError(errno.EFBIG, f"it is more than {LARGEST >> 20} MB")
    return content.decode("utf-8-sig")


def _discard_output(stream: TextIO) -> None:
    """Discard what is still to be written, so that the process ends without an error."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    plain = (_PLAIN.get(c) or c.encode("ascii", "backslashreplace").decode() for c in letters)
    return "".join(plain), error.end
