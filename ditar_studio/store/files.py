"""Files under the library's root; a crash while one is written leaves the old one or the new."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from ditar_studio.errors import StudioError
from ditar_studio.store import privacy

_PARTIAL = re.compile(r"\.[0-9a-f]{16}\.partial(\.[\w-]+)?")

HOME_VARIABLE = "DITAR_STUDIO_HOME"


def default_root() -> Path:
    """Return the library's folder: `DITAR_STUDIO_HOME` when set, else the platform's user data."""
    chosen = os.environ.get(HOME_VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("ditar-studio", False))


def new_id() -> str:
    """Return a new identifier, unique over libraries."""
    return secrets.token_hex(12)


def sha256(path: Path) -> str:
    """Return the file's SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def audio_seconds(path: Path) -> float:
    """Return the length of an audio file in seconds; 0 for one that holds no readable
    audio (yet).
    """
    import soundfile  # with numpy, half of the time that opening a library takes

    try:
        return float(soundfile.info(str(path)).duration)
    except (soundfile.LibsndfileError, OSError):
        return 0.0


def make_private(path: Path) -> None:
    """Make an empty file in the library that will grow, and the folder for it.

    Raises:
        StudioError: the disk is full, or the folder cannot be written to.
    """
    with _disk_errors_explained(path):
        privacy.make_folder(path.parent)
        privacy.make_file(path)


@contextlib.contextmanager
def replacing(path: Path, *, private: bool = False, overwrite: bool = True) -> Iterator[Path]:
    """Write a file whole or not at all: yields a path beside it that replaces it on success.

    Args:
        private: nobody but the user may read it.
        overwrite: whether a file that is there already is replaced.

    Raises:
        StudioError: the disk is full, the folder cannot be written to or is missing; there is such
            a file and it is not to be replaced.
    """
    partial = path.with_name(f".{secrets.token_hex(8)}.partial{path.suffix}")
    if not overwrite and os.path.lexists(path):
        raise _is_there(path)
    with _disk_errors_explained(path):
        try:
            if private:
                privacy.make_folder(path.parent)
                privacy.make_file(partial)
            path.parent.mkdir(parents=True, exist_ok=True)
            yield partial
            _to_disk(partial)
            if overwrite:
                os.replace(partial, path)
            else:
                _move(partial, path)
        finally:
            partial.unlink(missing_ok=True)


def move_to_free_place(source: Path, target: Path) -> None:
    """Give a file another name in its folder.

    Raises:
        FileExistsError: there is a file of that name.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # no hard links on this disk
        if os.path.lexists(target):
            raise FileExistsError(f"there is a file {target.name} by now") from None
        os.rename(source, target)
    else:
        os.unlink(source)


def _move(source: Path, target: Path) -> None:
    try:
        move_to_free_place(source, target)
    except FileExistsError as error:
        raise _is_there(target) from error


def _is_there(path: Path) -> StudioError:
    return StudioError(f"There is a file “{path}” already.", "Choose another name, or replace it.")


@contextlib.contextmanager
def _disk_errors_explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StudioError(
            f"{path.name} could not be written: {error.strerror or error}.",
            "Check the free space on the disk and the rights to the folder, or choose another.",
        ) from error


def remove_partials(folder: Path) -> None:
    """Remove what `replacing` left in a folder when it was killed."""
    with contextlib.suppress(OSError):
        for path in folder.glob(".*.partial*"):
            if _PARTIAL.fullmatch(path.name):
                path.unlink(missing_ok=True)


def copy_in(source: Path, target: Path) -> None:
    """Copy a file into the library, whole or not at all."""
    if not source.is_file():
        raise StudioError(f"{source.name} is not there.", "Choose a file that exists.")
    with replacing(target, private=True) as partial:
        shutil.copyfile(source, partial)


def sound_to_disk(path: Path) -> None:
    """Have the system put a sound that has grown on the disk; StudioError when there is none."""
    if not path.is_file() or not path.stat().st_size:
        raise StudioError(f"{path.name} is not there.", "Check whether it was moved or deleted.")
    _to_disk(path)


def _to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
