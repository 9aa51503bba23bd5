"""A scrolled column of rows, of which only those in or near sight exist.

A row of widgets takes ten milliseconds to make and to dress, a script may have hundreds: they are
made a few at a time, nearest first, and dropped again when they are far away.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from ditar_studio.ui.theme import Space

Row = TypeVar("Row", bound=QWidget)

_AT_ONCE = 0.008
"""Seconds of making rows before the window gets to do something else."""
_NEAR = 1
_FAR = 3
"""So many heights of the view above and below it rows are made, and kept."""


class LazyColumn(QScrollArea, Generic[Row]):
    """Rows by their keys.

    Args:
        make: makes the row of a key, complete.
        guess: the height of the row of a key at a width, both in pixels, before it is made.
    """

    def __init__(self, make: Callable[[str], Row], guess: Callable[[str, int], int]) -> None:
        super().__init__()
        self.rows: dict[str, Row] = {}
        self._make = make
        self._guess = guess
        self._keys: tuple[str, ...] = ()
        self._spans: dict[str, tuple[int, int]] = {}
        self._content = QWidget()
        self._content.setProperty("scroll", "true")
        self._content.installEventFilter(self)
        self.setWidget(self._content)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._fill)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._later.start())

    def set_keys(self, keys: Iterable[str]) -> None:
        """Shows these rows, from top to bottom; those that are there already stay as they are."""
        self._keys = tuple(keys)
        self._drop(self.rows.keys() - set(self._keys))
        self._arrange()
        self._fill()

    def bring(self, key: str) -> Row | None:
        """Scrolls to a row, and makes it if need be; None if there is none of this key."""
        if key not in self._spans:
            return None
        if key not in self.rows:
            self._add(key)
            self._arrange()
        row = self.rows[key]
        self.ensureWidgetVisible(row, 0, Space.XL)
        return row

    def bring_point(self, inside: QWidget, point: QPoint, around: int) -> None:
        """Scrolls to a point in a widget of a row, with so many pixels above and below it."""
        self._arrange()  # the row may just have become higher
        at = inside.mapTo(self._content, point)
        self.ensureVisible(at.x(), at.y(), 0, around)

    def drop_unused(self) -> None:
        """Drops all rows but the one with the keyboard focus; they are made anew after this."""
        unused = [row for row in self.rows.values() if not _has_focus(row)]
        self._drop(key for key, row in list(self.rows.items()) if row in unused)
        for row in unused:
            QCoreApplication.sendPostedEvents(row, QEvent.Type.DeferredDelete)
        self._later.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()
        self._later.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._content and event.type() == QEvent.Type.LayoutRequest:
            self._arrange()
        return super().eventFilter(watched, event)

    def _add(self, key: str) -> None:
        row = self.rows[key] = self._make(key)
        row.setParent(self._content)
        top, bottom = self._spans[key]
        row.setGeometry(Space.L, top, self._width(), bottom - top)
        row.show()

    def _drop(self, keys: Iterable[str]) -> None:
        for key in list(keys):
            row = self.rows.pop(key)
            row.hide()
            row.deleteLater()

    def _fill(self) -> None:
        """Makes rows that are near, for a moment, and drops those that are far away."""
        height = self.viewport().height()
        top = self.verticalScrollBar().value()

        def distance(key: str) -> int:
            first, last = self._spans[key]
            return max(0, top - last, first - top - height)

        missing = [key for key in self._keys if key not in self.rows]
        wanted = sorted((d, key) for key in missing if (d := distance(key)) <= _NEAR * height)
        begun = time.perf_counter()
        for number, (_distance, key) in enumerate(wanted):
            if number and time.perf_counter() - begun > _AT_ONCE:
                self._later.start()
                break
            self._add(key)
        far = [key for key, row in self.rows.items() if distance(key) > _FAR * height]
        self._drop(key for key in far if not _has_focus(self.rows[key]))
        if wanted:
            self._arrange()

    def _width(self) -> int:
        return max(1, self.viewport().width() - 2 * Space.L)

    def _arrange(self) -> None:
        """Puts everything in its place; what is seen at the top stays where it is seen."""
        bar = self.verticalScrollBar()
        before, at_top = self._spans, bar.value()
        seen = next((key for key in self._keys if key in before and before[key][1] > at_top), "")
        width = self._width()
        self._spans = {}
        at = Space.XS
        for key in self._keys:
            row = self.rows.get(key)
            height = row.sizeHint().height() if row is not None else self._guess(key, width)
            if row is not None:
                row.setGeometry(Space.L, at, width, height)
            self._spans[key] = (at, at + height)
            at += height + Space.S
        self._content.resize(self.viewport().width(), max(at + Space.S, self.viewport().height()))
        if seen and at_top:
            bar.setValue(at_top + self._spans[seen][0] - before[seen][0])


def _has_focus(row: QWidget) -> bool:
    focus = row.window().focusWidget()
    return focus is not None and (focus is row or row.isAncestorOf(focus))
