"""A waveform with a fade at either end, which handles at its top change."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF

from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.translate import tr
from ditar_studio.ui.kit.widgets.waveform import GRIP, WaveformView
from ditar_studio.ui.kit.widgets.waveform_painting import ruler

_HANDLE = 5.0


class EditWaveform(WaveformView):
    """Draws a take that is being edited; a stretch of it can be selected.

    Signals:
        fades_changed: seconds of the fades, in and out, while a handle is dragged.
    """

    fades_changed = Signal(float, float)

    def __init__(self, name: str) -> None:
        super().__init__(name, selectable=True)
        self._fades = (0.0, 0.0)
        self._pulled = -1
        self.setToolTip(tr("Drag to select; the handles at the top are the fades."))

    @property
    def fades(self) -> tuple[float, float]:
        """Seconds of the fades, in and out."""
        return self._fades

    def set_fades(self, fade_in: float, fade_out: float) -> None:
        """Show fades of these lengths, in seconds."""
        self._fades = (fade_in, fade_out)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.seconds:
            return
        colours = theme.current().colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        top, bottom = ruler() + 3.0, self.height() - 3.0
        for number, (edge, x) in enumerate(zip((0.0, self.seconds), self._handles(), strict=True)):
            start = QPointF(self._x(edge), bottom)
            if self._fades[number]:
                painter.setPen(Qt.PenStyle.NoPen)
                shade = colours.color("sunken")
                shade.setAlphaF(0.6)
                painter.setBrush(shade)
                corner = QPointF(self._x(edge), top)
                painter.drawPolygon(QPolygonF([start, corner, QPointF(x, top)]))
                painter.setPen(QPen(colours.color("accent"), 1.5))
                painter.drawLine(start, QPointF(x, top))
            painter.setPen(QPen(colours.color("surface"), 1.5))
            painter.setBrush(colours.color("accent"))
            handle = QRectF(x - _HANDLE, top - _HANDLE + 3, 2 * _HANDLE, 2 * _HANDLE)
            painter.drawRoundedRect(handle, 2, 2)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pulled = self._handle_at(event.position())
        if self._pulled < 0 or event.button() != Qt.MouseButton.LeftButton:
            self._pulled = -1
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pulled < 0:
            super().mouseMoveEvent(event)
            if self._handle_at(event.position()) >= 0:
                self.setCursor(Qt.CursorShape.SizeHorCursor)
            return
        here = self._clip(self._seconds(event.position().x()))
        fade_in, fade_out = self._fades
        longest = self.seconds / 2
        if self._pulled == 0:
            fade_in = round(min(longest, here), 3)
        else:
            fade_out = round(min(longest, self.seconds - here), 3)
        self.set_fades(fade_in, fade_out)
        self.fades_changed.emit(fade_in, fade_out)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pulled >= 0:
            self._pulled = -1
        else:
            super().mouseReleaseEvent(event)

    def _handles(self) -> tuple[float, float]:
        """Return where the handles are, in pixels; within the view even where a fade is none."""
        fade_in, fade_out = self._fades
        left, right = self._x(fade_in), self._x(self.seconds - fade_out)
        return max(left, _HANDLE + 2), min(right, self.width() - _HANDLE - 2)

    def _handle_at(self, place: QPointF) -> int:
        """Return which handle is there: 0, 1, or none (-1)."""
        if not self.seconds or not ruler() - 2 <= place.y() <= ruler() + 3 * _HANDLE:
            return -1
        for number, x in enumerate(self._handles()):
            if abs(place.x() - x) <= GRIP:
                return number
        return -1
