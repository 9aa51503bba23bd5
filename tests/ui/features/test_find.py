"""Find and replace in the script."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from ditar_studio.store.project import NewLine
from ditar_studio.ui.features.find.bar import FindBar
from ditar_studio.ui.shell.studio import Studio

TEXTS = ["The cat sat.", "No cats here, Cat.", "Nothing."]


@pytest.fixture
def bar(qtbot: QtBot, studio: Studio) -> FindBar:
    lines = [NewLine(text) for text in TEXTS]
    studio.document.submit(studio.library.lines.replace_all, studio.document.project_id, lines)
    qtbot.waitUntil(lambda: texts(studio) == TEXTS)
    studio.actions_.action("script.find").trigger()
    bar = studio.find_commands.bar
    qtbot.waitUntil(bar.field.hasFocus)
    return bar


def texts(studio: Studio) -> list[str]:
    return [line.text for line in studio.script.lines]


def look_for_cats(qtbot: QtBot, bar: FindBar) -> None:
    qtbot.keyClicks(bar.field, "cat")
    qtbot.waitUntil(lambda: bar.count.text() == "1 of 3")


def test_matches_are_counted_and_gone_through(qtbot: QtBot, studio: Studio, bar: FindBar) -> None:
    look_for_cats(qtbot, bar)
    qtbot.keyClick(bar.field, Qt.Key.Key_Return)
    assert bar.count.text() == "2 of 3"
    line = studio.script.lines[1]
    assert studio.script.selected == line.id
    assert studio.script_panel.rows[line.id].text.textCursor().selectedText() == "cat"
    qtbot.keyClick(bar.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert bar.count.text() == "1 of 3"
    bar.whole.click()
    qtbot.waitUntil(lambda: bar.count.text() == "1 of 2")
    bar.field.setText("dog")
    qtbot.waitUntil(lambda: bar.count.text() == "Not found")
    assert not bar.all.isEnabled()


def test_all_are_replaced_in_one_step_that_can_be_undone(
    qtbot: QtBot, studio: Studio, bar: FindBar
) -> None:
    look_for_cats(qtbot, bar)
    bar.by.setText("dog")
    bar.all.click()
    changed = ["The dog sat.", "No dogs here, dog.", "Nothing."]
    qtbot.waitUntil(lambda: texts(studio) == changed)
    qtbot.waitUntil(lambda: bar.count.text() == "Not found")
    studio.document.undo()
    qtbot.waitUntil(lambda: texts(studio) == TEXTS)


def test_one_is_replaced_and_the_next_is_shown(qtbot: QtBot, studio: Studio, bar: FindBar) -> None:
    look_for_cats(qtbot, bar)
    bar.by.setText("dog")
    qtbot.keyClick(bar.by, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: texts(studio)[0] == "The dog sat.")
    qtbot.waitUntil(lambda: bar.count.text() == "1 of 2")
    assert studio.script.selected == studio.script.lines[1].id
    bar.by.setText("cats")  # holds what is looked for
    for first in ("No catss here, Cat.", "No catss here, cats."):
        qtbot.keyClick(bar.by, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda first=first: texts(studio)[1] == first)  # type: ignore[misc]


def test_escape_closes_it_and_goes_to_the_match(qtbot: QtBot, studio: Studio, bar: FindBar) -> None:
    qtbot.keyClicks(bar.field, "here")
    qtbot.waitUntil(lambda: bar.count.text() == "1 of 1")
    qtbot.keyClick(bar.field, Qt.Key.Key_Escape)
    assert not bar.isVisible()
    row = studio.script_panel.rows[studio.script.lines[1].id]
    qtbot.waitUntil(row.text.hasFocus)
    assert row.text.textCursor().position() == len("No cats here")


def test_what_was_typed_since_the_search_is_not_garbled(
    qtbot: QtBot, studio: Studio, bar: FindBar
) -> None:
    look_for_cats(qtbot, bar)
    bar.by.setText("dog")
    line = studio.script_panel.rows[studio.script.lines[0].id].text
    line.put_cursor(0)
    qtbot.keyClicks(line, "Look: ")
    bar.all.click()
    qtbot.waitUntil(lambda: texts(studio)[:2] == ["Look: The dog sat.", "No dogs here, dog."])


def test_what_is_replaced_is_what_the_field_says_now(
    qtbot: QtBot, studio: Studio, bar: FindBar
) -> None:
    look_for_cats(qtbot, bar)
    bar.by.setText("dog")
    bar.field.setText("nothing")
    bar.all.click()
    qtbot.waitUntil(lambda: texts(studio) == [*TEXTS[:2], "dog."])
