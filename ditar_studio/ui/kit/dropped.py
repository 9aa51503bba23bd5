"""Files that are dropped onto the window."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QDropEvent

from ditar_studio.ui.kit.translate import counted


def files_in(data: QMimeData) -> list[Path]:
    """Return the files, no folders, that are being dropped or pasted."""
    paths = (Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile())
    return [path for path in paths if path.is_file()]


def take_copies(event: QDropEvent) -> None:
    """Take dropped files as copies: the program that they come from keeps them."""
    event.setDropAction(Qt.DropAction.CopyAction)
    event.accept()


def left_out(count: int) -> str:
    """Say how many files are not opened because another one is."""
    return counted(
        "{count} file is left out: one is opened at a time.",
        "{count} files are left out: one is opened at a time.",
        count,
    )
