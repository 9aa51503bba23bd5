"""A switch: on or off, at once."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox

from ditar_studio.ui.kit import theme


class Toggle(QCheckBox):
    """A check box drawn as a switch, with its words to the right."""

    def sizeHint(self) -> QSize:
        width = self.fontMetrics().horizontalAdvance(self.text())
        height = max(26, self.fontMetrics().height()) if self.text() else 26
        return QSize(44 + (8 + width if self.text() else 0), height)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, _pos: object) -> bool:
        return True

    def paintEvent(self, _event: QPaintEvent) -> None:
        c = theme.current().colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        track = QRectF(3, middle - 10, 36, 20)
        on = self.isChecked()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(
            c.color("accent" if on else "border_strong", 1 if self.isEnabled() else 0.4)
        )
        painter.drawRoundedRect(track, 10, 10)
        painter.setBrush(c.color("on_accent" if on else "surface"))
        painter.drawEllipse(QPointF(track.right() - 10 if on else track.left() + 10, middle), 7, 7)
        if self.hasFocus():
            painter.setPen(QPen(c.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(track.adjusted(-2, -2, 2, 2), 12, 12)
        if self.text():
            painter.setPen(c.color("text" if self.isEnabled() else "faint"))
            painter.drawText(
                self.rect().adjusted(48, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text()
            )
