"""The studio put together, with a fake model and a player that makes no sound."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from quiet_studio import quiet_machinery

from ditar_studio.ui.preferences import PreferenceFile
from ditar_studio.ui.shell import Shell
from ditar_studio.ui.studio import Studio

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def studio(
    qtbot: QtBot, qapp: QApplication, preferences: PreferenceFile, tmp_path: Path
) -> Iterator[Studio]:
    preferences.change(library_folder=str(tmp_path / "library"))
    shell = Shell(qapp, preferences)
    made: list[Studio] = []
    shell.opened.connect(lambda library: made.append(Studio(shell, library, quiet_machinery())))
    with qtbot.waitSignal(shell.opened, timeout=10_000):
        shell.start()
    studio = made[0]
    studio.start()
    shell.window.activateWindow()
    qtbot.waitUntil(shell.window.isActiveWindow)
    qtbot.waitUntil(lambda: studio.document.snapshot is not None, timeout=10_000)
    qtbot.waitUntil(lambda: studio.actions_.action("speak.line").isEnabled(), timeout=10_000)
    yield studio
    shell.window.close()
    shell.window.deleteLater()
    shell.deleteLater()


def test_first_start_has_a_voice_and_a_line_to_try(studio: Studio) -> None:
    snapshot = studio.document.snapshot
    assert snapshot is not None
    assert len(snapshot.voices) >= 3
    assert snapshot.voice_of(snapshot.lines[0]) is not None


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
    assert row.state.text() == "Spoken"


def test_escape_keeps_what_was_made(qtbot: QtBot, studio: Studio) -> None:
    line = studio.script.lines[0]
    studio.script.edit(line.id, "one runaway " * 40)
    studio.engine.flowed.connect(lambda _flow: studio.stop())
    with qtbot.waitSignal(studio.engine.stopped, timeout=20_000) as stopped:
        studio.speak_line()
    take_ids, cancelled = stopped.args
    assert cancelled
    assert len(take_ids) == 1
    qtbot.waitUntil(lambda: len(studio.takes.shown) == 1)
    assert studio.takes.shown[0].status == "partial"
