"""A tour of the window: one part after the other stands out, with a few words beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QWidget

from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import tr
from ditar_studio.ui.kit.widgets.basics import announce, button, column, label, row, surface

_WIDE = 320
_SHADE = QColor(0, 0, 0, 130)


@dataclass(frozen=True)
class Stop:
    """A part of the window and what is said of it."""

    target: QWidget
    title: str
    text: str


class Tour(QWidget):
    """Lies over a window until it is over.

    Args:
        window: what is shown.
        stops: in their order.

    Signals:
        ended: it is over, to its end or not.
    """

    ended = Signal()

    def __init__(self, window: QWidget, stops: Sequence[Stop]) -> None:
        super().__init__(window)
        self._window = window
        self._stops = tuple(stop for stop in stops if stop.target.isVisible())
        self._here = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Tour"))
        self.title = label("", "heading", wrap=True)
        self.text = label("", "muted", wrap=True)
        self.where = label("", "caption")
        self.skip = button(tr("End the tour"), self.end, "ghost")
        self.next = button(tr("Next"), self.go_on, "primary")
        self.card = surface(
            "overlay",
            column(
                self.title,
                self.text,
                row(self.where, None, self.skip, self.next),
                spacing=Space.S,
            ),
            Space.L,
        )
        self.card.setParent(self)
        window.installEventFilter(self)
        self.setGeometry(window.rect())
        self.show()
        self.raise_()
        self._show()
        self.next.setFocus()

    def go_on(self) -> None:
        """Show the next part, or end."""
        self._here += 1
        if self._here >= len(self._stops):
            self.end()
        else:
            self._show()

    def end(self) -> None:
        """Take the tour off the window."""
        self.hide()
        self.deleteLater()
        self.ended.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self._window:
            self.setGeometry(self._window.rect())
            self._place()
        return super().eventFilter(watched, event)

    def focusNextPrevChild(self, _forwards: bool) -> bool:
        """Keep Tab with the tour: what it covers can't be seen well."""
        (self.next if self.skip.hasFocus() else self.skip).setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            event.setAccepted(event.key() == Qt.Key.Key_Escape)  # else it stops what is spoken
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.end()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()  # nothing that it covers is clicked meanwhile

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shade = QPainterPath()
        shade.addRect(QRectF(self.rect()))
        hole = QPainterPath()
        hole.addRoundedRect(QRectF(self._target()), 10, 10)
        painter.fillPath(shade.subtracted(hole), _SHADE)
        painter.setPen(theme.current().colours.color("accent"))
        painter.drawPath(hole)

    def _target(self) -> QRect:
        if not self._stops:
            return QRect()
        target = self._stops[min(self._here, len(self._stops) - 1)].target
        return QRect(target.mapTo(self._window, QPoint(0, 0)), target.size())

    def _show(self) -> None:
        if not self._stops:
            self.end()
            return
        stop = self._stops[self._here]
        self.title.setText(stop.title)
        self.text.setText(stop.text)
        count = len(self._stops)
        where = tr("Step {number} of {count}", number=self._here + 1, count=count)
        self.where.setText(where)
        self.next.setText(tr("Done") if self._here == count - 1 else tr("Next"))
        self._place()
        self.update()
        announce(self, f"{where}: {stop.title}. {stop.text}")

    def _place(self) -> None:
        """Put the words beside what they are about, inside the window."""
        layout = self.card.layout()
        assert layout is not None
        layout.activate()
        width = max(theme.current().widened(_WIDE), layout.totalMinimumSize().width())
        self.card.resize(width, layout.totalHeightForWidth(width))
        target, size = self._target(), self.card.size()
        gap = Space.M
        right, left = target.right() + gap, target.left() - gap - size.width()
        if right + size.width() <= self.width():
            x = right
        elif left >= 0:
            x = left
        else:
            x = target.center().x() - size.width() // 2
        y = target.center().y() - size.height() // 2
        x = max(gap, min(x, self.width() - size.width() - gap))
        y = max(gap, min(y, self.height() - size.height() - gap))
        self.card.move(x, y)
