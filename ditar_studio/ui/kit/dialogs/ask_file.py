"""Asking for a file without waiting for the answer.

A screen reader that asks for the action waits until the action has ended: a dialog that blocks
would leave its user with a silent program.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget


def ask_for_file(parent: QWidget, title: str, kinds: str, chosen: Callable[[Path], object]) -> None:
    """Opens a dialog for a file that exists.

    Args:
        kinds: as `QFileDialog` has its filters.
        chosen: gets the file, unless the dialog is cancelled.
    """
    dialog = QFileDialog(parent, title, "", kinds)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(lambda path: chosen(Path(path)))
    dialog.open()
