"""Work that goes on in one project while another is open, and voices that go meanwhile."""

from __future__ import annotations

import threading

import pytest
from pytestqt.qtbot import QtBot
from studio_steps import dialog

from ditar_studio.errors import StudioError
from ditar_studio.store.project import NewLine
from ditar_studio.ui.features.project.history_dialog import BinDialog
from ditar_studio.ui.features.project.projects_dialog import ProjectsDialog
from ditar_studio.ui.kit.widgets.messages import Banner
from ditar_studio.ui.shell.studio import Studio

pytestmark = pytest.mark.filterwarnings("error")


def script(qtbot: QtBot, studio: Studio, *texts: str) -> list[str]:
    """Makes a script of texts; ids of its lines."""
    lines = [NewLine(text) for text in texts]
    studio.document.submit(studio.library.lines.replace_all, studio.document.project_id, lines)
    qtbot.waitUntil(lambda: [line.text for line in studio.script.lines] == list(texts))
    return [line.id for line in studio.script.lines]


def banners(studio: Studio) -> list[Banner]:
    return [each for each in studio.window.findChildren(Banner) if each.isVisible()]


def new_project(qtbot: QtBot, studio: Studio) -> None:
    before = studio.document.project_id
    studio.actions_.action("file.new").trigger()
    qtbot.waitUntil(lambda: studio.document.project_id != before and not studio.script.lines)


def test_another_project_shows_nothing_of_the_lines_that_wait(
    qtbot: QtBot, studio: Studio, gate: threading.Semaphore
) -> None:
    ids = script(qtbot, studio, "One.", "Two.", "Three.")
    first, bar = studio.document.project_id, studio.script_panel.bar
    studio.speak(tuple(ids))
    qtbot.waitUntil(lambda: bar.doing.text().startswith("1 of 3 · Speaking line 1"))
    assert bar.queue_button.isVisible()
    new_project(qtbot, studio)
    assert not bar.queue_button.isVisible()
    assert studio.waiting.line_ids == ()
    with qtbot.waitSignal(studio.engine.flowed):
        gate.release()
    qtbot.waitUntil(lambda: "In another project" in bar.doing.text())
    with qtbot.waitSignal(studio.engine.stopped):
        studio.stop()
        gate.release()
    assert [mark.text for mark in studio.player_panel._marks] == ["1"]

    def kept() -> tuple[str, ...]:
        return studio.library.submit(studio.library.projects.queue, first).result()

    qtbot.waitUntil(lambda: kept() == ())
    studio.project_commands.open(first)
    qtbot.waitUntil(lambda: len(studio.script.lines) == 3)
    assert not bar.strip.isVisible()


def test_what_failed_is_reported_when_all_is_spoken(
    qtbot: QtBot, studio: Studio, gate: threading.Semaphore
) -> None:
    ids = script(qtbot, studio, "One.", "Two.", "Three.")
    voice = studio.voices.current
    assert voice is not None
    studio.speak(tuple(ids))
    with qtbot.waitSignal(studio.engine.take_made):
        pass
    studio.actions_.action("voice.delete").trigger()
    qtbot.waitUntil(
        lambda: studio.toasts.words == f"“{voice.name}” is deleted; the project has no voice now."
    )
    with qtbot.waitSignal(studio.engine.stopped):
        gate.release(3)
    assert "deleted" in studio.toasts.words  # with its Undo, that nothing has hidden
    qtbot.waitUntil(lambda: bool(banners(studio)))
    (banner,) = banners(studio)
    assert banner.message == "2 lines could not be spoken."
    assert banner.remedy.startswith("This voice is no longer there.")
    studio.failed_lines._show(studio.document.project_id, ids[1])
    assert studio.script.selected == ids[1]
    studio.toasts.button.click()
    qtbot.waitUntil(lambda: studio.voices.voice(voice.id) is not None)
    with qtbot.waitSignal(studio.engine.stopped):
        gate.release(3)
        studio.speak_stale()
    qtbot.waitUntil(lambda: all(line.state == "rendered" for line in studio.script.lines))
    assert not banners(studio)
    first = studio.document.project_id
    new_project(qtbot, studio)
    studio.failed_lines._show(first, ids[2])
    qtbot.waitUntil(lambda: studio.script.selected == ids[2])


def test_why_speaking_broke_off_is_reported_until_it_is_seen(
    qtbot: QtBot, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = script(qtbot, studio, "One.", "Two.", "Three.")

    def full(*_arguments: object) -> None:
        raise StudioError("The disk is full.", "Make room.")

    with monkeypatch.context() as spoiled:
        spoiled.setattr(studio.library.takes, "begin", full)
        with qtbot.waitSignal(studio.engine.broken_off):
            studio.speak(tuple(ids))
    qtbot.waitUntil(lambda: [each.message for each in banners(studio)] == ["The disk is full."])
    assert studio.waiting.line_ids == tuple(ids[1:])
    with qtbot.waitSignal(studio.engine.stopped):
        studio.speak_stale()
    assert not banners(studio)


def test_deleting_a_voice_tells_which_lines_spoke_in_it(qtbot: QtBot, studio: Studio) -> None:
    ids = script(qtbot, studio, "One.", "Two.", "Three.")
    project_voice, other, unused = studio.voices.all[:3]
    assert studio.voices.speaks(project_voice)
    for line_id in ids[:2]:
        studio.script.set_voice(line_id, other.id)
    qtbot.waitUntil(lambda: studio.script.lines[1].voice_id == other.id)
    for voice, words in (
        (other, f"“{other.name}” is deleted; 2 lines have no voice now."),
        (unused, f"“{unused.name}” is deleted."),
    ):
        studio.voices.select(voice.id)
        studio.actions_.action("voice.delete").trigger()
        qtbot.waitUntil(lambda words=words: studio.toasts.words == words)


def test_the_list_of_projects_proposes_another_than_the_open_one(
    qtbot: QtBot, studio: Studio
) -> None:
    first = studio.document.project_id
    new_project(qtbot, studio)
    studio.actions_.action("file.open").trigger()
    asked = dialog(qtbot, studio, ProjectsDialog)
    asked.search.setText("untitled 2")
    assert asked.ok.isEnabled()
    asked.search.setText("untitled")
    asked.accept()
    qtbot.waitUntil(lambda: studio.document.project_id == first)
    studio.actions_.action("file.delete").trigger()
    qtbot.waitUntil(lambda: studio.document.project_id != first)
    studio.actions_.action("file.bin").trigger()
    dialog(qtbot, studio, BinDialog).restore.click()
    qtbot.waitUntil(lambda: studio.toasts.words == "1 thing is restored.")
    studio.toasts.button.click()
    qtbot.waitUntil(lambda: studio.document.project_id == first)
    studio.document.submit(studio.library.projects.rename, first, "Q & A")
    menu = studio.window.project_menu
    qtbot.waitUntil(lambda: menu.actions()[0].text() == "Q && A")
    assert studio.window.project.text() == "Q && A"
