"""A field to search in: a lens, a clear button, Down leads into the list."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QLineEdit

from ditar_studio.ui.kit import icons
from ditar_studio.ui.kit.translate import tr


class SearchField(QLineEdit):
    """A line edit that looks and behaves like a search.

    Signals:
        left_down: Down was pressed; the list of results may take the focus.
    """

    left_down = Signal()

    def __init__(self, placeholder: str) -> None:
        super().__init__()
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(placeholder.rstrip("…"))
        self.setClearButtonEnabled(True)
        self.setProperty("quiet", "true")
        for clear in self.findChildren(QAbstractButton):
            clear.setAccessibleName(tr("Clear the search"))
        self.addAction(icons.icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        for lens in self.findChildren(QAbstractButton):
            lens.setAccessibleName(lens.accessibleName() or self.accessibleName())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down:
            self.left_down.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)
