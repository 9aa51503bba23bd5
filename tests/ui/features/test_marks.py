"""Marks in the lines of the script: shown as chips, inserted, completed, deleted, obeyed."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QMenu, QToolTip
from pytestqt.qtbot import QtBot
from studio_steps import speak

from ditar_studio.text.markup import marks_in
from ditar_studio.ui.features.script.line_edit import LineEdit
from ditar_studio.ui.features.script.mark_choices import CHOICES, problem, voice_choice
from ditar_studio.ui.kit import theme
from ditar_studio.ui.shell.studio import Studio

pytestmark = pytest.mark.filterwarnings("error")


def field(studio: Studio, text: str) -> LineEdit:
    """The first line with a text, the cursor at its end."""
    line = studio.script.lines[0]
    edit = studio.script_panel.rows[line.id].text
    edit.setFocus()
    edit.setPlainText(text)
    edit.put_cursor(-1)
    return edit


def coloured(edit: LineEdit, colour: str) -> list[str]:
    """The stretches of a field that are written in a colour of the theme."""
    wanted = theme.current().colours.color(colour)
    formats = edit.document().firstBlock().layout().formats()
    text = edit.toPlainText()
    return [
        text[f.start : f.start + f.length]
        for f in formats
        if f.format.foreground().color() == wanted
    ]


def test_marks_are_chips_and_those_that_cannot_be_used_look_wrong(
    qtbot: QtBot, studio: Studio
) -> None:
    edit = field(studio, "One [pause 1] [slow]two[/slow] [speed 9]three [x].")
    assert coloured(edit, "accent_text") == ["[pause 1]", "[slow]", "[/slow]"]
    assert coloured(edit, "danger") == ["[speed 9]"]
    ground = theme.current().colours.color("accent_soft")
    image = edit.grab().toImage()
    row = edit.cursorRect().center().y()
    seen = {image.pixelColor(x, row).name() for x in range(edit.width())}
    assert ground.name() in seen
    (_, _, _, wrong) = marks_in(edit.toPlainText())
    assert "0.5 to 2" in problem(wrong, ())


def test_a_mark_names_a_voice_that_is_there(
    qtbot: QtBot, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    voice = studio.voices.all[0]
    edit = field(studio, f"[voice Ann]One[/voice] [voice {voice.name.upper()}]two.[/voice]")
    assert coloured(edit, "danger") == ["[voice Ann]"]
    studio.script.flush()
    qtbot.waitUntil(lambda: "There is no voice “Ann”" in edit.accessibleDescription())
    reported: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _at, words, _of: reported.append(words))
    at = edit.cursorRect(edit.textCursor()).center()
    at.setX(20)
    edit.event(QHelpEvent(QEvent.Type.ToolTip, at, edit.mapToGlobal(at)))
    assert reported == [
        "There is no voice “Ann”: the line's own speaks. Write the name as it is in the library."
    ]
    typed: list[str] = []
    edit.typed.connect(typed.append)
    voices, other = studio.library.voices, studio.voices.all[1]
    studio.document.submit(voices.rename, other.id, "Ann")
    qtbot.waitUntil(lambda: coloured(edit, "danger") == [])
    qtbot.waitUntil(lambda: "“Ann”" not in edit.accessibleDescription())
    studio.document.submit(voices.delete, voice.id)
    qtbot.waitUntil(lambda: coloured(edit, "danger") == [f"[voice {voice.name.upper()}]"])
    studio.document.submit(voices.rename, other.id, "Bea")  # as its marks do then
    qtbot.waitUntil(lambda: edit.toPlainText().startswith("[voice Bea]One[/voice]"))
    assert not typed


def test_every_mark_that_is_offered_can_be_used() -> None:
    for choice in (*CHOICES, voice_choice("Ben")):
        filled = choice.begins.replace("[say ]", "[say dee]").replace("//", "/kæt/")
        (mark,) = marks_in(filled)
        assert not problem(mark, {"ben"})
        assert choice.ends in ("", f"[/{mark.name}]")


def test_the_menu_puts_a_mark_around_what_is_selected(qtbot: QtBot, studio: Studio) -> None:
    edit = field(studio, "One two three.")
    cursor = edit.textCursor()
    cursor.setPosition(4)
    cursor.setPosition(7, cursor.MoveMode.KeepAnchor)
    edit.setTextCursor(cursor)
    studio.actions_.action("script.marks").trigger()
    menu = next(m for m in studio.script_panel.findChildren(QMenu) if m.isVisible())
    words = [action.text() for action in menu.actions() if action.text()]
    assert words[:3] == ["Short pause", "Long pause", "Slower"]
    next(a for a in menu.actions() if a.text() == "Slower").trigger()
    menu.close()
    assert edit.toPlainText() == "One [slow]two[/slow] three."
    studio.script.flush()
    qtbot.waitUntil(lambda: studio.script.lines[0].text == "One [slow]two[/slow] three.")
    edit.insert_mark(voice_choice("Emma"))
    assert "[voice Emma][/voice]" in edit.toPlainText()


def test_a_bracket_offers_marks_and_return_takes_one(qtbot: QtBot, studio: Studio) -> None:
    edit = field(studio, "One ")
    lines = len(studio.script.lines)
    qtbot.keyClicks(edit, "[s")
    offered = edit._completion
    assert offered is not None
    assert offered.shown
    qtbot.keyClicks(edit, "l")
    popup = offered.popup()
    image = popup.grab().toImage()  # what is transparent in a window of its own is black
    ground = image.pixelColor(popup.width() - 8, popup.height() - 4)
    assert ground == theme.current().colours.color("raised")
    assert popup is not None
    qtbot.keyClick(popup, Qt.Key.Key_Return)
    assert edit.toPlainText() == "One [slow][/slow]"
    assert edit.textCursor().position() == len("One [slow]")
    assert not offered.shown
    assert len(studio.script.lines) == lines
    qtbot.keyClicks(edit, "two [zzz")
    assert not offered.shown


def test_a_mark_is_deleted_as_a_whole(qtbot: QtBot, studio: Studio) -> None:
    edit = field(studio, "One [pause 1]two")
    edit.put_cursor(len("One [pause 1]"))
    qtbot.keyClick(edit, Qt.Key.Key_Backspace)
    assert edit.toPlainText() == "One two"
    edit.setPlainText("[slow]One[/slow]")
    edit.put_cursor(0)
    qtbot.keyClick(edit, Qt.Key.Key_Delete)
    assert edit.toPlainText() == "One[/slow]"


def test_marks_are_spoken_and_titles_are_without_them(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, "One [pause 2] two [slow]three[/slow]")
    take = studio.takes.shown[0]
    assert take.seconds == pytest.approx(0.4 + 2.0 + 0.4 + 0.5, abs=0.05)
    assert studio.takes.title(take) == "1 · One two three"
    assert [take.text[w.start : w.end] for w in take.words] == ["One", "two", "three"]
