"""The studio put together, with a fake model and a player that makes no sound."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from fake_model import FakeUtterance, speech_like
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QLabel, QToolButton, QWidget
from pytestqt.qtbot import QtBot
from quiet_studio import SilentMicrophone
from shiboken6 import isValid
from studio_steps import dialog, reopen, speak

from ditar_studio.assets import asset
from ditar_studio.audio.clips import loudness
from ditar_studio.audio.clips.clip import Clip
from ditar_studio.engine.speech_model import PatchOutput
from ditar_studio.services import export as export_service
from ditar_studio.services.export import export
from ditar_studio.services.export_plan import plan
from ditar_studio.services.export_settings import ExportSettings
from ditar_studio.services.metadata import open_recipe
from ditar_studio.store import project as kept
from ditar_studio.store.changes import ChangeSet
from ditar_studio.store.library import Library
from ditar_studio.store.project import NewLine
from ditar_studio.store.recovery import Recoverable
from ditar_studio.store.voices import NewSample
from ditar_studio.ui.features.export.dialog import ExportDialog
from ditar_studio.ui.features.parameters.view_model import STROKE_MS
from ditar_studio.ui.features.player.compare_dialog import CompareDialog
from ditar_studio.ui.features.project.projects_dialog import ProjectsDialog
from ditar_studio.ui.features.project.snapshot import Snapshot
from ditar_studio.ui.features.reference import clip as clip_module
from ditar_studio.ui.features.reference.clip import Stage
from ditar_studio.ui.features.reference.consent_dialog import ConsentDialog
from ditar_studio.ui.features.takes import script_playback
from ditar_studio.ui.features.takes.panel import facts, recipe_words, take_name
from ditar_studio.ui.features.takes.view_model import read_take
from ditar_studio.ui.features.voices.samples_dialog import SamplesDialog
from ditar_studio.ui.kit.dialogs.ask import LeaveDialog
from ditar_studio.ui.kit.places import Place
from ditar_studio.ui.kit.widgets.task_strip import TaskStrip
from ditar_studio.ui.shell.recovery_dialog import RecoveryDialog
from ditar_studio.ui.shell.studio import Studio
from ditar_studio.ui.shell.undo_offers import said
from ditar_studio.ui.shell.welcome_dialog import WelcomeDialog

pytestmark = pytest.mark.filterwarnings("error")


def test_first_start_has_a_voice_and_a_line_to_try(studio: Studio) -> None:
    snapshot = studio.document.snapshot
    assert snapshot is not None
    assert len(snapshot.voices) >= 3
    assert snapshot.voice_of(snapshot.lines[0]) is not None


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


def test_takes_are_compared_with_their_reference(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, "Three small words")
    qtbot.waitUntil(lambda: studio.takes.shown[0].similarity == 0.75)
    assert "0.75" in recipe_words(studio.takes.shown[0])


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


def test_recording_becomes_the_voice_of_the_project(qtbot: QtBot, studio: Studio) -> None:
    clock = [0.0]
    studio.maker._clock = lambda: clock[0]
    studio.actions_.action("voice.record").trigger()
    assert studio.maker.stage is Stage.COUNTDOWN
    clock[0] = 10.0
    qtbot.waitUntil(lambda: studio.maker.microphone.recording)
    studio.actions_.action("voice.record").trigger()
    qtbot.waitUntil(lambda: studio.maker.verdict is not None)
    assert studio.maker.transcript == studio.reference_panel.chosen_passage
    assert studio.maker.clip is not None
    qtbot.mouseClick(studio.reference_panel.save_button, Qt.MouseButton.LeftButton)
    consent = dialog(qtbot, studio, ConsentDialog)
    consent.name.setText("Ada")
    consent.choose_ground("own")
    consent.promise.setChecked(True)
    with qtbot.waitSignal(studio.maker.saved):
        consent.accept()
    qtbot.waitUntil(
        lambda: studio.voices.current is not None and studio.voices.speaks(studio.voices.current)
    )
    voice = studio.voices.current
    assert voice is not None
    assert voice.name == "Ada"
    assert "deceive" in voice.consent
    assert studio.maker.stage is Stage.IDLE


def test_the_waveform_of_a_recording_grows_while_it_is_made(qtbot: QtBot, studio: Studio) -> None:
    panel, clock = studio.reference_panel, [0.0]
    microphone = studio.maker.microphone
    assert isinstance(microphone, SilentMicrophone)
    studio.window.show_place(Place.REFERENCE)
    studio.maker._clock = lambda: clock[0]
    studio.actions_.action("voice.record").trigger()
    assert panel.growing.isHidden()
    clock[0] = 10.0
    qtbot.waitUntil(lambda: microphone.recording)
    assert panel.growing.isVisible()
    drawn = []
    for seconds in (0.5, 1.0, 5.0):
        microphone.hear(seconds)
        with qtbot.waitSignal(studio.maker.ticked):
            pass
        assert panel.growing.seconds == pytest.approx(seconds)
        assert panel.growing.view[1] > seconds
        drawn.append(bytes(panel.growing.grab().toImage().constBits()))
    assert len(set(drawn)) == 3
    studio.actions_.action("voice.record").trigger()
    qtbot.waitUntil(lambda: studio.maker.clip is not None)
    assert panel.growing.isHidden()
    assert panel.growing.peaks is None


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


def test_undo_goes_over_script_voices_and_parameters(qtbot: QtBot, studio: Studio) -> None:
    studio.parameters_panel.temperature.set_value(0.9)
    studio.parameters.flush()
    studio.voices.rename(studio.voices.selected, "Renamed")
    qtbot.waitUntil(lambda: any(voice.name == "Renamed" for voice in studio.voices.all))
    qtbot.waitUntil(lambda: studio.actions_.action("edit.undo").text().startswith("Undo: Rename"))
    studio.actions_.action("edit.undo").trigger()
    qtbot.waitUntil(lambda: not any(voice.name == "Renamed" for voice in studio.voices.all))
    studio.actions_.action("edit.undo").trigger()
    qtbot.waitUntil(lambda: studio.parameters.value("temperature") == 0.5)
    assert studio.parameters_panel.temperature.value == 0.5


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


def test_takes_have_numbers_and_their_model_in_sight_and_play_buttons(
    qtbot: QtBot, studio: Studio
) -> None:
    studio.window.resize(1280, 800)
    with qtbot.waitSignal(studio.engine.stopped):
        studio.speak((studio.script.lines[0].id,), 6)
    qtbot.waitUntil(lambda: len(studio.takes.shown) == 6)
    view = studio.takes_panel.view
    assert [take_name(take) for take in studio.takes.shown] == [
        f"Take {n}" for n in range(6, 0, -1)
    ]
    studio.takes.select((studio.takes.shown[-1].id,))
    studio.takes.delete()
    qtbot.waitUntil(lambda: len(studio.takes.shown) == 5)
    assert [take_name(take) for take in studio.takes.shown] == [
        f"Take {n}" for n in range(6, 1, -1)
    ]
    rows = [view.visualRect(view.model().index(row, 0)) for row in range(5)]
    view.scrollToTop()
    assert all(view.viewport().rect().contains(rect) for rect in rows)
    newest, other = studio.takes.shown[:2]
    assert facts(newest).endswith(newest.recipe.model_name)
    assert "Made in" in recipe_words(newest)
    left = Qt.MouseButton.LeftButton
    play = rows[1].center()
    play.setX(rows[1].left() + 20)
    qtbot.mouseClick(view.viewport(), left, pos=play)
    qtbot.waitUntil(lambda: studio.playback.source == other.id)
    qtbot.mouseDClick(view.viewport(), left, pos=rows[0].center())
    qtbot.waitUntil(lambda: studio.playback.source == newest.id)
    studio.takes.select((other.id,))
    studio.actions_.action("takes.play").trigger()
    qtbot.waitUntil(lambda: studio.playback.source == other.id)
    star = rows[0].center()
    star.setX(rows[0].right() - 15)
    qtbot.mouseClick(view.viewport(), left, pos=star)
    qtbot.waitUntil(lambda: studio.takes.shown[0].starred)


def test_variations_get_seeds_of_their_own(qtbot: QtBot, studio: Studio) -> None:
    with qtbot.waitSignal(studio.engine.stopped, timeout=20_000):
        studio.speak((studio.script.lines[0].id,), 3)
    qtbot.waitUntil(lambda: len(studio.takes.shown) == 3)
    assert len({take.recipe.settings["seed"] for take in studio.takes.shown}) == 3


def test_deleted_take_comes_back(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, "One line here")
    take = studio.takes.shown[0]
    studio.takes.select((take.id,))
    studio.actions_.action("takes.star").trigger()
    qtbot.waitUntil(lambda: studio.takes.shown[0].starred)
    studio.actions_.action("takes.delete").trigger()
    qtbot.waitUntil(lambda: not studio.takes.shown)
    assert studio.toasts.words == "Take deleted."
    studio.undo()
    qtbot.waitUntil(lambda: len(studio.takes.shown) == 1)
    assert studio.takes.shown[0].starred


def test_the_undo_of_a_message_undoes_what_the_message_speaks_of(
    qtbot: QtBot, studio: Studio
) -> None:
    speak(qtbot, studio, "One line here", "And another")
    take = studio.takes.shown[0]
    studio.takes.select((take.id,))
    qtbot.keyClick(studio.takes_panel.view, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: studio.toasts.words == "Take deleted.")
    studio.script.set_pause(studio.script.lines[1].id, 3.0)
    qtbot.waitUntil(lambda: studio.script.lines[1].pause_seconds == 3.0)
    studio.toasts.button.click()
    qtbot.waitUntil(lambda: studio.takes.take(take.id) is not None)
    assert studio.script.lines[1].pause_seconds == 3.0
    studio.undo()
    qtbot.waitUntil(lambda: studio.takes.take(take.id) is None)  # a step like any other


def test_the_undo_of_a_message_goes_when_it_was_undone_otherwise(
    qtbot: QtBot, studio: Studio
) -> None:
    add_lines(qtbot, studio, "One.", "Two.")
    studio.actions_.action("script.delete").trigger()
    qtbot.waitUntil(lambda: studio.toasts.words == "Line deleted.")
    qtbot.waitUntil(lambda: texts(studio) == ["Two."])
    studio.undo()
    qtbot.waitUntil(lambda: texts(studio) == ["One.", "Two."])
    assert studio.toasts.words == ""
    assert studio.toasts.isHidden()


def test_an_empty_line_goes_without_a_message(qtbot: QtBot, studio: Studio) -> None:
    add_lines(qtbot, studio, "One.", "")
    studio.script.join_with_previous(studio.script.lines[1].id)
    qtbot.waitUntil(lambda: texts(studio) == ["One."])
    assert studio.toasts.words == ""


def test_every_deletion_is_told() -> None:
    """What the library calls a deletion has words of its own, for whoever deletes and wherever."""
    stores = Path(kept.__file__).parent.glob("*.py")
    labels = {
        found
        for source in stores
        for found in re.findall(r'"((?:Delete|Discard) [a-z ]+)"', source.read_text("utf-8"))
    }
    assert {"Delete take", "Delete lines", "Delete project", "Delete sample"} <= labels
    line = kept.Line("a", "p", "Text", None, "", 0.2, False, None, "empty", "", "")
    project = kept.Project("p", "Name", kept.ProjectSettings(), "", 0.0, 0.0, 0.0)
    before = Snapshot(project, (line,), (), ())
    for label in labels:
        changes = ChangeSet(lines=frozenset({"a"}), takes=frozenset({"t"}), undo=label, step=1)
        assert said(changes, before), label


def test_a_deleted_project_comes_back_in_sight(qtbot: QtBot, studio: Studio) -> None:
    first = studio.document.project_id
    for undo in (lambda: studio.toasts.button.click(), studio.undo):
        studio.actions_.action("file.delete").trigger()
        qtbot.waitUntil(lambda: studio.document.project_id != first)
        assert studio.toasts.words == "“Untitled” is deleted."
        undo()
        qtbot.waitUntil(lambda: studio.document.project_id == first)
        qtbot.waitUntil(lambda: len(studio.script.lines) == 1)
        assert studio.toasts.words == ""


def test_a_removed_sample_comes_back_from_the_dialog(qtbot: QtBot, studio: Studio) -> None:
    voice = studio.voices.current
    assert voice is not None
    sample = NewSample(voice.samples[0].path, "other words")
    studio.document.ask(studio.library.voices.add_sample, voice.id, sample)
    qtbot.waitUntil(lambda: len(studio.voices.voice(voice.id).samples) == 2)  # type: ignore[union-attr]
    studio.actions_.action("voice.samples").trigger()
    samples = dialog(qtbot, studio, SamplesDialog)
    qtbot.waitUntil(lambda: samples.list.count() == 2)
    samples.remove.click()
    qtbot.waitUntil(lambda: samples.list.count() == 1)
    assert samples.toasts.words == "Sample deleted."
    samples.toasts.button.click()
    qtbot.waitUntil(lambda: samples.list.count() == 2)
    samples.accept()


def test_a_reference_put_away_comes_back(qtbot: QtBot, studio: Studio) -> None:
    maker = studio.maker
    maker.open(asset("voices", "emma.flac"))
    qtbot.waitUntil(lambda: maker.stage is Stage.CLIP)
    maker.trim(0.0, 2.0)
    maker.set_transcript("its words")
    studio.reference_panel.discard_button.click()
    assert maker.clip is None
    assert studio.toasts.words == "Reference discarded."
    studio.toasts.button.click()
    assert maker.clip is not None
    assert maker.clip.seconds == pytest.approx(2.0)
    assert maker.transcript == "its words"


def test_a_deleted_preset_comes_back(studio: Studio) -> None:
    studio.parameters.save_preset("Mine")
    studio.parameters.delete_preset("Mine")
    assert "Mine" not in [preset.name for preset in studio.parameters.presets]
    studio.toasts.button.click()
    assert "Mine" in [preset.name for preset in studio.parameters.presets]


def test_dragged_take_is_a_file_with_its_recipe(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, "One line here")
    take = studio.takes.shown[0]
    studio.takes.select((take.id,))
    index = studio.takes_panel.model.place(take.id)

    def ready() -> bool:
        return bool(studio.takes_panel.model.mimeData([index]).urls())

    def dragged() -> Path:
        return Path(studio.takes_panel.model.mimeData([index]).urls()[0].toLocalFile())

    assert not ready() or dragged() != take.path  # which has no watermark
    qtbot.waitUntil(ready)
    path = dragged()
    assert path.name == "Untitled 001 One line here.wav"
    assert open_recipe(path)[0].text == "One line here"
    seconds = soundfile.info(path).duration
    studio.parameters.set("speed", 1.25)
    studio.parameters.flush()
    qtbot.waitUntil(lambda: ready() and soundfile.info(dragged()).duration < seconds)
    assert soundfile.info(dragged()).duration == pytest.approx(seconds / 1.25, abs=0.05)
    assert dragged().name == path.name


def test_export_and_its_recipe(qtbot: QtBot, studio: Studio, tmp_path: Path) -> None:
    speak(qtbot, studio, "First line", "Second line of it")
    studio.actions_.action("file.export").trigger()
    asked = dialog(qtbot, studio, ExportDialog)
    asked.folder.setText(str(tmp_path / "out"))
    asked.srt.setChecked(True)
    asked.export.click()
    qtbot.waitUntil(lambda: "exported" in studio.toasts.words, timeout=10_000)
    made = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert made == ["Untitled.srt", "Untitled.wav"]
    before = studio.document.snapshot
    assert before is not None
    studio.project_commands.open_recipe(tmp_path / "out" / "Untitled.wav")
    qtbot.waitUntil(lambda: studio.window.project.text() == "Untitled 2")
    qtbot.waitUntil(lambda: texts(studio) == ["First line", "Second line of it"])
    assert studio.document.project_id != before.project.id
    assert studio.toasts.words == "2 lines are restored in a new project."
    studio.toasts.button.click()
    qtbot.waitUntil(lambda: studio.document.project_id == before.project.id)
    qtbot.waitUntil(lambda: studio.script.lines == before.lines)
    assert studio.document.snapshot.project.settings == before.project.settings  # type: ignore[union-attr]


def test_an_export_goes_on_beside_everything_else(
    qtbot: QtBot, studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak(qtbot, studio, "First line", "Second line of it")
    gate = threading.Event()
    write = export_service.export

    def slow(*arguments: Any, progress: Callable[[float], None], cancel: threading.Event) -> Any:
        progress(0.5)
        while not cancel.is_set() and not gate.wait(0.01):
            pass
        return write(*arguments, progress=progress, cancel=cancel)

    monkeypatch.setattr(export_service, "export", slow)
    for folder in ("one", "two", "three"):
        studio.actions_.action("file.export").trigger()
        asked = dialog(qtbot, studio, ExportDialog)
        assert asked.names.text() == "Untitled.wav"
        asked.folder.setText(str(tmp_path / folder))
        asked.export.click()
        qtbot.waitUntil(lambda d=asked: not isValid(d) or not d.isVisible())  # type: ignore[misc]
    strips = studio.window.findChildren(TaskStrip)
    assert [strip.words.text() for strip in strips] == ["Exporting “Untitled”"] * 3
    qtbot.waitUntil(lambda: strips[0].progress.value() == 500)
    assert "left" in strips[0].left.text()
    assert strips[1].left.text() == "Waits for the export before it."
    strips[1].stop.click()
    studio.window.close()
    qtbot.waitUntil(lambda: bool(studio.window.findChildren(LeaveDialog)))
    leave = studio.window.findChildren(LeaveDialog)[0]
    said = [each.text() for each in leave.findChildren(QLabel)]
    assert any(words.startswith("An export is being written") for words in said)
    leave.reject()
    strips[0].stop.click()
    qtbot.waitUntil(lambda: len(studio.window.findChildren(TaskStrip)) == 1)
    gate.set()
    qtbot.waitUntil(lambda: (tmp_path / "three" / "Untitled.wav").exists())
    qtbot.waitUntil(lambda: not studio.export_commands.busy)
    assert not (tmp_path / "one" / "Untitled.wav").exists()
    assert not (tmp_path / "two").exists()


def test_two_takes_are_compared_blind(qtbot: QtBot, studio: Studio) -> None:
    with qtbot.waitSignal(studio.engine.stopped, timeout=20_000):
        studio.speak((studio.script.lines[0].id,), 2)
    qtbot.waitUntil(lambda: len(studio.takes.shown) == 2)
    studio.takes.select(tuple(take.id for take in studio.takes.shown))
    assert studio.actions_.action("takes.compare").isEnabled()
    studio.actions_.action("takes.compare").trigger()
    compare = dialog(qtbot, studio, CompareDialog)
    assert studio.playback.source == "comparison"
    qtbot.keyClick(compare, Qt.Key.Key_B)
    assert compare.side == "B"
    with qtbot.waitSignal(compare.preferred):
        compare.prefer("B")
    qtbot.waitUntil(lambda: any(take.starred for take in studio.takes.shown))


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


def test_the_script_is_played_as_it_is_exported(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    speak(qtbot, studio, "First line", "Second line of it", "And a third")
    ids = [line.id for line in studio.script.lines]
    studio.script.set_pause(ids[0], 0.7)
    qtbot.waitUntil(lambda: studio.script.lines[0].pause_seconds == 0.7)
    reopen(qtbot, studio)
    studio.actions_.action("speak.script").trigger()
    qtbot.waitUntil(lambda: studio.playback.source == "script" and not studio.playback.growing)
    library = studio.library
    what = library.submit(plan, library, studio.document.project_id).result()
    (path,) = export(what, tmp_path, ExportSettings(format="wav32f", watermark=False)).files
    written, _rate = soundfile.read(path, dtype="float32")
    assert studio.playback.samples() == pytest.approx(written, abs=1e-6)


def test_the_line_that_is_heard_is_marked_and_in_sight(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, *(f"Line {number}." for number in range(12)))
    panel = studio.script_panel
    ids = [line.id for line in studio.script.lines]
    starts: list[float] = []
    studio.playback.line_noted.connect(lambda _line, at: starts.append(at))
    studio.actions_.action("speak.script").trigger()
    qtbot.waitUntil(lambda: len(starts) == len(ids) and not studio.playback.growing)
    qtbot.waitUntil(lambda: studio.playback.playing_line == ids[0])
    assert panel.rows[ids[0]].state.text() == "Now playing"
    studio.playback.seek(starts[-1] + 0.01)
    qtbot.waitUntil(lambda: studio.playback.playing_line == ids[-1])
    row = panel.rows[ids[-1]]
    assert row.state.text() == "Now playing"
    assert row.card.property("playing") == "true"
    assert panel.rows.get(ids[0]) is None or panel.rows[ids[0]].card.property("playing") == "false"
    qtbot.waitUntil(lambda: not row.visibleRegion().isEmpty())


def test_the_script_is_played_from_the_selected_line_and_what_is_left_out_is_told(
    qtbot: QtBot, studio: Studio
) -> None:
    speak(qtbot, studio, "First.", "Second.", "Third.")
    ids = [line.id for line in studio.script.lines]
    studio.script.add("Not spoken.", after=ids[1])
    qtbot.waitUntil(lambda: len(studio.script.lines) == 4)
    studio.script.select(ids[1])
    noted: list[str] = []
    studio.playback.line_noted.connect(lambda line, _at: noted.append(line))
    studio.actions_.action("speak.here").trigger()
    qtbot.waitUntil(lambda: noted == ids[1:] and not studio.playback.growing)
    assert studio.toasts.words == "1 line isn't spoken yet and will be missing."


def test_speaking_does_not_mix_into_the_script_that_is_played(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, "First line", "Second line of it")
    first = studio.script.lines[0].id
    studio.engine.flowed.connect(
        lambda _flow: studio.playback.source == "script" or studio.play_script()
    )
    with qtbot.waitSignal(studio.engine.stopped):
        studio.speak((first,), 6)
    qtbot.waitUntil(lambda: studio.playback.source == "script" and not studio.playback.growing)
    peaks = studio.playback.peaks
    assert peaks is not None
    assert len(peaks) == len(studio.playback.samples())
    assert studio.playback.title == "Script"


def test_the_buttons_beneath_the_script_say_no_more_than_fits(qtbot: QtBot, studio: Studio) -> None:
    panel, said = studio.script_panel, []
    for width in (400, 520, 600):
        panel.setFixedWidth(width)
        qtbot.waitUntil(lambda width=width: panel.width() == width)
        assert panel.bar._resting.sizeHint().width() <= width
        said.append(panel.bar.play_button.text())
    assert said == ["", "Play script", "Play script"]


def test_opening_another_project_ends_the_script_that_is_played(
    qtbot: QtBot, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script_playback, "AHEAD_SECONDS", 0.0)  # so that it is never all read
    speak(qtbot, studio, "First line", "Second line of it")
    studio.play_script()
    qtbot.waitUntil(lambda: studio.playback.source == "script")
    assert studio.playback.growing
    reopen(qtbot, studio)
    assert studio.playback.peaks is None
    assert not studio.playback.growing


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


def add_lines(qtbot: QtBot, studio: Studio, *texts: str) -> list[str]:
    """Puts these lines, and no others, into the script; their ids."""
    snapshot = studio.document.snapshot
    assert snapshot is not None
    studio.document.ask(
        studio.library.lines.replace_all,
        snapshot.project.id,
        [NewLine(text) for text in texts],
    )
    qtbot.waitUntil(lambda: [line.text for line in studio.script.lines] == list(texts))
    qtbot.waitUntil(lambda: len(studio.script_panel.rows) == len(texts))
    return [line.id for line in studio.script.lines]


def texts(studio: Studio) -> list[str]:
    return [line.text for line in studio.script.lines]


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


def test_at_another_speed_it_is_heard_while_it_is_made_as_it_is_exported(
    qtbot: QtBot, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = add_lines(qtbot, studio, "One two three four")
    studio.parameters.set("speed", 1.25)
    studio.parameters.flush()
    snapshot = studio.document.snapshot
    qtbot.waitUntil(lambda: studio.document.snapshot.project.settings.speed == 1.25)  # type: ignore[union-attr]
    assert snapshot is not None
    heard: list[int] = []
    make_patch = FakeUtterance.step

    def note_and_make(self: FakeUtterance) -> PatchOutput:
        heard.append(len(studio.playback.samples()))
        return make_patch(self)

    monkeypatch.setattr(FakeUtterance, "step", note_and_make)
    with qtbot.waitSignal(studio.engine.stopped, timeout=20_000):
        studio.speak((ids[0],))
    before_each_patch = heard[-16:]  # getting the voice ready comes before
    assert before_each_patch[0] == 0
    assert 0 < before_each_patch[5] < before_each_patch[-1] < len(studio.playback.samples())
    qtbot.waitUntil(lambda: bool(studio.takes.shown))
    kept = read_take(studio.takes.shown[0].path, 1.25)
    assert np.array_equal(studio.playback.samples(), kept.samples)


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


def opened(qtbot: QtBot, studio: Studio, path: Path, samples: np.ndarray) -> None:
    """Opens a sound of 24 kHz as reference and waits for the verdict."""
    soundfile.write(path, samples, 24_000)
    studio.reference_commands.open(str(path))
    qtbot.waitUntil(lambda: studio.maker.name == path.stem and studio.maker.verdict is not None)


@pytest.mark.parametrize("kind", ["silence", "too short", "tone"])
def test_what_is_no_speech_is_not_saved(
    qtbot: QtBot, studio: Studio, tmp_path: Path, kind: str
) -> None:
    sounds = {
        "silence": np.zeros(72_000),
        "too short": speech_like(0.3).samples,
        "tone": 0.3 * np.sin(np.arange(72_000) / 20),
    }
    opened(qtbot, studio, tmp_path / "reference.wav", sounds[kind])
    panel = studio.reference_panel
    for name in ("voice.save", "voice.try", "voice.add_sample"):
        assert not studio.actions_.action(name).isEnabled(), name
    assert not panel.save_button.isEnabled()
    studio.reference_commands.save()
    assert not studio.window.findChildren(ConsentDialog)
    before = len(studio.voices.all)
    studio.maker.save("Nobody", [], "")
    assert studio.toasts.words
    assert len(studio.voices.all) == before


def test_a_file_that_is_no_sound_leaves_no_earlier_reference(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    opened(qtbot, studio, tmp_path / "good.wav", speech_like(4.0).samples)
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound at all")
    studio.reference_commands.open(str(broken))
    qtbot.waitUntil(lambda: studio.maker.clip is None)
    assert studio.maker.stage is Stage.IDLE
    assert not studio.actions_.action("voice.save").isEnabled()


@pytest.mark.parametrize("work", ["words", "loudness"])
def test_slow_work_on_one_file_does_not_end_upon_the_next(
    qtbot: QtBot, studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    opened(qtbot, studio, tmp_path / "first.wav", speech_like(4.0).samples)
    maker, may_end, ended = studio.maker, threading.Event(), threading.Event()

    def slowly(_clip: Clip, *_rest: object) -> Any:
        may_end.wait(30)
        maker.bridge.post(ended.set)  # behind the result
        return "Words of the first." if work == "words" else speech_like(1.0)

    monkeypatch.setattr(clip_module, "_transcribe", slowly)
    monkeypatch.setattr(loudness, "normalise", slowly)
    maker.transcribe() if work == "words" else maker.normalise()
    opened(qtbot, studio, tmp_path / "second.wav", speech_like(5.0).samples)
    may_end.set()
    qtbot.waitUntil(ended.is_set)
    qtbot.wait(50)
    assert maker.transcript == ""
    assert maker.clip is not None
    assert maker.clip.seconds == pytest.approx(5.0, abs=0.1)


def test_a_test_sentence_is_heard_before_the_voice_is_saved(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    opened(qtbot, studio, tmp_path / "good.wav", speech_like(4.0).samples)
    studio.maker.set_transcript("Good words.")
    qtbot.waitUntil(studio.reference_panel.try_button.isEnabled)
    voices = len(studio.voices.all)
    studio.reference_panel.try_button.click()
    qtbot.waitUntil(lambda: studio.playback.source == "test")
    assert studio.playback.title == "Test sentence"
    assert len(studio.voices.all) == voices
    assert studio.takes.shown == ()


def test_the_best_part_of_a_long_recording_is_taken_and_all_of_it_had_back(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    long = speech_like(50.0).samples
    soundfile.write(tmp_path / "long.wav", long, 24_000)
    studio.reference_commands.open(str(tmp_path / "long.wav"))
    maker = studio.maker
    qtbot.waitUntil(lambda: maker.clip is not None and maker.clip.seconds < 31)
    assert maker.clip is not None
    assert maker.clip.seconds >= 10
    assert studio.toasts.words.startswith("The best ")
    studio.reference_panel.restore_button.click()
    assert maker.clip.seconds == pytest.approx(50.0)
