"""A button that says as much as there is room for."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPushButton, QStyle, QStyleOptionButton


class FittingButton(QPushButton):
    """Shows the longest of several texts that fits.

    Args:
        texts: from the longest to the shortest, which may be empty where there is an icon; the
            longest is its accessible name.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        super().__init__()
        self.setAutoDefault(False)
        self._texts: tuple[str, ...] = ()
        self.set_texts(texts)

    def set_texts(self, texts: Sequence[str]) -> None:
        """Have other texts."""
        if tuple(texts) != self._texts:
            self._texts = tuple(texts)
            self.setAccessibleName(texts[0])
            self._fit()
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        return self._size_of(self._texts[0])

    def minimumSizeHint(self) -> QSize:
        return self._size_of(self._texts[-1])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def _fit(self) -> None:
        if not self.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
            self.setText(self._texts[0])  # nobody sees it, and it will be resized
            return
        fitting = (text for text in self._texts if self._size_of(text).width() <= self.width())
        chosen = next(fitting, self._texts[-1])
        if chosen != self.text():
            self.setText(chosen)

    def _size_of(self, text: str) -> QSize:
        self.ensurePolished()
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = text
        metrics = self.fontMetrics()
        width = metrics.horizontalAdvance(text)
        if not self.icon().isNull():
            width += self.iconSize().width() + (4 if text else 0)
        if self.menu() is not None:
            width += self.style().pixelMetric(QStyle.PixelMetric.PM_MenuButtonIndicator, option)
        height = max(metrics.height(), self.iconSize().height() if not self.icon().isNull() else 0)
        return self.style().sizeFromContents(
            QStyle.ContentsType.CT_PushButton, option, QSize(width, height), self
        )
