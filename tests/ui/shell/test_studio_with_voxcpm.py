"""The window with a VoxCPM in it: what the sliders offer, and that it speaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile
import voxcpm_folders as folders
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from quiet_studio import quiet_backends

from ditar_studio.engine.load import ModelRegistry
from ditar_studio.ui.features.speaking.engine_model import ModelState
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.shell.shell import Shell
from ditar_studio.ui.shell.studio import Studio


@pytest.fixture
def studio(
    qtbot: QtBot, qapp: QApplication, preferences: PreferenceFile, tmp_path: Path
) -> Iterator[Studio]:
    model = folders.make_folder(tmp_path / "tiny", "2")
    preferences.change(library_folder=str(tmp_path / "library"), model=str(model))
    shell = Shell(qapp, preferences)
    backends = replace(quiet_backends(), make_registry=lambda: ModelRegistry(threads=1))
    made: list[Studio] = []
    shell.opened.connect(lambda library: made.append(Studio(shell, library, backends)))
    with qtbot.waitSignal(shell.opened, timeout=20_000):
        shell.start()
    studio = made[0]
    studio.start()
    qtbot.waitUntil(lambda: studio.engine.state is ModelState.READY, timeout=60_000)
    qtbot.waitUntil(lambda: studio.document.snapshot is not None, timeout=20_000)
    yield studio
    shell.close()
    shell.window.deleteLater()
    shell.deleteLater()


def test_the_sliders_are_the_model_s_and_it_speaks_and_is_unloaded(
    qtbot: QtBot, studio: Studio
) -> None:
    panel = studio.parameters_panel
    names = [panel.mode.itemData(i) for i in range(panel.mode.count())]
    assert names == [None, "zero-shot", "continuation", "reference", "reference+continuation"]
    assert panel.mode.itemText(1) == "Without it"
    assert panel.mode.isVisibleTo(panel)
    assert panel.style_text.isVisibleTo(panel)
    assert not panel.candidates.isVisibleTo(panel)
    assert not panel.verify.isVisibleTo(panel)
    assert studio.parameters.value("temperature") == 1.0
    assert studio.parameters.value("steps") == 10
    assert studio.parameters.bounds("steps")[0] == 2
    studio.parameters.set("steps", 2)
    studio.parameters.set("mode", "reference")
    line = studio.script.lines[0]
    row = studio.script_panel.rows[line.id].text
    row.selectAll()
    qtbot.keyClicks(row, "Hi")
    with qtbot.waitSignal(studio.engine.stopped, timeout=120_000) as stopped:
        studio.speak((line.id,))
    made = stopped.args[0]
    qtbot.waitUntil(lambda: any(take.id in made for take in studio.takes.shown))
    take = next(take for take in studio.takes.shown if take.id in made)
    assert soundfile.info(take.path).samplerate == 48_000
    assert take.recipe.model_name == "tiny"
    assert (take.recipe.settings["mode"], take.recipe.settings["steps"]) == ("reference", 2)
    with qtbot.waitSignal(studio.engine.state_changed):
        studio.engine.unload()
    assert not studio.actions_.action("speak.line").isEnabled()
    studio.engine.load(studio.engine.model)
    qtbot.waitUntil(lambda: studio.engine.state is ModelState.READY, timeout=60_000)
