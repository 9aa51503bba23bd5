"""Lines: typed, pasted, split, chosen together, and what can't be read."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, Qt
from pytestqt.qtbot import QtBot
from studio_steps import add_lines, texts

from ditar_studio.ui.shell.studio import Studio

pytestmark = pytest.mark.filterwarnings("error")


def test_pasted_speakers_get_their_voices(qtbot: QtBot, studio: Studio) -> None:
    studio.script.paste("Michael: Good morning.\nEmma: Is it? [pause 1.5]")
    qtbot.waitUntil(lambda: len(studio.script.lines) == 3)
    snapshot = studio.document.snapshot
    assert snapshot is not None
    named = [voice.name for line in snapshot.lines[1:] if (voice := snapshot.voice_of(line))]
    assert named == ["Michael", "Emma"]
    assert snapshot.lines[2].pause_seconds == 1.5


def test_return_splits_and_backspace_joins(qtbot: QtBot, studio: Studio) -> None:
    first = studio.script.lines[0]
    row = studio.script_panel.rows[first.id]
    row.text.setFocus()
    row.text.put_cursor(6)
    qtbot.keyClick(row.text, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(studio.script.lines) == 2)
    assert studio.script.lines[0].text == "Hello!"
    second = studio.script_panel.rows[studio.script.lines[1].id]
    qtbot.waitUntil(second.text.hasFocus)
    second.text.put_cursor(0)
    qtbot.keyClick(second.text, Qt.Key.Key_Backspace)
    qtbot.waitUntil(lambda: len(studio.script.lines) == 1)
    assert studio.script.lines[0].text == first.text


def test_emoji_before_them_move_no_places(qtbot: QtBot, studio: Studio) -> None:
    """Qt counts an emoji as two."""
    waves = "👋🏽👋🏽 "
    (line_id,) = add_lines(qtbot, studio, f"{waves}One [pause 1]two three four.")
    row = studio.script_panel.rows[line_id]
    edit = row.text
    edit.setFocus()
    edit.put_cursor(len(f"{waves}One [pause 1]"))
    qtbot.keyClick(edit, Qt.Key.Key_Backspace)
    assert edit.toPlainText() == f"{waves}One two three four."
    edit.put_cursor(len(f"{waves}One tw"))
    assert studio.pronunciation_commands._word_at_cursor() == "two"
    studio.actions_.action("script.find").trigger()
    bar = studio.find_commands.bar
    bar.field.setText("three")
    qtbot.waitUntil(lambda: edit.textCursor().selectedText() == "three")
    bar.shut()
    qtbot.waitUntil(edit.hasFocus)
    assert edit.place == len(f"{waves}One two three")
    qtbot.keyClicks(edit, "[slo")
    assert edit._completion is not None
    qtbot.keyClick(edit._completion.popup(), Qt.Key.Key_Return)
    assert edit.toPlainText() == f"{waves}One two three[slow][/slow] four."
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    halves = [f"{waves}One two three[slow]", "[/slow] four."]
    qtbot.waitUntil(lambda: texts(studio) == halves)


def test_a_long_text_of_one_line_becomes_lines_when_it_is_pasted(
    qtbot: QtBot, studio: Studio
) -> None:
    (line_id,) = add_lines(qtbot, studio, "One.")
    edit = studio.script_panel.rows[line_id].text
    data = QMimeData()
    data.setText("Two three. ")
    edit.insertFromMimeData(data)
    data.setText("The lamps came on one after another. " * 40)
    edit.insertFromMimeData(data)
    qtbot.waitUntil(lambda: len(texts(studio)) == 41)
    assert [line.opens_block for line in studio.script.lines] == [True, True, *[False] * 39]


def test_pasted_text_takes_the_place_of_an_empty_line_only(qtbot: QtBot, studio: Studio) -> None:
    _, typed, _, into = add_lines(qtbot, studio, "One.", "", "", "")
    edit = studio.script_panel.rows[typed].text
    edit.setFocus()
    qtbot.keyClicks(edit, "Typed")
    studio.script.paste("Two.\n\nThree.", typed)
    expected = ["One.", "Typed", "Two.", "Three.", "", ""]
    qtbot.waitUntil(lambda: texts(studio) == expected)
    studio.script.paste("Four.\n\nFive.", into)
    qtbot.waitUntil(lambda: texts(studio) == [*expected[:5], "Four.", "Five."])
    before = studio.document.project_id
    studio.script.paste("Six.")
    studio.document.create()
    qtbot.waitUntil(lambda: studio.document.project_id != before)
    studio.project_commands.open(before)
    qtbot.waitUntil(lambda: texts(studio)[-2:] == ["Five.", "Six."])


def test_typing_is_not_forgotten_between_the_library_and_the_window(
    qtbot: QtBot, studio: Studio
) -> None:
    (line,) = add_lines(qtbot, studio, "")
    known: list[tuple[str, str]] = []
    studio.script.edit(line, "Typed")
    studio.script.flush()
    studio.document.submit(  # comes before the snapshot that has it
        studio.library.lines.get,
        line,
        done=lambda saved: known.append((saved.text, studio.script.text(line))),
    )
    qtbot.waitUntil(lambda: bool(known))
    assert known == [("Typed", "Typed")]
    qtbot.waitUntil(lambda: texts(studio) == ["Typed"] and not studio.script.unsaved)


def test_an_empty_line_goes_without_a_message(qtbot: QtBot, studio: Studio) -> None:
    add_lines(qtbot, studio, "One.", "")
    studio.script.join_with_previous(studio.script.lines[1].id)
    qtbot.waitUntil(lambda: texts(studio) == ["One."])
    assert studio.toasts.words == ""


def test_a_line_that_can_t_be_read_is_marked_and_leaves_no_empty_sound(
    qtbot: QtBot, studio: Studio
) -> None:
    (line,) = add_lines(qtbot, studio, "...")
    with qtbot.waitSignal(studio.engine.stopped):
        studio.speak((line,))
    qtbot.waitUntil(lambda: studio.script.lines[0].state == "failed")
    assert studio.playback.title == ""
    assert not studio.player_panel.play_button.isEnabled()
    assert "nothing that can be read" in studio.toasts.words


def test_the_buttons_beneath_the_script_say_no_more_than_fits(qtbot: QtBot, studio: Studio) -> None:
    panel, said = studio.script_panel, []
    for width in (400, 520, 600):
        panel.setFixedWidth(width)
        qtbot.waitUntil(lambda width=width: panel.width() == width)
        assert panel.bar._resting.sizeHint().width() <= width
        said.append(panel.bar.play_button.text())
    assert said == ["", "Play script", "Play script"]


def test_lines_clicked_with_ctrl_and_shift_are_selected_together(
    qtbot: QtBot, studio: Studio
) -> None:
    ids = add_lines(qtbot, studio, "One.", "Two.", "Three.", "Four.", "Five.")
    rows = [studio.script_panel.rows[line_id] for line_id in ids]
    click, held = qtbot.mouseClick, Qt.KeyboardModifier
    left = Qt.MouseButton.LeftButton
    click(rows[1].text.viewport(), left)
    click(rows[3].text.viewport(), left, held.ShiftModifier)
    assert studio.script.chosen == tuple(ids[1:4])
    click(rows[2].text.viewport(), left, held.ControlModifier)
    assert studio.script.chosen == (ids[1], ids[3])
    assert studio.script_panel.bar.count.text() == "2 of 5 lines selected"
    assert [row.card.property("selected") for row in rows] == [
        "false", "true", "false", "true", "false",
    ]  # fmt: skip
    click(rows[4].text.viewport(), left)
    assert studio.script.chosen == (ids[4],)


def test_the_view_follows_what_is_typed(qtbot: QtBot, studio: Studio) -> None:
    ids = add_lines(qtbot, studio, *(f"Line {number}." for number in range(9)))
    panel = studio.script_panel
    panel.focus_line(ids[-1])
    row = panel.rows[ids[-1]]
    qtbot.keyClicks(row.text, "and so on " * 60)

    def cursor_in_sight() -> bool:
        place = row.text.viewport().mapTo(panel.area.viewport(), row.text.cursorRect().center())
        return panel.area.viewport().rect().contains(place)

    qtbot.waitUntil(lambda: row.height() > 100)
    qtbot.waitUntil(cursor_in_sight)


def test_actions_act_upon_all_selected_lines_and_undo_as_one(qtbot: QtBot, studio: Studio) -> None:
    ids = add_lines(qtbot, studio, "One.", "Two.", "Three.", "Four.")
    trigger = lambda name: studio.actions_.action(name).trigger()  # noqa: E731
    studio.script.select(ids[0])
    trigger("script.more_down")
    assert studio.script.chosen == tuple(ids[:2])
    trigger("script.down")
    qtbot.waitUntil(lambda: texts(studio) == ["Three.", "One.", "Two.", "Four."])
    assert studio.script.chosen == tuple(ids[:2])
    trigger("script.lock")
    qtbot.waitUntil(lambda: [line.locked for line in studio.script.lines] == [0, 1, 1, 0])
    with qtbot.waitSignal(studio.engine.stopped, timeout=20_000):
        trigger("speak.line")
    qtbot.waitUntil(lambda: sum(bool(line.take_id) for line in studio.script.lines) == 2)
    trigger("script.delete")
    qtbot.waitUntil(lambda: texts(studio) == ["Three.", "Four."])
    trigger("edit.undo")
    qtbot.waitUntil(lambda: texts(studio) == ["Three.", "One.", "Two.", "Four."])
    trigger("script.all")
    trigger("script.join")
    qtbot.waitUntil(lambda: texts(studio) == ["Three. One. Two. Four."])
