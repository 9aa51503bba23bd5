"""Paragraphs, chapters, the queue of lines, and following what is heard, in the whole studio."""

from __future__ import annotations

import re
import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot
from studio_steps import dialog, reopen, speak

from ditar_studio.services.line_queue import LineQueue
from ditar_studio.ui.features.parameters.view_model import Scope
from ditar_studio.ui.features.project.history_dialog import BinDialog, VersionsDialog
from ditar_studio.ui.features.project.snapshot import Snapshot
from ditar_studio.ui.features.script.queue_dialog import QueueDialog
from ditar_studio.ui.kit import notifications
from ditar_studio.ui.kit.dialogs.ask import LeaveDialog, NumberDialog, TextDialog
from ditar_studio.ui.kit.widgets.messages import Banner
from ditar_studio.ui.shell import job_commands
from ditar_studio.ui.shell.studio import Studio

pytestmark = pytest.mark.filterwarnings("error")


PROSE = "One here. Two there. Three now.\n\nFour then. Five last."


def paste(qtbot: QtBot, studio: Studio, text: str, lines: int) -> list[str]:
    """Makes a pasted text the script; ids of its lines."""
    studio.script.select_all()
    studio.script.delete()
    qtbot.waitUntil(lambda: not studio.script.lines)
    studio.script.paste(text)
    qtbot.waitUntil(lambda: len(studio.script.lines) == lines)
    return [line.id for line in studio.script.lines]


def opens(studio: Studio) -> list[bool]:
    return [line.opens_block for line in studio.script.lines]


def test_pasted_paragraphs_are_blocks_with_longer_pauses_behind_them(
    qtbot: QtBot, studio: Studio
) -> None:
    ids = paste(qtbot, studio, PROSE, 5)
    assert opens(studio) == [True, False, False, True, False]
    assert [line.pause_seconds for line in studio.script.lines] == [0.25, 0.25, 0.6, 0.25, 0.25]
    rows = studio.script_panel.rows
    qtbot.waitUntil(lambda: len(rows) == 5)
    assert [rows[i].pause.isVisible() for i in ids] == opens(studio)
    kinds = [rows[i].card.property("in_block") for i in ids]
    assert kinds == ["first", "middle", "last", "first", "last"]
    assert rows[ids[1]].y() == rows[ids[0]].geometry().bottom() + 1
    assert rows[ids[3]].y() > rows[ids[2]].geometry().bottom() + 1
    assert rows[ids[1]].height() < rows[ids[0]].height()
    assert rows[ids[0]].pause.value() == 0.6  # of the paragraph: behind its last line
    rows[ids[0]].pause.setValue(1.0)
    qtbot.waitUntil(
        lambda: [line.pause_seconds for line in studio.script.lines][:3] == [0.25, 0.25, 1.0]
    )


def test_return_begins_a_paragraph_and_shift_return_a_line_in_it(
    qtbot: QtBot, studio: Studio
) -> None:
    row = studio.script_panel.rows[studio.script.lines[0].id]
    row.text.setFocus()
    row.text.put_cursor(6)
    qtbot.keyClick(row.text, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: opens(studio) == [True, False])
    row.text.put_cursor(-1)
    qtbot.keyClick(row.text, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: opens(studio) == [True, True, False])
    studio.undo()
    qtbot.waitUntil(lambda: opens(studio) == [True, False])
    studio.script.select(studio.script.lines[1].id)
    studio.actions_.action("script.block").trigger()
    qtbot.waitUntil(lambda: opens(studio) == [True, True])


def test_a_chapter_has_its_title_above_its_first_line(qtbot: QtBot, studio: Studio) -> None:
    ids = paste(qtbot, studio, PROSE, 5)
    studio.script.select(ids[3])
    studio.actions_.action("script.section").trigger()
    asked = dialog(qtbot, studio, TextDialog)
    asked.field.setText("The sea")
    asked.accept()
    row = studio.script_panel.rows[ids[3]]
    qtbot.waitUntil(row.title.isVisible)
    assert row.title.text() == "The sea"
    row.title.setText("The lake")
    row.title.editingFinished.emit()
    qtbot.waitUntil(lambda: studio.script.lines[3].section == "The lake")


