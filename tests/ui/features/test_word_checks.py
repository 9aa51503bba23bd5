"""Lines that don't say what is written: marked, told, spoken again, or accepted."""

from __future__ import annotations

import random
import secrets

import pytest
from PySide6.QtGui import QTextCharFormat
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot
from studio_steps import speak

from ditar_studio.store.take import Listener, Take, WordCheck
from ditar_studio.ui.shell.studio import Studio

pytestmark = pytest.mark.filterwarnings("error")


def underlined(studio: Studio, line_id: str) -> list[str]:
    """The words of a line that are underlined as heard otherwise."""
    wave = QTextCharFormat.UnderlineStyle.WaveUnderline
    selections = studio.script_panel.rows[line_id].text.extraSelections()
    return [s.cursor.selectedText() for s in selections if s.format.underlineStyle() == wave]


def test_words_that_differ_are_marked_and_reported(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, "Plain words here", "Now I mumble again")
    plain, wrong = (line.id for line in studio.script.lines)
    qtbot.waitUntil(lambda: studio.word_checks.line_ids == (wrong,))
    assert underlined(studio, plain) == []
    assert underlined(studio, wrong) == ["mumble"]
    studio.playback.unload()
    row = studio.script_panel.rows[wrong]
    qtbot.waitUntil(lambda: row.state.text() == "1 word differs")
    assert "“mumble”" in row.text.accessibleDescription()
    bar = studio.script_panel.differences
    assert bar.isVisible()
    assert bar.words.text() == "1 line may not say what is written."
    studio.script.select(plain)
    bar.show_button.click()
    assert studio.script.selected == wrong
    assert row.text.textCursor().position() == len("Now I ")


def test_a_word_that_is_corrected_is_no_longer_marked(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, "Now I mumble again")
    (line,) = studio.script.lines
    qtbot.waitUntil(lambda: underlined(studio, line.id) == ["mumble"])
    studio.script_panel.rows[line.id].text.setPlainText("Now I speak again")
    studio.script.flush()
    qtbot.waitUntil(lambda: not studio.word_checks.differing)
    assert underlined(studio, line.id) == []
    assert not studio.script_panel.differences.isVisible()


def test_what_differs_is_spoken_again_with_retries(
    qtbot: QtBot, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With these seeds two lines are wrong at first, and right when redone.
    monkeypatch.setattr(secrets, "randbelow", random.Random(1).randrange)
    studio.parameters.set("seed", 3)
    speak(qtbot, studio, "Plain words here", "It sometimes works", "It sometimes does", "I mumble")
    before = {line.id: line.take_id for line in studio.script.lines}
    ids = list(before)
    qtbot.waitUntil(lambda: studio.word_checks.line_ids == tuple(ids[1:]))
    studio.document.submit(studio.library.lines.set_locked, [ids[3]], True)
    qtbot.waitUntil(lambda: ids[3] not in studio.word_checks.to_redo)
    with qtbot.waitSignal(studio.engine.stopped):
        studio.script_panel.differences.redo_button.click()
    qtbot.waitUntil(lambda: studio.word_checks.line_ids == (ids[3],))
    after = {line.id: line.take_id for line in studio.script.lines}
    changed = {i for i in ids if after[i] != before[i]}
    assert changed == {ids[1], ids[2]}


def test_one_line_is_redone_or_accepted_from_its_menu(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, "Plain words here", "I mumble")
    plain, wrong = (line.id for line in studio.script.lines)
    qtbot.waitUntil(lambda: wrong in studio.word_checks.differing)
    rows = studio.script_panel.rows
    assert "Redo what differs in this line" not in menu_words(studio, rows[plain])
    assert "Redo what differs in this line" in menu_words(studio, rows[wrong])
    studio.script.select(wrong)
    redo = studio.actions_.action("speak.redo_line")
    qtbot.waitUntil(redo.isEnabled)
    with qtbot.waitSignal(studio.engine.stopped):
        redo.trigger()
    qtbot.waitUntil(lambda: len(studio.takes.shown) == 2)
    assert studio.takes.shown[0].recipe.settings["retries"] == 3
    studio.actions_.action("script.accept").trigger()
    qtbot.waitUntil(lambda: not studio.word_checks.differing)
    assert underlined(studio, wrong) == []
    studio.undo()
    qtbot.waitUntil(lambda: studio.word_checks.line_ids == (wrong,))


def menu_words(studio: Studio, row: object) -> list[str]:
    row.more.click()  # type: ignore[attr-defined]
    menu = next(m for m in studio.script_panel.findChildren(QMenu) if m.isVisible())
    words = [action.text() for action in menu.actions()]
    menu.close()
    return words


def test_whisper_listens_in_the_background_after_all_is_spoken(
    qtbot: QtBot, studio: Studio
) -> None:
    heard: list[tuple[str, str, bool]] = []

    def listen(take: Take, by: Listener) -> WordCheck:
        heard.append((take.text, by, studio.engine.speaking))
        return WordCheck(by, ((0, 5),))

    studio.word_checks._listen = listen
    studio.preferences.change(listener="whisper")
    speak(qtbot, studio, "Plain words here", "And these")
    ids = tuple(line.id for line in studio.script.lines)
    qtbot.waitUntil(lambda: studio.word_checks.line_ids == ids)
    assert heard == [("Plain words here", "whisper", False), ("And these", "whisper", False)]
    assert underlined(studio, ids[0]) == ["Plain"]
    studio.parameters.set("verify", False)
    studio.parameters.flush()
    qtbot.waitUntil(lambda: studio.script.lines[0].generation.get("verify") is False)
    with qtbot.waitSignal(studio.engine.stopped):
        studio.speak((ids[0],))
    qtbot.waitUntil(lambda: len(studio.takes.shown) == 2)
    assert len(heard) == 2  # listening is switched off


def test_automatic_retries_are_set_beside_the_candidates(qtbot: QtBot, studio: Studio) -> None:
    panel = studio.parameters_panel
    assert panel.retries.isVisibleTo(panel)
    studio.parameters.set("retries", 2.0)
    studio.parameters.flush()
    speak(qtbot, studio, "Three small words")
    assert studio.takes.shown[0].recipe.settings["retries"] == 2
    assert not panel.verify.isEnabled()
    assert panel.verify.isChecked()
