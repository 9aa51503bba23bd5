"""Small rounded words: tags that filter, remarks that stand beside a name."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtWidgets import QLabel, QLayout, QLayoutItem, QPushButton, QSizePolicy, QWidget

from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.widgets.basics import label


def chip(text: str) -> QLabel:
    """Return a remark in a rounded frame."""
    result = label(text)
    result.setProperty("chip", "true")
    result.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    return result


class FlowLayout(QLayout):
    """Lays widgets in rows like words in a paragraph."""

    def __init__(self, parent: QWidget | None = None, spacing: int = Space.XS) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(spacing)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._arrange(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._arrange(rect, move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _arrange(self, rect: QRect, move: bool) -> int:
        x, y, height = rect.x(), rect.y(), 0
        for item in self._items:
            hint = item.sizeHint()
            if x + hint.width() > rect.right() + 1 and height:
                x, y, height = rect.x(), y + height + self.spacing(), 0
            if move:
                item.setGeometry(QRect(QPoint(x, y), hint))
            x += hint.width() + self.spacing()
            height = max(height, hint.height())
        return y + height - rect.y()


class TagChips(QWidget):
    """Tags to filter by; any number may be on.

    Signals:
        changed: the tags that are on.
    """

    changed = Signal(frozenset)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._flow = FlowLayout(self)
        self._buttons: dict[str, QPushButton] = {}

    @property
    def chosen(self) -> frozenset[str]:
        """The tags that are on."""
        return frozenset(tag for tag, button in self._buttons.items() if button.isChecked())

    def set_tags(self, tags: Iterable[str]) -> None:
        """Show `tags`; those that were on and still exist stay on."""
        wanted = list(dict.fromkeys(tags))
        if wanted == list(self._buttons):
            return
        before = self.chosen
        while self._flow.takeAt(0) is not None:
            pass
        for button in self._buttons.values():
            button.deleteLater()
        self._buttons = {}
        for tag in wanted:
            button = QPushButton(tag)
            button.setProperty("chip", "true")
            button.setCheckable(True)
            button.setChecked(tag in before)
            button.setAutoDefault(False)
            button.toggled.connect(lambda _on: self.changed.emit(self.chosen))
            self._buttons[tag] = button
            self._flow.addWidget(button)
        self.setVisible(bool(wanted))
        if before != self.chosen:
            self.changed.emit(self.chosen)
