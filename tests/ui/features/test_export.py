"""Exports: their recipe, and going on beside everything else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot
from shiboken6 import isValid
from studio_steps import dialog, speak, texts

from ditar_studio.services import export as export_service
from ditar_studio.services.export import Exported
from ditar_studio.ui.features.export.dialog import ExportDialog
from ditar_studio.ui.kit.dialogs.ask import LeaveDialog
from ditar_studio.ui.kit.widgets.task_strip import TaskStrip
from ditar_studio.ui.shell.studio import Studio

pytestmark = pytest.mark.filterwarnings("error")


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
    studio.export_commands._notify(Exported((tmp_path / "a.wav",), 0.0, -20.0, False, late=2))
    assert (
        "2 lines begin later than their subtitles" in studio.toasts.findChildren(QLabel)[1].text()
    )
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
