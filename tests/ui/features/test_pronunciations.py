"""Pronunciations in the studio: the lists, and one word that is heard and chosen."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from ditar_studio.store.project import NewLine
from ditar_studio.text.lexicon import Lexicon
from ditar_studio.ui.features.pronunciations.lexicon_dialog import PronunciationsDialog
from ditar_studio.ui.features.pronunciations.word_dialog import WordDialog
from ditar_studio.ui.shell.studio import Studio


def shown(qtbot: QtBot, studio: Studio, kind: type[QDialog]) -> QDialog:
    qtbot.waitUntil(lambda: bool(studio.window.findChildren(kind)))
    return studio.window.findChildren(kind)[-1]


@pytest.fixture
def line(qtbot: QtBot, studio: Studio) -> str:
    """A line that says “The gif of Nguyen.”, spoken and up to date, with the cursor in “gif”."""
    lines = [NewLine("The gif of Nguyen.")]
    studio.document.submit(studio.library.lines.replace_all, studio.document.project_id, lines)
    qtbot.waitUntil(lambda: [x.text for x in studio.script.lines] == ["The gif of Nguyen."])
    line_id = studio.script.lines[0].id
    with qtbot.waitSignal(studio.engine.stopped, timeout=20_000):
        studio.speak((line_id,))
    qtbot.waitUntil(lambda: studio.script.lines[0].state == "rendered")
    studio.script.select(line_id)
    studio.script_panel.rows[line_id].text.put_cursor(5)
    return line_id


def test_the_word_at_the_cursor_is_heard_and_kept_for_all_projects(
    qtbot: QtBot, studio: Studio, line: str
) -> None:
    studio.actions_.action("script.word").trigger()
    dialog = shown(qtbot, studio, WordDialog)
    assert isinstance(dialog, WordDialog)
    assert dialog.word.text() == "gif"
    dialog.said.setText("jif")
    dialog.said.textEdited.emit("jif")
    dialog.hear.click()
    qtbot.waitUntil(lambda: studio.playback.source == "word")
    dialog.scope.choose("all")
    dialog.ok.click()
    general = studio.library.projects.general_lexicon
    qtbot.waitUntil(lambda: studio.library.submit(general).result() == "gif = jif\n")
    qtbot.waitUntil(lambda: studio.script.lines[0].state == "stale")
    with qtbot.waitSignal(studio.engine.stopped, timeout=20_000):
        studio.speak((line,))
    qtbot.waitUntil(lambda: studio.script.lines[0].state == "rendered")
    assert studio.takes.shown[0].recipe.pronunciations == "gif = jif"


def test_a_projects_own_pronunciation_goes_before_that_of_all(
    qtbot: QtBot, studio: Studio, line: str
) -> None:
    studio.actions_.action("script.words").trigger()
    dialog = shown(qtbot, studio, PronunciationsDialog)
    assert isinstance(dialog, PronunciationsDialog)
    dialog.fields["project"].setPlainText("gif = gif")
    dialog.fields["all"].setPlainText("gif = jif\nNguyen = win")
    dialog.ok.click()
    projects = studio.library.projects

    def in_force() -> str:
        project = studio.library.submit(projects.get, studio.document.project_id).result()
        return studio.library.submit(projects.lexicon_of, project).result()

    qtbot.waitUntil(lambda: in_force() == "gif = gif\nNguyen = win")


def test_lists_are_read_from_files_and_written(
    qtbot: QtBot, appearance: object, tmp_path: Path
) -> None:
    dialog = PronunciationsDialog("cat = kat\n", "")
    qtbot.addWidget(dialog)
    (tmp_path / "a.csv").write_text("dog,dawg\nodd,/ʘ/\n", encoding="utf-8")
    dialog.read_file(tmp_path / "a.csv")
    assert dialog.fields["project"].toPlainText() == "cat = kat\ndog = dawg\n"
    assert dialog.problem.text() == "1 word was read. Left out: odd"
    dialog.write_file(tmp_path / "b.pls")
    assert dialog.problem.text() == "2 words are exported."
    assert "<alias>dawg</alias>" in (tmp_path / "b.pls").read_text(encoding="utf-8")
    dialog.read_file(tmp_path / "none.csv")
    assert "can't be read" in dialog.problem.text()
    changed: list[str] = []
    dialog.changed.connect(changed.append)
    dialog.general_changed.connect(changed.append)
    dialog.accept()
    assert changed == ["cat = kat\ndog = dawg\n"]
    dialog.fields["all"].setPlainText("a b c")
    assert not dialog.ok.isEnabled()


def test_readings_follow_the_word(qtbot: QtBot, appearance: object) -> None:
    dialog = WordDialog("record", Lexicon())
    qtbot.addWidget(dialog)
    texts = [dialog.list.item(n).text() for n in range(dialog.list.count())]
    assert texts[0] == "/ɹˈɛkɚd/  –  as it is said now"
    assert "/ɹɪkˈɔɹd/  –  as a verb" in texts
    dialog.list.setCurrentRow(1)
    assert dialog.said.text() == "/ɹɪkˈɔɹd/"
    dialog.word.setText("漢")
    assert not dialog.ok.isEnabled()
    dialog.word.setText("")
    assert not dialog.hear.isEnabled()
