"""A scrolled column of rows, of which only those in or near sight exist.

A row of widgets takes ten milliseconds to make and to style, a script may have tens of thousands:
they are made a few at a time, nearest first, and dropped again when they are far away. Where all
others would be is kept in arrays.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from ditar_studio.services.projects import common_ends
from ditar_studio.ui.kit.theme import Space

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
        guess: the heights of all rows at a width, in pixels, before they are made.
        gaps: the spaces above all rows, in pixels; the usual one without it.
    """

    def __init__(
        self,
        make: Callable[[str], Row],
        guess: Callable[[int], NDArray[np.int64]],
        gaps: Callable[[], NDArray[np.int64]] | None = None,
    ) -> None:
        super().__init__()
        self.rows: dict[str, Row] = {}
        self._make = make
        self._guess = guess
        self._gaps_of_all = gaps
        self._keys: tuple[str, ...] = ()
        self._places: Mapping[str, int] = {}
        self._brought = ""
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

    def set_keys(self, keys: Sequence[str], places: Mapping[str, int] | None = None) -> None:
        """Show these rows, from top to bottom; those that are there already stay as they are.

        Args:
            keys: of the rows, each once.
            places: the place of each key, from 0, where the caller has them already.
        """
        keys = tuple(keys)
        anchor = self._anchor()
        if keys is not self._keys and keys != self._keys:
            above, below = common_ends(self._keys, keys)
            self._keys = keys
            width, old = self._width(), self._heights
            self._heights = self._guess(width)
            if width == self._guessed_width:  # else all are guessed anew
                self._heights[:above] = old[:above]
                self._heights[len(keys) - below :] = old[len(old) - below :]
            self._guessed_width = width
            self._places = places if places is not None else {k: n for n, k in enumerate(keys)}
            self._drop([key for key in self.rows if key not in self._places])
        if self._gaps_of_all is not None:
            self._gaps = self._gaps_of_all()
        else:
            self._gaps = np.full(len(keys), Space.S, np.int64)
        self._arrange(anchor)
        self._fill()

    def scroll_to(self, key: str) -> Row | None:
        """Scroll to a row, and make it if need be; None if there is none of this key."""
        if key not in self._places:
            return None
        if key not in self.rows:
            self._add(key)
            self._arrange()
        row = self.rows[key]
        self.ensureWidgetVisible(row, 0, Space.XL)
        self._brought = key
        return row

    def in_view(self, key: str) -> bool:
        """Return whether some of the row of a key is in view."""
        if key not in self._places:
            return False
        first, last = self._span(key)
        top = self.verticalScrollBar().value()
        return last > top and first < top + self.viewport().height()

    def scroll_to_point(self, inside: QWidget, point: QPoint, around: int) -> None:
        """Scroll to a point in a widget of a row, with so many pixels above and below it."""
        self._arrange()  # the row may just have become higher
        at = inside.mapTo(self._content, point)
        self.ensureVisible(at.x(), at.y(), 0, around)

    def drop_unused(self) -> None:
        """Drop all rows but the one with the keyboard focus; they are made anew after this."""
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
        """Make rows that are near, for a moment, and drop those that are far away."""
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
        """Return what stays where it is seen, and where: what was brought, else what is at the top.

        None at the very top.
        """
        at_top = self.verticalScrollBar().value()
        if not at_top or not self._keys:
            return None
        if self.in_view(self._brought):
            return self._brought, self._span(self._brought)[0] - at_top
        bottoms = self._tops + self._heights
        place = min(int(np.searchsorted(bottoms, at_top, side="right")), len(self._keys) - 1)
        return self._keys[place], int(self._tops[place]) - at_top

    def _arrange(self, anchor: tuple[str, int] | None = None) -> None:
        """Put everything in its place; what is seen stays where it is seen."""
        anchor = anchor or self._anchor()
        width = self._width()
        if width != self._guessed_width:
            self._guessed_width = width
            self._heights = self._guess(width)
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
