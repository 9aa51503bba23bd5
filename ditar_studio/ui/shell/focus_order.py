"""The order in which Tab goes through a part of the window: as it is read, whatever was made first.

Rows from top to bottom, in a row from left to right. Panels make and drop controls while the
program runs; the order is read from where things are whenever it is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QScrollArea, QWidget

_BY_TAB = frozenset(
    (Qt.FocusPolicy.TabFocus, Qt.FocusPolicy.StrongFocus, Qt.FocusPolicy.WheelFocus)
)
_ROW = 14
"""Controls whose centres are no further apart than this, in pixels, stand in one row."""


def stops(part: QWidget) -> list[QWidget]:
    """Return the controls in `part`, itself included, at which Tab stops, in reading order."""
    return _in_reading_order(_controls(part), part)


def stops_by_part(window: QWidget, parts: Sequence[QWidget]) -> list[QWidget]:
    """Return the controls in `window` at which Tab stops, part by part; in the end those in none,
    e.g. of passing messages.
    """
    inside: dict[QWidget, list[QWidget]] = {part: [] for part in (*parts, window)}
    for widget in _controls(window):
        part: QWidget | None = widget
        while part is not None and part not in inside:
            part = part.parentWidget()
        inside[part or window].append(widget)
    return [widget for part, found in inside.items() for widget in _in_reading_order(found, part)]


def _controls(part: QWidget) -> list[QWidget]:
    """Return the controls in `part`, itself included, at which Tab stops, as they come."""
    window = part.window()
    return [
        widget
        for widget in (part, *part.findChildren(QWidget))
        if widget.isVisible()
        and widget.isEnabled()
        and widget.focusPolicy() in _BY_TAB
        and widget.focusProxy() is None
        and widget.window() is window
    ]


def _in_reading_order(found: Iterable[QWidget], part: QWidget) -> list[QWidget]:
    """Return controls of `part` row by row, each from left to right."""
    rows: list[list[tuple[int, QWidget]]] = []
    open_rows: dict[tuple[int, ...], tuple[int, list[tuple[int, QWidget]]]] = {}
    placed = [(_place(widget, part), widget) for widget in found]
    placed.sort(key=lambda each: each[0][0])
    for ((*around, y), x), widget in placed:
        top, row = open_rows.get(tuple(around), (0, None))
        if row is None or y - top > _ROW:
            row = []
            rows.append(row)
            open_rows[tuple(around)] = y, row
        row.append((x, widget))
    return [widget for row in rows for _, widget in sorted(row, key=lambda each: each[0])]


def go_to(widget: QWidget, forwards: bool) -> None:
    """Give `widget` the focus as Tab does, and bring it into view."""
    tab = Qt.FocusReason.TabFocusReason
    widget.setFocus(tab if forwards else Qt.FocusReason.BacktabFocusReason)
    outside = widget.parentWidget()
    while outside is not None:
        if isinstance(outside, QScrollArea):
            outside.ensureWidgetVisible(widget, 0, 24)
        outside = outside.parentWidget()


def _place(widget: QWidget, part: QWidget) -> tuple[list[int], int]:
    """Return where a control is: how far down the centres of the scrolled areas around it in
    `part` are, and its own; and how far to the right it is.

    What is scrolled out of sight so keeps its place beside what is in sight.
    """
    centre = _centre(widget)
    down = [centre.y()]
    outside = widget.parentWidget()
    while outside is not None and outside is not part:
        if isinstance(outside, QScrollArea):
            down.insert(0, _centre(outside).y())
        outside = outside.parentWidget()
    return down, centre.x()


def _centre(widget: QWidget) -> QPoint:
    return widget.mapTo(widget.window(), widget.rect().center())