def test_what_can_be_done_with_a_line_is_in_a_menu_beside_it(qtbot: QtBot, studio: Studio) -> None:
    ids = paste(qtbot, studio, PROSE, 5)
    studio.script_panel.rows[ids[1]].more.click()
    menu = next(m for m in studio.script_panel.findChildren(QMenu) if m.isVisible())
    assert studio.script.selected == ids[1]
    words = [action.text() for action in menu.actions()]
    assert "Lock the line" in words
    assert "Voice" in words
    menu.close()
    studio.actions_.action("script.pause").trigger()
    asked = dialog(qtbot, studio, NumberDialog)
    asked.field.setValue(2.5)
    asked.accept()
    qtbot.waitUntil(lambda: studio.script.lines[1].pause_seconds == 2.5)


def choose(studio: Studio, scope: Scope) -> None:
    """Chooses whose parameters are shown."""
    panel = studio.parameters_panel
    panel.scope.activated.emit(panel.scope.findData(scope))


def test_settings_of_a_line_and_of_its_paragraph_are_its_own_and_seen(
    qtbot: QtBot, studio: Studio
) -> None:
    speak(qtbot, studio, "First line", "Second line of it")
    first, second = (line.id for line in studio.script.lines)
    panel, parameters = studio.parameters_panel, studio.parameters
    studio.script.select(second)
    studio.actions_.action("script.settings").trigger()
    assert parameters.scope is Scope.LINE
    assert panel.scope.currentData() is Scope.LINE
    assert not panel.speed.isVisibleTo(panel)
    panel.temperature.set_value(0.9)
    qtbot.waitUntil(lambda: [x.state for x in studio.script.lines] == ["rendered", "stale"])
    own = studio.script_panel.rows[second].own
    qtbot.waitUntil(lambda: not own.isHidden())
    assert "Temperature 0.9" in own.toolTip()
    assert studio.script_panel.rows[first].own.isHidden()
    studio.script.select(first)
    qtbot.waitUntil(lambda: panel.temperature.value == 0.5)
    studio.script.select(second)
    qtbot.waitUntil(lambda: panel.temperature.value == 0.9)
    panel.temperature.reset_button.click()
    qtbot.waitUntil(lambda: [x.state for x in studio.script.lines] == ["rendered"] * 2)
    choose(studio, Scope.BLOCK)
    panel.temperature.set_value(0.7)
    qtbot.waitUntil(lambda: studio.script.lines[1].block_settings == {"temperature": 0.7})
    choose(studio, Scope.LINE)
    assert panel.temperature.default == 0.7
    choose(studio, Scope.PROJECT)
    assert panel.temperature.value == 0.5


def test_settings_of_a_voice_hold_wherever_it_speaks(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, "First line", "Second line of it")
    voices = {voice.name: voice.id for voice in studio.script.voices}
    studio.script.set_voice(studio.script.lines[1].id, voices["Michael"])
    qtbot.waitUntil(lambda: studio.script.lines[1].voice_id == voices["Michael"])
    studio.script.select(studio.script.lines[1].id)
    choose(studio, Scope.VOICE)
    studio.parameters.set("steps", 20)
    qtbot.waitUntil(lambda: studio.script.lines[1].generation.get("steps") == 20)
    assert "steps" not in studio.script.lines[0].generation


def test_what_waits_is_shown_put_in_order_paused_and_gone_on_with(
    qtbot: QtBot, studio: Studio, gate: threading.Semaphore
) -> None:
    ids = paste(qtbot, studio, "One.\n\nTwo.\n\nThree.\n\nFour.", 4)
    bar = studio.script_panel.bar
    reported: list[str] = []
    begun: list[str] = []
    studio.engine.line_begun.connect(begun.append)
    studio.engine.flowed.connect(lambda _flow: reported.append(bar.doing.text()))

    def pause_first(_line_id: str) -> None:
        if len(begun) == 1:
            studio.waiting.reorder([ids[3], ids[1], ids[2]])
            studio.waiting.remove([ids[1]])
            studio.actions_.action("speak.pause").trigger()
        gate.release()

    studio.engine.line_begun.connect(pause_first)
    with qtbot.waitSignal(studio.engine.stopped):
        studio.speak_stale()
    assert begun == [ids[0]]
    assert any(re.match("1 of [34] · Speaking line 1", words) for words in reported), reported
    assert studio.waiting.line_ids == (ids[3], ids[2])
    assert bar.strip.isVisible()
    assert bar.left.text() == "2 lines still wait to be spoken."
    made = studio.playback.samples().size
    studio.actions_.action("speak.queue").trigger()
    shown = dialog(qtbot, studio, QueueDialog)
    assert [shown.list.item(n).text()[0] for n in range(2)] == ["4", "3"]
    shown.list.setCurrentRow(1)
    shown.first.click()
    assert studio.waiting.line_ids == (ids[2], ids[3])
    shown.accept()
    with qtbot.waitSignal(studio.engine.stopped):
        gate.release()
        bar.go_on_button.click()
    assert begun == [ids[0], ids[2], ids[3]]
    assert any(words.startswith("3 of 3 · Speaking line 4") for words in reported), reported
    assert studio.playback.samples().size > made  # it is heard behind what was made before
    assert not bar.strip.isVisible()


