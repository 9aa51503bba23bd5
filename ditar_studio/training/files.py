"""The files that a step of a training leaves for the next ones, which never see a part of them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ditar_studio.errors import StudioError
from ditar_studio.store.lock import exclusive

VAE_FILE, READER_FILE = "vae.safetensors", "reader.safetensors"
SPEAKER_FILE = "speaker.safetensors"
MODEL_FILE = "model.safetensors"

_FOLDER = "unfinished"


@contextlib.contextmanager
def unfinished(out: Path, index: str) -> Iterator[Path]:
    """Make results in a folder inside `out` and move them into `out` when all are complete.

    What an interruption leaves in the folder is still there next time.

    Args:
        out: where the results go.
        index: the file without which nobody reads the others: an old one is removed first and the
            new one is moved last, so where it is, all files are of the same run.

    Raises:
        StudioError: the disk is full, `out` can't be written to, or another process does so.
    """
    folder = out / _FOLDER
    busy = StudioError(f"Another program is writing to {out}.", "Wait for it, or stop it.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive(out, busy):
            yield folder
            (out / index).unlink(missing_ok=True)
            for path in sorted(folder.iterdir(), key=lambda path: path.name == index):
                with path.open("rb+") as file:
                    os.fsync(file.fileno())
                path.replace(out / path.name)
            folder.rmdir()
    except OSError as error:
        raise StudioError(
            f"{out} could not be written: {error.strerror or error}.",
            "Check the free space on the disk and the rights to the folder, and run it again.",
        ) from error


def is_unfinished(out: Path) -> bool:
    """Return whether results in `out` were begun and not completed."""
    return (out / _FOLDER).is_dir()
