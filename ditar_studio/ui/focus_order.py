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
    """The controls in `part`, itself included, at which Tab stops, in reading order."""
    found = [
        widget
        for widget in (part, *part.findChildren(QWidget))
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.isEnabled()
        and widget.isVisible()
        and widget.focusProxy() is None
        and widget.window() is part.window()
    ]
    centres = {widget: _centre(widget) for widget in found}
    found.sort(key=lambda widget: centres[widget].y())
    ordered: list[QWidget] = []
    while found:
        top = centres[found[0]].y()
        row = [widget for widget in found if centres[widget].y() - top <= _ROW]
        ordered += sorted(row, key=lambda widget: centres[widget].x())
        found = found[len(row) :]
    return ordered


def go_to(widget: QWidget, forwards: bool) -> None:
    """Gives `widget` the focus as Tab does, and brings it into view."""
    tab = Qt.FocusReason.TabFocusReason
    widget.setFocus(tab if forwards else Qt.FocusReason.BacktabFocusReason)
    outside = widget.parentWidget()
    while outside is not None:
        if isinstance(outside, QScrollArea):
            outside.ensureWidgetVisible(widget, 0, 24)
        outside = outside.parentWidget()


def _centre(widget: QWidget) -> QPoint:
    return widget.mapTo(widget.window(), widget.rect().center())
