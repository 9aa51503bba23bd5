"""The studio put together, with a fake model and a player that makes no sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fake_model import speech_like
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid
from studio_steps import add_lines, dialog, reopen, speak

from ditar_studio.store.library import Library
from ditar_studio.store.recovery import Recoverable
from ditar_studio.ui.features.export.dialog import ExportDialog
from ditar_studio.ui.features.models.machine_page import MachinePage
from ditar_studio.ui.features.parameters.view_model import STROKE_MS
from ditar_studio.ui.features.project.projects_dialog import ProjectsDialog
from ditar_studio.ui.features.settings.dialog import SettingsDialog
from ditar_studio.ui.features.speaking.engine_model import ModelState
from ditar_studio.ui.features.takes.panel import facts, recipe_words
from ditar_studio.ui.features.voices.samples_dialog import SamplesDialog
from ditar_studio.ui.kit import translate
from ditar_studio.ui.shell.recovery_dialog import RecoveryDialog
from ditar_studio.ui.shell.studio import Studio
from ditar_studio.ui.shell.welcome_dialog import WelcomeDialog

pytestmark = pytest.mark.filterwarnings("error")


def test_first_start_has_a_voice_and_a_line_to_try(studio: Studio) -> None:
    snapshot = studio.document.snapshot
    assert snapshot is not None
    assert len(snapshot.voices) >= 3
    assert snapshot.voice_of(snapshot.lines[0]) is not None


def test_what_was_begun_in_the_settings_may_end_after_them(
    qtbot: QtBot, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports: list[Callable[..., object]] = []
    monkeypatch.setattr(studio.devices, "rescan", reports.append)
    monkeypatch.setattr(
        studio.engine, "measure", lambda report: bool([reports.append(report), True])
    )
    studio.actions_.action("file.settings").trigger()
    settings = dialog(qtbot, studio, SettingsDialog)
    for page in range(settings.pages.count()):
        settings.pages.setCurrentRow(page)
    settings._rescan()
    (machine,) = settings.findChildren(MachinePage)
    machine.measure_button.click()
    settings.reject()
    qtbot.waitUntil(lambda: not isValid(settings))
    rescanned, measured = reports
    rescanned()
    measured(None)


def test_a_new_project_is_named_in_the_language_in_force(qtbot: QtBot, studio: Studio) -> None:
    translate.set_language("de")
    studio.document.create()
    qtbot.waitUntil(lambda: studio.document.snapshot.project.name.startswith("Ohne Titel"))
    translate.set_language("en")


def test_a_search_has_no_button_without_a_name(studio: Studio) -> None:
    buttons = studio.voices_panel.search.findChildren(QAbstractButton)
    assert buttons
    assert all(each.accessibleName() for each in buttons)


def test_what_is_typed_at_the_start_goes_into_the_script(studio: Studio) -> None:
    line = studio.script.lines[0]
    assert studio.window.focusWidget() is studio.script_panel.rows[line.id].text


def test_going_to_the_script_goes_to_its_words(studio: Studio) -> None:
    line = studio.script.lines[0]
    studio.voices_panel.view.setFocus()
    studio.actions_.action("view.script").trigger()
    assert studio.window.focusWidget() is studio.script_panel.rows[line.id].text


def test_after_the_welcome_typing_goes_into_the_script(qtbot: QtBot, studio: Studio) -> None:
    studio.voices_panel.view.setFocus()
    studio.shell.show_welcome()
    (welcome,) = studio.window.findChildren(WelcomeDialog)
    qtbot.keyClick(welcome, Qt.Key.Key_Escape)
    line = studio.script.lines[0]
    assert studio.window.focusWidget() is studio.script_panel.rows[line.id].text


def test_a_model_that_was_let_go_of_stays_away(qtbot: QtBot, studio: Studio) -> None:
    studio.engine.unload()
    with qtbot.waitSignal(studio.document.loaded):
        studio.script.add()
    assert studio.engine.state is ModelState.NONE
    assert not studio.actions_.action("speak.line").isEnabled()


def test_what_the_first_start_put_there_is_not_to_be_undone(studio: Studio) -> None:
    assert not studio.actions_.action("edit.undo").isEnabled()


def test_typing_and_ctrl_return_makes_a_take(qtbot: QtBot, studio: Studio) -> None:
    line = studio.script.lines[0]
    row = studio.script_panel.rows[line.id]
    row.text.setFocus()
    row.text.selectAll()
    qtbot.keyClicks(row.text, "Three small words")
    with qtbot.waitSignal(studio.engine.stopped, timeout=20_000):
        qtbot.keyClick(row.text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(studio.takes.shown) == 1)
    take = studio.takes.shown[0]
    assert take.text == "Three small words"
    assert take.seconds == pytest.approx(1.2, abs=0.15)
    peaks = studio.playback.peaks
    assert peaks is not None
    assert len(peaks) == len(studio.playback.samples())
    qtbot.waitUntil(lambda: studio.script.lines[0].state == "rendered")
    studio.playback.unload()  # until then the row is "Now playing"
    qtbot.waitUntil(lambda: row.state.text() == "Spoken")


def test_candidates_are_chosen_and_what_was_heard_is_shown(qtbot: QtBot, studio: Studio) -> None:
    panel = studio.parameters_panel
    assert panel.candidates.isVisibleTo(panel)
    assert panel.verify.isEnabled()
    assert panel.verify.isChecked()
    studio.parameters.set("candidates", 3.0)
    studio.parameters.flush()
    qtbot.waitUntil(lambda: not panel.verify.isEnabled())
    assert panel.verify.isChecked()
    speak(qtbot, studio, "Now I mumble")
    take = studio.takes.shown[0]
    assert take.recipe.settings["candidates"] == 3
    assert "1 word differs" in facts(take)
    assert "100 % of the sounds differ" in recipe_words(take)
    studio.parameters.set("candidates", 1)
    studio.parameters.flush()
    qtbot.waitUntil(panel.verify.isEnabled)
    panel.verify.click()
    studio.parameters.flush()

    def kept() -> bool:
        snapshot = studio.document.snapshot
        return snapshot is not None and snapshot.project.settings.generation.get("verify") is False

    qtbot.waitUntil(kept)


def test_escape_keeps_what_was_made(qtbot: QtBot, studio: Studio) -> None:
    line = studio.script.lines[0]
    studio.script.edit(line.id, "one runaway " * 40)
    studio.engine.flowed.connect(lambda _flow: studio.stop())
    with qtbot.waitSignal(studio.engine.stopped, timeout=20_000) as stopped:
        studio.speak((line.id,))
    take_ids, cancelled = stopped.args
    assert cancelled
    assert len(take_ids) == 1
    qtbot.waitUntil(lambda: len(studio.takes.shown) == 1)
    assert studio.takes.shown[0].status == "partial"


def test_a_voice_gets_a_second_sample_and_speaks_from_it(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    voice = studio.voices.current
    assert voice is not None
    assert len(voice.samples) == 1
    sound = tmp_path / "second.wav"
    soundfile.write(sound, speech_like(2.0).samples, 24_000)
    studio.reference_commands.open(str(sound))
    qtbot.waitUntil(lambda: studio.maker.clip is not None)
    add = studio.actions_.action("voice.add_sample")
    qtbot.waitUntil(add.isEnabled)
    with qtbot.waitSignal(studio.maker.saved):
        add.trigger()

    def samples() -> list[str]:
        now = studio.voices.voice(voice.id)
        return [each.transcript for each in now.samples] if now is not None else []

    first = voice.samples[0].transcript
    qtbot.waitUntil(lambda: samples() == [first, ""])
    studio.actions_.action("voice.samples").trigger()
    shown = dialog(qtbot, studio, SamplesDialog)
    assert not shown.prefer.isEnabled()
    shown.list.setCurrentRow(1)
    shown.words.setPlainText("a  steady hum")
    studio.voices.changed.emit()
    shown.prefer.click()
    qtbot.waitUntil(lambda: samples() == ["a steady hum", first])
    shown.accept()
    studio.actions_.action("edit.undo").trigger()
    studio.actions_.action("edit.undo").trigger()
    qtbot.waitUntil(lambda: samples() == [first, ""])


def test_what_is_being_typed_is_kept_when_the_studio_ends(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    studio.parameters_panel.style_text.setFocus()
    qtbot.keyClicks(studio.parameters_panel.style_text, "calm")
    studio.actions_.action("voice.samples").trigger()
    samples = dialog(qtbot, studio, SamplesDialog)
    samples.words.setPlainText("other words")
    voice = studio.voices.current
    assert voice is not None
    studio.shell.close()
    qtbot.wait(2 * STROKE_MS)  # a late timer finds everything closed, and says nothing
    with Library(tmp_path / "library") as library:
        assert library.projects.open_last().value.settings.generation == {"style": "calm"}
        assert library.voices.get(voice.id).samples[0].transcript == "other words"


def test_changed_temperature_makes_lines_stale(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, "One line here")
    studio.parameters_panel.temperature.set_value(0.9)
    qtbot.waitUntil(lambda: studio.script.lines[0].state == "stale")
    studio.actions_.action("speak.defaults").trigger()
    qtbot.waitUntil(lambda: studio.script.lines[0].state == "rendered")
    take = studio.takes.shown[0]
    studio.takes.select((take.id,))
    studio.actions_.action("takes.use").trigger()
    qtbot.waitUntil(lambda: studio.parameters.pinned)
    assert studio.parameters.seed == take.recipe.settings["seed"]


def test_new_project_and_back(qtbot: QtBot, studio: Studio) -> None:
    first = studio.document.project_id
    with qtbot.waitSignal(studio.engine.stopped):
        studio.speak((studio.script.lines[0].id,))
    assert studio.player_panel.play_button.isEnabled()
    studio.actions_.action("file.new").trigger()
    qtbot.waitUntil(lambda: studio.document.project_id != first)
    qtbot.waitUntil(lambda: studio.script.lines == ())
    assert studio.playback.title == ""
    assert not studio.player_panel.play_button.isEnabled()
    assert not studio.actions_.action("speak.play").isEnabled()
    assert studio.script_panel.stack.currentWidget() is studio.script_panel.empty
    studio.actions_.action("file.open").trigger()
    all_projects = dialog(qtbot, studio, ProjectsDialog)
    all_projects.list.setCurrentRow(1)
    all_projects.accept()
    qtbot.waitUntil(lambda: studio.document.project_id == first)
    qtbot.waitUntil(lambda: len(studio.script.lines) == 1)


def test_a_reopened_project_can_be_played_and_exported_at_once(
    qtbot: QtBot, studio: Studio
) -> None:
    speak(qtbot, studio, "First line", "Second line of it")
    reopen(qtbot, studio)
    assert studio.playback.peaks is None
    for name in ("file.export", "speak.play", "speak.script", "speak.here", "speak.start"):
        assert studio.actions_.action(name).isEnabled(), name
    assert studio.player_panel.play_button.isEnabled()
    assert studio.script_panel.bar.play_button.isEnabled()
    studio.player_panel.play_button.click()
    qtbot.waitUntil(lambda: studio.playback.title == "Script" and not studio.playback.growing)
    assert studio.playback.player.status().state == "playing"
    studio.actions_.action("file.export").trigger()
    dialog(qtbot, studio, ExportDialog)


def test_nothing_spoken_is_nothing_to_play_or_export(qtbot: QtBot, studio: Studio) -> None:
    add_lines(qtbot, studio, "Not spoken.")
    for name in ("file.export", "speak.play", "speak.script", "speak.here"):
        assert not studio.actions_.action(name).isEnabled(), name


def test_every_control_of_the_panels_has_a_name(studio: Studio) -> None:
    for panel in (
        studio.script_panel,
        studio.player_panel,
        studio.parameters_panel,
        studio.takes_panel,
        studio.voices_panel,
        studio.reference_panel,
    ):
        for control in panel.findChildren(QWidget):
            if (
                control.focusPolicy() & Qt.FocusPolicy.TabFocus
                and control.window() is studio.window
                and control.objectName() != "qt_spinbox_lineedit"
            ):
                face = QAccessible.queryAccessibleInterface(control)
                assert face is not None
                assert face.text(QAccessible.Text.Name), control


def test_settings_know_the_devices(studio: Studio) -> None:
    assert studio.shell.settings_choices is not None
    choices = studio.shell.settings_choices()
    assert [name for _key, name in choices.microphones()] == ["Desk microphone", "Headset"]
    assert choices.models() == []
    assert "Fake" in choices.engine()


def test_what_a_crash_left_can_be_heard_before_it_is_kept(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    left = tmp_path / "left.wav"
    soundfile.write(left, np.full(4800, 0.1, np.float32), 24_000)
    item = Recoverable("take", "1", left, "What was being said.", 0.2, 1.0)
    studio.shell._offer_recovery([item])
    offered = dialog(qtbot, studio, RecoveryDialog)
    (listen,) = (
        button
        for button in offered.findChildren(QToolButton)
        if button.accessibleName().startswith("Listen")
    )
    qtbot.mouseClick(listen, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: studio.playback.source == str(left))
    assert studio.playback.samples() == pytest.approx(np.full(4800, 0.1), abs=1e-3)
    offered.reject()
