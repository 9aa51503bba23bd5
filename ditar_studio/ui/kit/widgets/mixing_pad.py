"""A pad between two to four voices: the nearer the point is to one, the more of it there is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.translate import tr

CORNERS: dict[int, tuple[tuple[float, float], ...]] = {
    2: ((0.0, 0.5), (1.0, 0.5)),
    3: ((0.5, 0.0), (0.0, 1.0), (1.0, 1.0)),
    4: ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)),
}
"""Where the voices are, in 0..1 of the pad, by how many there are."""

_EDGE = 22.0
_STEP = 0.05


def shares_at(x: float, y: float, count: int) -> list[float]:
    """Return the shares of voices at a place of the pad; together 1.

    Args:
        x, y: place on the pad, 0..1.
        count: 2, 3 or 4 voices.
    """
    if count == 2:
        return [1 - x, x]
    if count == 3:  # barycentric, what lies outside of the triangle taken to its edge
        raw = [1 - y, y / 2 + 0.5 - x, y / 2 - 0.5 + x]
        kept = [max(0.0, share) for share in raw]
        return [share / sum(kept) for share in kept]
    return [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y]


class MixingPad(QWidget):
    """Signals: changed: the shares of the voices, together 1, by the user."""

    changed = Signal(list)

    def __init__(self) -> None:
        super().__init__()
        self._names: tuple[str, ...] = ()
        self._point = (0.5, 0.5)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumHeight(180)
        self.setAccessibleName(tr("Pad between the voices"))
        self.setToolTip(tr("Drag the point towards a voice, or use the arrow keys."))

    def set_voices(self, names: Sequence[str]) -> None:
        """Show voices at its corners, two to four."""
        self._names = tuple(names)
        self.update()

    def show_shares(self, shares: Sequence[float]) -> None:
        """Put the point where voices have these shares."""
        corners, total = CORNERS[len(shares)], sum(shares)
        if total > 0:
            x = sum(s * cx for s, (cx, _) in zip(shares, corners, strict=True)) / total
            y = sum(s * cy for s, (_, cy) in zip(shares, corners, strict=True)) / total
            self._point = (x, y)
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(260, 190)

    def paintEvent(self, _event: QPaintEvent) -> None:
        now = theme.current()
        colours = now.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colours.color("accent" if self.hasFocus() else "border"), 1.5))
        painter.setBrush(colours.color("sunken"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 8, 8)
        if len(self._names) not in CORNERS:
            return
        here = self._place(*self._point)
        painter.setFont(now.font("small"))
        for name, corner in zip(self._names, CORNERS[len(self._names)], strict=True):
            there = self._place(*corner)
            painter.setPen(QPen(colours.color("border_strong"), 1))
            painter.drawLine(here, there)
            painter.setPen(colours.color("text"))
            width = painter.fontMetrics().horizontalAdvance(name)
            left = min(max(there.x() - width / 2, 6.0), self.width() - width - 6.0)
            tall = painter.fontMetrics().height()
            top = there.y() - tall if corner[1] < 0.5 else there.y() + 3
            top = min(max(top, 2.0), self.height() - tall - 2.0)
            painter.drawText(QRectF(left, top, width + 2, tall), 0, name)
        painter.setPen(QPen(colours.color("surface"), 2))
        painter.setBrush(colours.color("accent"))
        painter.drawEllipse(here, 9, 9)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._move(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._move(event.position())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: (-_STEP, 0.0),
            Qt.Key.Key_Right: (_STEP, 0.0),
            Qt.Key.Key_Up: (0.0, -_STEP),
            Qt.Key.Key_Down: (0.0, _STEP),
        }
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self._go(self._point[0] + step[0], self._point[1] + step[1])

    def _place(self, x: float, y: float) -> QPointF:
        width, height = self.width() - 2 * _EDGE, self.height() - 2 * _EDGE
        return QPointF(_EDGE + x * width, _EDGE + y * height)

    def _move(self, place: QPointF) -> None:
        width, height = self.width() - 2 * _EDGE, self.height() - 2 * _EDGE
        self._go((place.x() - _EDGE) / max(1.0, width), (place.y() - _EDGE) / max(1.0, height))

    def _go(self, x: float, y: float) -> None:
        if len(self._names) in CORNERS:
            shares = shares_at(min(1.0, max(0.0, x)), min(1.0, max(0.0, y)), len(self._names))
            self.show_shares(shares)
            self.changed.emit(shares)
