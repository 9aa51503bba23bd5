"""A level meter: RMS as a bar, peak as a line, and a clip light that stays lit until clicked."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.translate import tr

FLOOR = -60.0
_MARKS = (-48, -36, -24, -12, -6, 0)
_LIGHT = 12
_HEIGHT, _BAR = 34, 14
"""Heights at the usual text size: of the whole, and of the bar and the scale below it."""


class LevelMeterView(QWidget):
    """Shows levels in dBFS; a click starts or ends monitoring, one on the light puts it out.

    Signals:
        clicked: the bar was clicked, or Space pressed on it.
        clip_reset: the clip light was clicked while lit.
    """

    clicked = Signal()
    clip_reset = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self._rms = FLOOR
        self._peak = FLOOR
        self._held = FLOOR
        self._clipped = False
        self._live = False
        self._prompt = ""
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._describe()

    def set_levels(self, rms: float, peak: float, held: float, clipped: bool) -> None:
        """Show levels in dBFS: RMS, peak, held peak; `clipped` lights the clip light."""
        newly = clipped and not self._clipped
        self._rms, self._peak, self._held = rms, peak, held
        self._clipped = self._clipped or clipped
        self._live = True
        if newly:
            self._describe()
        self.update()

    def set_idle(self, prompt: str = "") -> None:
        """Empty the meter and show `prompt` in it, e.g. "Click to monitor"."""
        self._rms = self._peak = self._held = FLOOR
        self._live = False
        self._prompt = prompt
        self.update()

    @property
    def clipped(self) -> bool:
        """Whether the clip light is lit."""
        return self._clipped

    def reset_clip(self) -> None:
        """Switch the clip light off."""
        if self._clipped:
            self._clipped = False
            self._describe()
            self.clip_reset.emit()
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(220, theme.current().sized(_HEIGHT))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, theme.current().sized(_HEIGHT))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._clipped and event.position().x() >= self.width() - _LIGHT - 8:
            self.reset_clip()
        else:
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.clicked.emit()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.reset_clip()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        now = theme.current()
        c = now.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        high = now.sized(_BAR)
        bar = QRectF(1, 3, self.width() - _LIGHT - 10, high)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(c.color("sunken"))
        painter.drawRoundedRect(bar, 4, 4)
        if self._live:
            self._paint_zone(painter, bar, FLOOR, -12.0, "meter_low")
            self._paint_zone(painter, bar, -12.0, -3.0, "meter_mid")
            self._paint_zone(painter, bar, -3.0, 0.0, "meter_high")
            if self._held > FLOOR:
                tone = "meter_high" if self._held > -3 else "text"
                painter.setBrush(c.color(tone))
                painter.drawRect(QRectF(self._x(bar, self._held) - 1, bar.top(), 2, bar.height()))
        elif self._prompt:
            painter.setPen(c.color("muted"))
            painter.setFont(now.font("caption"))
            painter.drawText(bar, Qt.AlignmentFlag.AlignCenter, self._prompt)
        painter.setFont(now.font("caption"))
        for mark in _MARKS:
            x = self._x(bar, mark)
            painter.setPen(c.color("faint"))
            text = QRectF(x - 30, bar.bottom() + 2, 60, high)
            painter.drawText(text, Qt.AlignmentFlag.AlignCenter, str(mark))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(c.color("meter_high" if self._clipped else "border"))
        painter.drawRoundedRect(QRectF(self.width() - _LIGHT - 3, 3, _LIGHT, high), 4, 4)
        if self.hasFocus():
            pen = painter.pen()
            pen.setStyle(Qt.PenStyle.SolidLine)
            pen.setColor(c.color("accent"))
            pen.setWidth(2)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(bar.adjusted(-0.5, -1.5, 0.5, 1.5), 5, 5)

    def _paint_zone(
        self, painter: QPainter, bar: QRectF, low: float, high: float, tone: str
    ) -> None:
        c = theme.current().colours
        for level, alpha in ((self._peak, 0.35), (self._rms, 1.0)):
            if level > low:
                left, right = self._x(bar, low), self._x(bar, min(level, high))
                painter.setBrush(c.color(tone, alpha))
                painter.drawRect(QRectF(left, bar.top() + 2, right - left, bar.height() - 4))

    @staticmethod
    def _x(bar: QRectF, level: float) -> float:
        share = (max(FLOOR, min(0.0, level)) - FLOOR) / -FLOOR
        return bar.left() + 3 + share * (bar.width() - 6)

    def _describe(self) -> None:
        if self._clipped:
            words = tr("Clipped: it was too loud. Press Delete to clear the light.")
        else:
            words = tr("Aim for peaks of about −6 dB.")
        self.setAccessibleDescription(words)
        self.setToolTip(words)
