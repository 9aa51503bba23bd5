"""Rows of the script: whole at every size of text, and no typed word is lost."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot
from studio_steps import dialog

from ditar_studio.errors import StudioError
from ditar_studio.ui.kit.dialogs.ask import LeaveDialog
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.shell.studio import Studio


@pytest.fixture
def text_size(request: pytest.FixtureRequest, preferences: PreferenceFile) -> None:
    """Text in another size, before there is a window that has to change to it."""
    preferences.change(text_size=request.param)


@pytest.mark.parametrize("text_size", [1.0, 1.6, 2.0], indirect=True)
@pytest.mark.parametrize("width", [800, 1024, 1280])
@pytest.mark.usefixtures("text_size")
def test_no_control_of_a_row_is_cut(qtbot: QtBot, studio: Studio, width: int) -> None:
    studio.window.resize(width, 800)
    line_id = studio.script.lines[0].id
    qtbot.waitUntil(lambda: line_id in studio.script_panel.rows)
    row = studio.script_panel.rows[line_id]
    speak = studio.script_panel.bar.speak_button
    parts = [row.number, row.voice, row.state, row.play, row.lock, row.more]

    def cut() -> list[QWidget]:
        small = [part for part in parts if part.width() < part.sizeHint().width()]
        small += [speak] if speak.height() < speak.minimumSizeHint().height() else []
        corners = {part: part.mapTo(row, part.rect().bottomRight()) for part in (*parts, row.pause)}
        outside = [part for part, corner in corners.items() if not row.rect().contains(corner)]
        return [part for part in (*small, *outside) if part.isVisible()]

    qtbot.waitUntil(lambda: cut() == [])


def first_text(studio: Studio) -> str:
    return studio.script.lines[0].text if studio.script.lines else ""


def test_a_deleted_line_comes_back_with_what_was_typed_just_before(
    qtbot: QtBot, studio: Studio
) -> None:
    row = studio.script_panel.rows[studio.script.lines[0].id]
    row.text.selectAll()
    qtbot.keyClicks(row.text, "Typed just now.")
    studio.script.delete()
    qtbot.waitUntil(lambda: not studio.script.lines)
    studio.undo()
    qtbot.waitUntil(lambda: first_text(studio) == "Typed just now.")


def test_undo_goes_back_in_the_order_in_which_things_were_done(
    qtbot: QtBot, studio: Studio
) -> None:
    line = studio.script.lines[0]
    row = studio.script_panel.rows[line.id]
    row.text.selectAll()
    qtbot.keyClicks(row.text, "Typed first.")
    studio.script.set_voice(line.id, studio.script.voices[1].id)
    qtbot.waitUntil(lambda: studio.script.lines[0].voice_id is not None)
    studio.undo()
    qtbot.waitUntil(lambda: studio.script.lines[0].voice_id is None)
    assert first_text(studio) == "Typed first."


def test_pasting_over_an_empty_line_is_one_step(qtbot: QtBot, studio: Studio) -> None:
    row = studio.script_panel.rows[studio.script.lines[0].id]
    row.text.clear()
    studio.script.flush()
    qtbot.waitUntil(lambda: first_text(studio) == "")
    studio.script.paste("One.\n\nTwo.", studio.script.selected)
    qtbot.waitUntil(lambda: [line.text for line in studio.script.lines] == ["One.", "Two."])
    studio.undo()
    qtbot.waitUntil(lambda: [line.text for line in studio.script.lines] == [""])


def test_what_was_typed_while_the_disk_was_full_is_kept_and_reported(
    qtbot: QtBot, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = studio.library.lines
    reported: list[str] = []
    studio.bridge.failed.connect(lambda message, _remedy: reported.append(message))

    def full(_line_id: str, _text: str) -> None:
        raise StudioError("The disk is full.", "Make room.")

    with monkeypatch.context() as spoiled:
        spoiled.setattr(lines, "set_text", full)
        row = studio.script_panel.rows[studio.script.lines[0].id]
        row.text.selectAll()
        qtbot.keyClicks(row.text, "Not to be lost.")
        qtbot.waitUntil(lambda: reported == ["The disk is full."])
        studio.script_panel.refresh()
        assert row.text.toPlainText() == "Not to be lost."
        studio.window.close()
        asked = dialog(qtbot, studio, LeaveDialog)
        said = [each.text() for each in asked.findChildren(QLabel)]
        assert "What was typed last can't be saved. It would be lost." in said
        asked.reject()
    studio.script.flush()
    qtbot.waitUntil(lambda: first_text(studio) == "Not to be lost.")
    assert not studio.script.failing
