"""What can be undone, and what the messages of deletions offer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from studio_steps import add_lines, dialog, speak, texts

from ditar_studio.store import project as kept
from ditar_studio.store.changes import ChangeSet
from ditar_studio.store.voices import NewSample
from ditar_studio.ui.features.parameters.presets import BUILT_IN, Presets
from ditar_studio.ui.features.project.snapshot import Snapshot
from ditar_studio.ui.features.voices.samples_dialog import SamplesDialog
from ditar_studio.ui.shell.studio import Studio
from ditar_studio.ui.shell.undo_offers import message_of

pytestmark = pytest.mark.filterwarnings("error")


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


def test_every_deletion_is_reported() -> None:
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
        assert message_of(changes, before), label


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
    studio.document.submit(studio.library.voices.add_sample, voice.id, sample)
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


def test_a_deleted_preset_comes_back(studio: Studio) -> None:
    studio.parameters.save_preset("Mine")
    studio.parameters.delete_preset("Mine")
    assert "Mine" not in [preset.name for preset in studio.parameters.presets.all]
    studio.toasts.button.click()
    assert "Mine" in [preset.name for preset in studio.parameters.presets.all]


def test_a_replaced_preset_comes_back_and_damaged_ones_are_put_aside(
    studio: Studio, tmp_path: Path
) -> None:
    parameters, file = studio.parameters, tmp_path / "presets.json"
    before = parameters.value("temperature")
    parameters.save_preset("Mine")
    parameters.set("temperature", 0.9)
    parameters.save_preset("Mine")
    assert studio.toasts.words == "“Mine” is replaced."
    assert Presets(file).all[-1].values["temperature"] == 0.9
    studio.toasts.button.click()
    assert Presets(file).all[-1].values["temperature"] == before
    file.write_text("{", encoding="utf-8")
    assert Presets(file).all == BUILT_IN
    assert file.with_suffix(".damaged").read_text(encoding="utf-8") == "{"
    file.mkdir()
    parameters.save_preset("Another")
    assert "presets.json" in studio.toasts.words
