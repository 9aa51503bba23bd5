"""A command's output file: it grows beside its place, and takes its own name when whole.

So a file of that name is always whole, one that was there before stays until then, and what was
made is on the disk at any moment, whatever ends the command.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from ditar_studio.errors import StudioError
from ditar_studio.services import files

_LONGEST_STEM = 50


class Output:
    """A sound file that a command is to write.

    Args:
        path: of the finished file.
        inputs: what the command reads; none of it is ever written over.
        force: whether another file that lies there is replaced.
        growing: name of the file that grows, of which nobody needs what is left over; None
            chooses a free one.
        before_end: gets the file that grew, before it takes its own name.
        suffixes: endings of the names that it may have.

    Raises:
        StudioError: it can't be written there, or would replace something.
    """

    def __init__(
        self,
        path: Path,
        inputs: Inputs,
        force: bool = False,
        growing: str | None = None,
        before_end: Callable[[Path], None] = lambda grown: None,
        suffixes: Collection[str] = (".wav",),
    ) -> None:
        _check(path, suffixes)
        refuse_input(path, inputs)
        if os.path.lexists(path) and not path.is_file() and not path.is_symlink():
            raise StudioError(f"“{path}” is not an ordinary file.", "Name another file to write.")
        if os.path.lexists(path) and not force:
            raise StudioError(
                f"There is a file “{path}” already.", "Name another, or replace it with --force."
            )
        self.path = path
        self.force = force
        self._name = growing
        self._before_end = before_end

    def begin(self) -> Path:
        """Make the file that grows, empty, and return its path.

        Raises:
            StudioError: it can't be made.
        """
        for name in self._names():
            growing = self.path.with_name(name)
            try:
                os.close(os.open(growing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
                return growing
            except FileExistsError:
                continue
            except OSError as error:
                raise StudioError(
                    f"Nothing can be written beside “{self.path}”: {error.strerror}.",
                    "Choose another folder.",
                ) from error
        raise AssertionError("the names never end")

    def finish(self, growing: Path) -> None:
        """Give the file that grew its name.

        Raises:
            StudioError: another file has taken it; what grew stays.
        """
        try:
            files.sound_to_disk(growing)
            self._before_end(growing)
            if self.force:
                os.replace(growing, self.path)
            else:
                files.move_to_free_place(growing, self.path)
        except OSError as error:
            raise StudioError(
                f"“{growing}” is whole, but can't be called “{self.path.name}”: "
                f"{error.strerror or error}.",
                "Rename it yourself.",
            ) from error

    def _names(self) -> Iterator[str]:
        if self._name is not None:
            with contextlib.suppress(OSError):
                self.path.with_name(self._name).unlink()
            yield self._name
        stem = self.path.stem[:_LONGEST_STEM]
        yield f"{stem}~growing.wav"
        for number in itertools.count(2):
            yield f"{stem}~growing-{number}.wav"


class Inputs:
    """Files that a command reads, known by whatever name: through links, and where disks know no
    case.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        unique = set(paths)
        self._files = {number for path in unique if (number := _number(path)) is not None}
        self._names = {_spelled(path) for path in unique}

    def __contains__(self, path: Path) -> bool:
        return _number(path) in self._files or _spelled(path) in self._names


def refuse_input(path: Path, inputs: Inputs) -> None:
    """Refuse to write a file that is read.

    Raises:
        StudioError: `path` is one of `inputs`.
    """
    if path in inputs:
        raise StudioError(
            f"“{path}” is read by this command, and would be written over.",
            "Name another file to write.",
        )


def free_place(path: Path) -> Path:
    """Return the path itself, or with a number behind its name, where there is nothing."""
    names = itertools.chain(
        [path.name], (f"{path.stem}-{n}{path.suffix}" for n in itertools.count(2))
    )
    return next(place for name in names if not os.path.lexists(place := path.with_name(name)))


def _number(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _spelled(path: Path) -> str:
    return unicodedata.normalize("NFC", os.path.realpath(path)).casefold()


def _check(path: Path, suffixes: Collection[str]) -> None:
    """Refuse what could not be written, before any work is done."""
    try:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            path.stat()
    except (OSError, ValueError) as error:
        raise StudioError(
            f"“{path.name[:40]}” can't be a file's name here.", "Choose a shorter, simpler one."
        ) from error
    if path.is_dir():
        raise StudioError(f"“{path}” is a folder.", "Name the file to write.")
    if path.suffix.lower() not in suffixes:
        raise StudioError(
            f"“{path.name}” is not the name of a sound file that can be written.",
            f"Let it end in {' or '.join(suffixes)}.",
        )
    if not path.parent.is_dir():
        raise StudioError(f"There is no folder “{path.parent}”.", "Make it first.")
