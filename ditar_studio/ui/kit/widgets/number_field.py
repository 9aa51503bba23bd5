"""A field for a number, as wide as what can stand in it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QDoubleSpinBox

_AROUND = 22
"""Pixels of frame and margins."""


class NumberField(QDoubleSpinBox):
    """A field without arrows, in whatever size the text is; it leaves the wheel to what it is in.

    Args:
        sample: the longest text that is to be seen whole, its suffix left out.
    """

    def __init__(self, sample: str) -> None:
        super().__init__()
        self._sample = sample
        self.setProperty("bare", "true")
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setKeyboardTracking(False)

    def setSuffix(self, suffix: str) -> None:
        super().setSuffix(suffix)
        self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Polish:
            handled = super().event(event)
            self._fit()
            return handled
        return super().event(event)

    def _fit(self) -> None:
        margins = self.lineEdit().textMargins()
        text = self._sample + self.suffix()
        width = self.fontMetrics().horizontalAdvance(text) + margins.left() + margins.right()
        self.setFixedWidth(width + _AROUND)