def test_a_line_asked_for_while_others_are_spoken_is_next(
    qtbot: QtBot, studio: Studio, gate: threading.Semaphore
) -> None:
    ids = paste(qtbot, studio, "One.\n\nTwo.\n\nThree.", 3)
    begun: list[str] = []
    studio.engine.line_begun.connect(begun.append)
    studio.engine.line_begun.connect(
        lambda _line: studio.speak((ids[2],)) if len(begun) == 1 else None
    )
    studio.engine.line_begun.connect(lambda _line: gate.release())
    with qtbot.waitSignal(studio.engine.stopped):
        studio.speak(tuple(ids))
    assert begun == [ids[0], ids[2], ids[1]]
    assert studio.toasts.words == "It is spoken next."


def test_what_waited_waits_again_in_a_reopened_project(
    qtbot: QtBot, studio: Studio, gate: threading.Semaphore
) -> None:
    ids = paste(qtbot, studio, "One.\n\nTwo.\n\nThree.", 3)
    project_id = studio.document.project_id
    studio.engine.line_begun.connect(lambda _line: studio.engine.pause())
    studio.engine.line_begun.connect(lambda _line: gate.release())
    with qtbot.waitSignal(studio.engine.stopped):
        studio.speak(tuple(ids))
    kept = studio.library.submit(studio.library.projects.queue, project_id).result()
    assert kept == tuple(ids[1:])
    studio.waiting._left.clear()  # as after a restart
    studio.engine.project_id = ""
    reopen(qtbot, studio)
    qtbot.waitUntil(lambda: studio.waiting.line_ids == tuple(ids[1:]))
    bar = studio.script_panel.bar
    assert bar.strip.isVisible()
    bar.away_button.click()
    assert not bar.strip.isVisible()

    def kept_now() -> tuple[str, ...]:
        return studio.library.submit(studio.library.projects.queue, project_id).result()

    qtbot.waitUntil(lambda: kept_now() == ())


