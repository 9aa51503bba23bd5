"""Of many rows only those near sight exist, and nobody notices."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from ditar_studio.ui.kit.widgets.lazy_column import LazyColumn

KEYS = [str(number) for number in range(300)]


class Row(QLineEdit):
    """Two heights: what is guessed is wrong for one row in three."""

    def sizeHint(self) -> QSize:
        return QSize(100, 60 if int(self.text()) % 3 else 90)


@pytest.fixture
def column(qtbot: QtBot) -> LazyColumn[Row]:
    column: LazyColumn[Row] = LazyColumn(Row, lambda _width: np.full(len(column._keys), 60))
    qtbot.addWidget(column)
    column.resize(300, 400)
    with qtbot.waitExposed(column):
        column.show()
    column.set_keys(KEYS)
    return column


def in_sight(column: LazyColumn[Row]) -> list[str]:
    top = column.verticalScrollBar().value()
    seen = range(top, top + column.viewport().height())
    rows = [row for row in column.rows.values() if row.y() in seen]
    return [row.text() for row in sorted(rows, key=lambda row: row.y())]


def settled(column: LazyColumn[Row]) -> bool:
    return not column._later.isActive()


def test_rows_in_and_near_sight_are_made_in_order(qtbot: QtBot, column: LazyColumn[Row]) -> None:
    qtbot.waitUntil(lambda: settled(column))
    assert in_sight(column) == KEYS[: len(in_sight(column))]
    assert 5 <= len(column.rows) < 20


def test_scrolling_makes_rows_and_far_ones_are_dropped(
    qtbot: QtBot, column: LazyColumn[Row]
) -> None:
    bar = column.verticalScrollBar()
    bar.setValue(bar.maximum())
    qtbot.waitUntil(lambda: settled(column) and KEYS[-1] in column.rows)
    assert "0" not in column.rows
    assert len(column.rows) < 40


def test_what_is_seen_stays_where_it_is_when_rows_above_turn_out_higher(
    qtbot: QtBot, column: LazyColumn[Row]
) -> None:
    qtbot.waitUntil(lambda: settled(column))
    column.verticalScrollBar().setValue(9000)
    qtbot.waitUntil(lambda: settled(column) and bool(in_sight(column)))
    first = column.rows[in_sight(column)[0]]
    at = first.y() - column.verticalScrollBar().value()
    column.set_keys(KEYS[30:])
    qtbot.waitUntil(lambda: settled(column))
    assert first.y() - column.verticalScrollBar().value() == at


def test_a_row_is_brought_into_sight(qtbot: QtBot, column: LazyColumn[Row]) -> None:
    row = column.scroll_to("200")
    assert row is not None
    assert "200" in in_sight(column)
    assert column.scroll_to("nobody") is None


def test_what_was_brought_stays_when_rows_above_it_turn_out_higher(
    qtbot: QtBot, column: LazyColumn[Row]
) -> None:
    bar = column.verticalScrollBar()
    bar.setValue(9000)
    qtbot.waitUntil(lambda: settled(column))
    row = column.scroll_to("200")
    assert row is not None
    at = row.y() - bar.value()
    qtbot.waitUntil(lambda: settled(column) and "199" in column.rows)
    assert "200" in in_sight(column)
    assert row.y() - bar.value() == at


def test_the_row_with_the_focus_stays(qtbot: QtBot, column: LazyColumn[Row]) -> None:
    column.rows["0"].setFocus()
    bar = column.verticalScrollBar()
    bar.setValue(bar.maximum())
    qtbot.waitUntil(lambda: settled(column) and KEYS[-1] in column.rows)
    assert "0" in column.rows
    column.drop_unused()
    assert list(column.rows) == ["0"]
    qtbot.waitUntil(lambda: settled(column) and KEYS[-1] in column.rows)


def test_gone_keys_take_their_rows_along(qtbot: QtBot, column: LazyColumn[Row]) -> None:
    kept = column.rows["1"]
    column.set_keys(["1", "2"])
    assert set(column.rows) == {"1", "2"}
    assert column.rows["1"] is kept
    assert column.verticalScrollBar().maximum() == 0


def test_what_was_measured_is_kept_around_keys_that_come_and_go(
    qtbot: QtBot, column: LazyColumn[Row]
) -> None:
    bar = column.verticalScrollBar()
    for place in range(0, bar.maximum(), 300):
        bar.setValue(place)
        qtbot.waitUntil(lambda: settled(column))
    measured = column._heights.tolist()
    assert measured[:4] == [90, 60, 60, 90]
    column.set_keys([*KEYS[:150], "1000", *KEYS[160:]])
    assert column._heights[:150].tolist() == measured[:150]
    assert column._heights[-140:].tolist() == measured[160:]
