"""A scrolled column of rows, of which only those in or near sight exist.

A row of widgets takes ten milliseconds to make and to dress, a script may have tens of thousands:
they are made a few at a time, nearest first, and dropped again when they are far away. Where all
others would be is kept in arrays.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import numpy as np
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
        gap: the space above the row of a key, in pixels; the usual one without it.
    """

    def __init__(
        self,
        make: Callable[[str], Row],
        guess: Callable[[str, int], int],
        gap: Callable[[str], int] = lambda _key: Space.S,
    ) -> None:
        super().__init__()
        self.rows: dict[str, Row] = {}
        self._make = make
        self._guess = guess
        self._gap = gap
        self._keys: tuple[str, ...] = ()
        self._places: dict[str, int] = {}
        self._guessed_width = 0
        self._heights = np.zeros(0, np.int64)
        self._gaps = np.zeros(0, np.int64)
        self._tops = np.zeros(0, np.int64)
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
        keys = tuple(keys)
        anchor = self._anchor()
        if keys != self._keys:
            known = {key: int(self._heights[place]) for key, place in self._places.items()}
            self._keys = keys
            self._places = {key: place for place, key in enumerate(keys)}
            width = self._guessed_width = self._width()
            self._heights = np.array(
                [known.get(key) or self._guess(key, width) for key in keys], np.int64
            )
            self._drop(self.rows.keys() - self._places.keys())
        self._gaps = np.array([self._gap(key) for key in keys], np.int64)
        self._arrange(anchor)
        self._fill()

    def bring(self, key: str) -> Row | None:
        """Scrolls to a row, and makes it if need be; None if there is none of this key."""
        if key not in self._places:
            return None
        if key not in self.rows:
            self._add(key)
            self._arrange()
        row = self.rows[key]
        self.ensureWidgetVisible(row, 0, Space.XL)
        return row

    def in_sight(self, key: str) -> bool:
        """Whether some of the row of a key is in view."""
        if key not in self._places:
            return False
        first, last = self._span(key)
        top = self.verticalScrollBar().value()
        return last > top and first < top + self.viewport().height()

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
        self._guessed_width = 0
        self._later.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()
        self._later.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._content and event.type() == QEvent.Type.LayoutRequest:
            self._arrange()
        return super().eventFilter(watched, event)

    # --- inside

    def _span(self, key: str) -> tuple[int, int]:
        place = self._places[key]
        top = int(self._tops[place])
        return top, top + int(self._heights[place])

    def _add(self, key: str) -> None:
        row = self.rows[key] = self._make(key)
        row.setParent(self._content)
        top, bottom = self._span(key)
        row.setGeometry(Space.L, top, self._width(), bottom - top)
        row.show()

    def _drop(self, keys: Iterable[str]) -> None:
        for key in list(keys):
            row = self.rows.pop(key)
            row.hide()
            row.deleteLater()

    def _fill(self) -> None:
        """Makes rows that are near, for a moment, and drops those that are far away."""
        if self._guessed_width == 0:
            self._arrange()
        height = self.viewport().height()
        top = self.verticalScrollBar().value()

        def distance(key: str) -> int:
            first, last = self._span(key)
            return max(0, top - last, first - top - height)

        first = int(np.searchsorted(self._tops, top - (_NEAR + 1) * height))
        end = int(np.searchsorted(self._tops, top + (_NEAR + 1) * height, side="right"))
        near = [key for key in self._keys[max(0, first - 1) : end] if key not in self.rows]
        wanted = sorted(
            (d, self._places[key], key) for key in near if (d := distance(key)) <= _NEAR * height
        )
        begun = time.perf_counter()
        for number, (_distance, _place, key) in enumerate(wanted):
            if number and time.perf_counter() - begun > _AT_ONCE:
                self._later.start()
                break
            self._add(key)
        far = [key for key in self.rows if distance(key) > _FAR * height]
        self._drop(key for key in far if not _has_focus(self.rows[key]))
        if wanted:
            self._arrange()

    def _width(self) -> int:
        return max(1, self.viewport().width() - 2 * Space.L)

    def _anchor(self) -> tuple[str, int] | None:
        """What is seen at the top, and where; None at the very top."""
        at_top = self.verticalScrollBar().value()
        if not at_top or not self._keys:
            return None
        bottoms = self._tops + self._heights
        place = min(int(np.searchsorted(bottoms, at_top, side="right")), len(self._keys) - 1)
        return self._keys[place], int(self._tops[place]) - at_top

    def _arrange(self, anchor: tuple[str, int] | None = None) -> None:
        """Puts everything in its place; what is seen at the top stays where it is seen."""
        anchor = anchor or self._anchor()
        width = self._width()
        if width != self._guessed_width:
            self._guessed_width = width
            self._heights = np.array([self._guess(key, width) for key in self._keys], np.int64)
        for key, row in self.rows.items():
            self._heights[self._places[key]] = row.sizeHint().height()
        below = Space.XS
        if len(self._keys):
            steps = self._heights + self._gaps
            self._tops = Space.XS + np.cumsum(steps) - self._heights - self._gaps[0]
            below = int(self._tops[-1] + self._heights[-1]) + Space.S
        else:
            self._tops = np.zeros(0, np.int64)
        for key, row in self.rows.items():
            top, bottom = self._span(key)
            row.setGeometry(Space.L, top, width, bottom - top)
        self._content.resize(
            self.viewport().width(), max(below + Space.S, self.viewport().height())
        )
        if anchor is not None and anchor[0] in self._places:
            self.verticalScrollBar().setValue(self._span(anchor[0])[0] - anchor[1])


def _has_focus(row: QWidget) -> bool:
    focus = row.window().focusWidget()
    return focus is not None and (focus is row or row.isAncestorOf(focus))