def test_a_line_that_is_about_to_begin_waits_once_after_a_crash(
    qtbot: QtBot, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, take = threading.Event(), LineQueue.next_take
    monkeypatch.setattr(
        LineQueue, "next_take", lambda queue: (gate.wait(60) and take(queue)) or None
    )
    ids = paste(qtbot, studio, "One.\n\nTwo.", 2)
    studio.speak(tuple(ids))
    project_id, find = studio.document.project_id, studio.library.projects.queue
    qtbot.waitUntil(lambda: studio.library.submit(find, project_id).result() == tuple(ids))
    with qtbot.waitSignal(studio.engine.stopped):
        gate.set()


def test_stopping_leaves_nothing_waiting(
    qtbot: QtBot, studio: Studio, gate: threading.Semaphore
) -> None:
    ids = paste(qtbot, studio, "One.\n\nTwo.\n\nThree.", 3)
    studio.engine.line_begun.connect(lambda _line: studio.stop())
    studio.engine.line_begun.connect(lambda _line: gate.release())
    with qtbot.waitSignal(studio.engine.stopped):
        studio.speak(tuple(ids))
    assert studio.waiting.line_ids == ()
    assert not studio.script_panel.bar.strip.isVisible()


def test_the_word_that_is_heard_is_marked(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, "Three small words")
    line = studio.script.lines[0]
    take = studio.takes.shown[0]
    assert [line.text[word.start : word.end] for word in take.words] == line.text.split()
    row = studio.script_panel.rows[line.id]

    def marked() -> str:
        selections = row.text.extraSelections()
        return selections[0].cursor.selectedText() if selections else ""

    for word in reversed(take.words):
        studio.playback.seek((word.begins + word.ends) / 2)
        text = line.text[word.start : word.end]
        qtbot.waitUntil(lambda text=text: marked() == text)
    studio.parameters.set("speed", 2.0)
    studio.parameters.flush()
    document = studio.document
    qtbot.waitUntil(
        lambda: document.snapshot is not None and document.snapshot.project.settings.speed == 2.0
    )
    with qtbot.waitSignal(studio.playback.loaded):
        studio.takes.play(take.id)
    last = take.words[-1]
    studio.playback.seek((last.begins + last.ends) / 4)
    qtbot.waitUntil(lambda: marked() == "words")
    studio.playback.unload()
    qtbot.waitUntil(lambda: marked() == "")


def test_the_view_follows_what_is_heard_until_one_looks_elsewhere(
    qtbot: QtBot, studio: Studio
) -> None:
    speak(qtbot, studio, *(f"Line {number}." for number in range(14)))
    panel, ids = studio.script_panel, [line.id for line in studio.script.lines]
    starts: list[float] = []
    studio.playback.line_noted.connect(lambda _line, at: starts.append(at))
    studio.play_script()
    qtbot.waitUntil(lambda: len(starts) == len(ids) and not studio.playback.growing)
    studio.playback.seek(starts[6] + 0.01)
    qtbot.waitUntil(lambda: studio.playback.playing_line == ids[6])
    assert panel.area.in_view(ids[6])
    bar = panel.area.verticalScrollBar()
    bar.setValue(bar.maximum())
    if not panel.area.in_view(ids[6]):
        studio.playback.seek(starts[1] + 0.01)
        qtbot.waitUntil(lambda: studio.playback.playing_line == ids[1])
        assert bar.value() == bar.maximum()


def test_quitting_in_the_middle_of_work_asks_first(qtbot: QtBot, studio: Studio) -> None:
    studio.script.edit(studio.script.lines[0].id, "one runaway " * 40)
    studio.script.flush()
    asked: list[LeaveDialog] = []

    def quit_now(_flow: object) -> None:
        if not asked:
            studio.actions_.action("file.quit").trigger()
            asked.extend(studio.window.findChildren(LeaveDialog))
            studio.window.close()  # once more: no second question
            assert len(studio.window.findChildren(LeaveDialog)) == 1
            asked[0].stay.click()
            studio.stop()

    studio.engine.flowed.connect(quit_now)
    with qtbot.waitSignal(studio.engine.stopped):
        studio.speak((studio.script.lines[0].id,))
    assert asked
    assert studio.window.isVisible()


def test_the_end_of_long_work_is_reported_outside_the_window(
    qtbot: QtBot, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[str] = []
    monkeypatch.setattr(job_commands, "_LONG_SECONDS", 0.0)
    monkeypatch.setattr(
        job_commands, "notify_outside", lambda _w, _title, text: reported.append(text)
    )
    speak(qtbot, studio, "First line", "Second line of it")
    assert reported == ["2 lines are spoken."]
    assert not notifications.notify_outside(studio.window, "x", "y")  # it is in front


def test_a_saved_version_is_gone_back_to_and_that_undone(qtbot: QtBot, studio: Studio) -> None:
    ids = paste(qtbot, studio, PROSE, 5)
    voice = studio.voices.all[1]
    studio.script.set_voice(ids[0], voice.id)
    studio.actions_.action("file.name_version").trigger()
    asked = dialog(qtbot, studio, TextDialog)
    asked.field.setText("draft")
    asked.accept()
    qtbot.waitUntil(lambda: studio.toasts.words == "“draft” is saved as a version.")
    paste(qtbot, studio, "Other words.", 1)
    studio.document.submit(studio.library.voices.delete, voice.id)
    studio.actions_.action("file.versions").trigger()
    shown = dialog(qtbot, studio, VersionsDialog)
    (place,) = [n for n in range(shown.list.count()) if "draft" in shown.list.item(n).text()]
    shown.list.setCurrentRow(place)
    shown.restore.click()
    qtbot.waitUntil(lambda: len(studio.script.lines) == 5)
    qtbot.waitUntil(lambda: studio.toasts.words == "The version is restored.")
    qtbot.waitUntil(lambda: bool(studio.window.findChildren(Banner)))
    (banner,) = studio.window.findChildren(Banner)
    assert banner.message == f"“{voice.name}” is in the bin; what spoke in it has no voice now."
    assert studio.script_panel.rows[ids[0]].voice.text() == "No voice"
    banner.buttons[0].click()
    qtbot.waitUntil(lambda: studio.script_panel.rows[ids[0]].voice.text() == voice.name)
    qtbot.waitUntil(lambda: not studio.window.findChildren(Banner))
    for _ in range(2):
        studio.undo()
    qtbot.waitUntil(lambda: [line.text for line in studio.script.lines] == ["Other words."])


def test_deleted_lines_come_back_from_the_bin(qtbot: QtBot, studio: Studio) -> None:
    ids = paste(qtbot, studio, PROSE, 5)
    studio.script.select(ids[4])
    studio.script.delete()
    qtbot.waitUntil(lambda: len(studio.script.lines) == 4)
    studio.actions_.action("file.bin").trigger()
    shown = dialog(qtbot, studio, BinDialog)
    words = [shown.list.item(n).text() for n in range(shown.list.count())]
    assert words[0].startswith("Five last.\nLine · Untitled · ")
    qtbot.keyClick(shown.list, Qt.Key.Key_Return)  # the thing deleted last is selected
    qtbot.waitUntil(lambda: "Five last." in [line.text for line in studio.script.lines])
    paste(qtbot, studio, " ".join(f"Line {number}." for number in range(30)), 30)
    studio.script.select_all()
    studio.script.delete()
    qtbot.waitUntil(lambda: not studio.script.lines)
    studio.actions_.action("file.bin").trigger()
    shown = dialog(qtbot, studio, BinDialog)
    assert shown.list.item(0).text().startswith("Line 0. and 29 more\nLine · Untitled · ")
    shown.restore.click()
    qtbot.waitUntil(lambda: len(studio.script.lines) == 30)
    assert studio.toasts.words == "30 things are restored."
    studio.undo()
    qtbot.waitUntil(lambda: not studio.script.lines)


def test_a_message_appears_in_front_of_an_open_dialog(qtbot: QtBot, studio: Studio) -> None:
    studio.actions_.action("file.bin").trigger()
    shown = dialog(qtbot, studio, BinDialog)
    studio.shell.show_failure("It went wrong.", "Do something.")
    assert shown.toasts.isVisible()
    assert shown.toasts.words == "It went wrong."
    assert studio.toasts.words != "It went wrong."
    shown.reject()


def test_the_sliders_show_the_models_defaults_before_it_is_loaded(
    qtbot: QtBot, studio: Studio
) -> None:
    studio.parameters.use_model(None)
    assert studio.parameters.defaults["temperature"] == 0.3
    assert studio.parameters_panel.temperature.value == 0.3
    assert studio.parameters_panel.steps.value == 6


def test_a_slider_moved_just_before_another_line_is_chosen_is_for_the_line_it_was_moved_for(
    qtbot: QtBot, studio: Studio
) -> None:
    ids = paste(qtbot, studio, PROSE, 5)
    for scope, moved in ((Scope.LINE, 0.9), (Scope.BLOCK, 0.8)):
        studio.script.select(ids[0])
        choose(studio, scope)
        studio.parameters_panel.temperature.set_value(moved)
        studio.parameters.set("temperature", moved)
        studio.script.select(ids[3])
        name = "settings" if scope is Scope.LINE else "block_settings"
        qtbot.waitUntil(
            lambda name=name: bool(getattr(studio.script.lines[0], name))  # type: ignore[misc]
        )
        assert getattr(studio.script.lines[0], name) == {"temperature": moved}
        assert getattr(studio.script.lines[3], name) == {}


def test_what_is_counted_in_a_script_follows_its_changes(qtbot: QtBot, studio: Studio) -> None:
    ids = paste(qtbot, studio, PROSE, 5)

    def counted() -> Snapshot:
        snapshot = studio.document.snapshot
        assert snapshot is not None
        anew = Snapshot.of(snapshot.project, snapshot.lines, snapshot.takes, snapshot.voices)
        assert snapshot.line_ids == anew.line_ids == tuple(x.id for x in studio.script.lines)
        assert snapshot.places == anew.places
        assert snapshot.standing == anew.standing
        for name in ("characters", "opens", "titled", "due"):
            assert getattr(snapshot.shape, name).tolist() == getattr(anew.shape, name).tolist()
        return snapshot

    before = counted()
    studio.script.edit(ids[1], "Two there and more.")
    studio.script.set_section(ids[3], "Title")
    qtbot.waitUntil(lambda: studio.script.lines[3].section == "Title")
    after = counted()
    assert after.line_ids is before.line_ids
    assert after.shape.titled.tolist() == [False, False, False, True, False]
    studio.script.select(ids[2])
    studio.script.delete()
    qtbot.waitUntil(lambda: len(studio.script.lines) == 4)
    assert counted().shape.characters.tolist() == [9, 19, 10, 10]
    assert studio.script.stale_count == len(studio.script.stale()) == 4
