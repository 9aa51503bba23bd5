"""The order in which Tab goes through a part of the window: as it is read, whatever was made first.

Rows from top to bottom, in a row from left to right. Panels make and drop controls while the
program runs; the order is read from where things are whenever it is needed.
"""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QScrollArea, QWidget

_ROW = 14
"""Controls whose centres are no further apart than this, in pixels, stand in one row."""


def stops(part: QWidget) -> list[QWidget]:
    """Return the controls in `part`, itself included, at which Tab stops, in reading order."""
    found = [
        widget
        for widget in (part, *part.findChildren(QWidget))
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.isEnabled()
        and widget.isVisible()
        and widget.focusProxy() is None
        and widget.window() is part.window()
    ]
    places = {widget: _place(widget, part) for widget in found}
    found.sort(key=lambda widget: [point.y() for point in places[widget]])
    ordered: list[QWidget] = []
    while found:
        *around, top = (point.y() for point in places[found[0]])
        row = [
            widget
            for widget in found
            if [point.y() for point in places[widget][:-1]] == around
            and places[widget][-1].y() - top <= _ROW
        ]
        ordered += sorted(row, key=lambda widget: places[widget][-1].x())
        found = [widget for widget in found if widget not in row]
    return ordered


def go_to(widget: QWidget, forwards: bool) -> None:
    """Give `widget` the focus as Tab does, and bring it into view."""
    tab = Qt.FocusReason.TabFocusReason
    widget.setFocus(tab if forwards else Qt.FocusReason.BacktabFocusReason)
    outside = widget.parentWidget()
    while outside is not None:
        if isinstance(outside, QScrollArea):
            outside.ensureWidgetVisible(widget, 0, 24)
        outside = outside.parentWidget()


def _place(widget: QWidget, part: QWidget) -> list[QPoint]:
    """Return where a control is: the centres of the scrolled areas around it in `part`, then its
    own.

    What is scrolled out of sight so keeps its place beside what is in sight.
    """
    found = [_centre(widget)]
    outside = widget.parentWidget()
    while outside is not None and outside is not part:
        if isinstance(outside, QScrollArea):
            found.insert(0, _centre(outside))
        outside = outside.parentWidget()
    return found


def _centre(widget: QWidget) -> QPoint:
    return widget.mapTo(widget.window(), widget.rect().center())
