"""Asking for a file or a folder without waiting for the answer.

A screen reader that asks for the action waits until the action has ended: a dialog that blocks
would leave its user with a silent program.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

Chosen = Callable[[Path], object]

_last_folder = Path()
"""Where something was chosen last; empty at first."""


def ask_for_file(parent: QWidget, title: str, kinds: str, chosen: Chosen) -> None:
    """Open a dialog for a file that exists.

    Args:
        kinds: as `QFileDialog` has its filters.
        chosen: gets the file, unless the dialog is cancelled.
    """
    dialog = QFileDialog(parent, title, str(_start()), kinds)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    _open(dialog, chosen)


def ask_where_to_save(parent: QWidget, title: str, name: str, kinds: str, chosen: Chosen) -> None:
    """Open a dialog for a file to be written; it asks before one that exists is replaced.

    Args:
        name: a proposal; its suffix is given to a name without one.
        kinds, chosen: as for `ask_for_file`.
    """
    dialog = QFileDialog(parent, title, str(_start()), kinds)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(Path(name).suffix.removeprefix("."))
    dialog.selectFile(name)
    _open(dialog, chosen)


def ask_for_folder(parent: QWidget, title: str, chosen: Chosen, shown: str = "") -> None:
    """Open a dialog for a folder.

    Args:
        chosen: gets the folder, unless the dialog is cancelled.
        shown: the folder that is shown first; the usual one if it is empty or not there.
    """
    there = bool(shown) and Path(shown).is_dir()
    dialog = QFileDialog(parent, title, shown if there else str(_start()))
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    _open(dialog, chosen)


def _start() -> Path:
    """Return the folder that dialogs show first; never the one that the program was started in."""
    return _last_folder if _last_folder != Path() and _last_folder.is_dir() else Path.home()


def _open(dialog: QFileDialog, chosen: Chosen) -> None:
    def take(name: str) -> None:
        global _last_folder
        path = Path(name)
        _last_folder = path if path.is_dir() else path.parent
        chosen(path)

    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(take)
    dialog.open()
