"""Exports that fail, and the wish to quit while one is written."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot
from studio_steps import add_lines, dialog, speak

from ditar_studio.errors import StudioError
from ditar_studio.services import export as export_service
from ditar_studio.ui.features.export.dialog import ExportDialog
from ditar_studio.ui.kit.dialogs.ask import LeaveDialog
from ditar_studio.ui.kit.widgets.messages import Banner
from ditar_studio.ui.shell.studio import Studio

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Lets exports end when it is set."""
    gate, write = threading.Event(), export_service.export

    def slow(*arguments: Any, **rest: Any) -> Any:
        if "cancel" in rest:  # else it is a take that may be dragged out
            gate.wait(60)
        return write(*arguments, **rest)

    monkeypatch.setattr(export_service, "export", slow)
    return gate


def export(qtbot: QtBot, studio: Studio, folder: str) -> ExportDialog:
    studio.actions_.action("file.export").trigger()
    asked = dialog(qtbot, studio, ExportDialog)
    asked.folder.setText(folder)
    asked.export.click()
    return asked


def banners(studio: Studio) -> list[Banner]:
    return [each for each in studio.window.findChildren(Banner) if each.isVisible()]


@pytest.mark.parametrize("folder", ["out", "../out", "~nobody-of-this-name/out"])
def test_a_folder_without_a_place_is_refused(
    qtbot: QtBot, studio: Studio, tmp_path: Path, folder: str
) -> None:
    speak(qtbot, studio, "First line")
    asked = export(qtbot, studio, folder)
    assert asked.isVisible()
    assert f"“{folder}” doesn't tell where the folder is." in asked.problem.text()
    asked.folder.setText(str(tmp_path / "out"))
    asked.export.click()
    qtbot.waitUntil((tmp_path / "out" / "Untitled.wav").exists)
    qtbot.waitUntil(lambda: not studio.export_commands.busy)


def test_a_failed_export_is_reported_until_it_is_seen_and_can_be_done_again(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    speak(qtbot, studio, "First line")
    first = studio.document.project_id
    (tmp_path / "file").write_text("no folder")
    export(qtbot, studio, str(tmp_path / "file" / "out"))
    qtbot.waitUntil(lambda: bool(banners(studio)))
    (banner,) = banners(studio)
    assert banner.message == "Untitled.wav could not be written: Not a directory."
    (again,) = (b for b in banner.findChildren(QPushButton) if b.text() == "Export again…")
    studio.actions_.action("file.new").trigger()
    qtbot.waitUntil(lambda: studio.document.project_id != first and not studio.script.lines)
    add_lines(qtbot, studio, "Of another project")
    again.click()
    qtbot.waitUntil(lambda: any(d.isVisible() for d in studio.window.findChildren(ExportDialog)))
    asked = dialog(qtbot, studio, ExportDialog)
    assert studio.document.project_id == first
    assert asked.folder.text() == str(tmp_path / "file" / "out")
    assert not banners(studio)
    asked.folder.setText(str(tmp_path / "out"))
    asked.export.click()
    qtbot.waitUntil((tmp_path / "out" / "Untitled.wav").exists)
    qtbot.waitUntil(lambda: not studio.export_commands.busy)


def asked_to_quit(qtbot: QtBot, studio: Studio) -> LeaveDialog:
    studio.window.close()
    return dialog(qtbot, studio, LeaveDialog)


def test_quitting_can_wait_for_an_export(
    qtbot: QtBot, studio: Studio, tmp_path: Path, gate: threading.Event
) -> None:
    speak(qtbot, studio, "First line")
    for folder in ("one", "two"):
        export(qtbot, studio, str(tmp_path / folder))
    leave = asked_to_quit(qtbot, studio)
    assert leave.then.isVisible()
    leave.then.click()
    with qtbot.waitSignal(studio.engine.stopped):
        studio.speak((studio.script.lines[0].id,))
    assert studio.window.isVisible()  # what was spoken is done, what is exported isn't
    with qtbot.waitSignal(studio.shell.ended):
        gate.set()
    assert (tmp_path / "two" / "Untitled.wav").exists()


def test_quitting_later_can_be_taken_back_and_does_not_hide_a_failure(
    qtbot: QtBot,
    studio: Studio,
    tmp_path: Path,
    gate: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    speak(qtbot, studio, "First line")
    export(qtbot, studio, str(tmp_path / "one"))
    asked_to_quit(qtbot, studio).then.click()
    assert studio.toasts.words == "DiTAR Studio closes when all is done."
    studio.toasts.button.click()
    with qtbot.waitSignal(studio.export_commands.ended):
        gate.set()
    assert studio.window.isVisible()

    gate.clear()
    slow = export_service.export

    def fail(*arguments: Any, **rest: Any) -> Any:
        slow(*arguments, **rest)
        raise StudioError("The disk is gone.", "Look for it.")

    monkeypatch.setattr(export_service, "export", fail)
    export(qtbot, studio, str(tmp_path / "two"))
    asked_to_quit(qtbot, studio).then.click()
    with qtbot.waitSignal(studio.export_commands.ended):
        gate.set()
    assert studio.window.isVisible()
    qtbot.waitUntil(lambda: [each.message for each in banners(studio)] == ["The disk is gone."])
