"""Dialogs for files: they don't make the program wait, and begin where one was."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from ditar_studio.ui.kit.dialogs import ask_file
from ditar_studio.ui.kit.dialogs.ask_file import ask_for_file, ask_for_folder, ask_where_to_save

UI = Path(ask_file.__file__).parents[2]
WAITS = {
    "exec", "exec_", "getOpenFileName", "getOpenFileNames", "getSaveFileName",
    "getExistingDirectory", "getText", "getItem", "getInt", "getDouble", "question", "warning",
    "critical", "information", "processEvents",
}  # fmt: skip


@pytest.fixture
def window(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> QWidget:
    monkeypatch.setattr(ask_file, "_last_folder", Path())
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    return window


def opened(window: QWidget) -> QFileDialog:
    dialog = next(each for each in window.findChildren(QFileDialog) if each.isVisible())
    assert isinstance(dialog, QFileDialog)
    return dialog


def test_dialogs_begin_at_home_and_then_where_something_was_chosen(
    window: QWidget, tmp_path: Path
) -> None:
    chosen: list[Path] = []
    ask_for_file(window, "Open", "Sound (*.wav)", chosen.append)
    dialog = opened(window)  # the call is over, and nothing was waited for
    assert Path(dialog.directory().absolutePath()) == Path.home()
    dialog.fileSelected.emit(str(tmp_path / "a.wav"))
    dialog.done(QDialog.DialogCode.Rejected)
    ask_where_to_save(window, "Save", "b.zip", "ZIP (*.zip)", chosen.append)
    dialog = opened(window)
    assert Path(dialog.directory().absolutePath()) == tmp_path
    assert Path(dialog.selectedFiles()[0]).name == "b.zip"
    assert dialog.defaultSuffix() == "zip"
    assert not dialog.testOption(QFileDialog.Option.DontConfirmOverwrite)
    dialog.fileSelected.emit(str(tmp_path / "b.zip"))
    assert chosen == [tmp_path / "a.wav", tmp_path / "b.zip"]


def test_a_dialog_for_a_folder_begins_with_the_one_in_force(
    window: QWidget, tmp_path: Path
) -> None:
    ask_for_folder(window, "Folder", lambda _path: None, str(tmp_path))
    assert Path(opened(window).directory().absolutePath()) == tmp_path
    opened(window).done(QDialog.DialogCode.Rejected)
    ask_for_folder(window, "Folder", lambda _path: None, str(tmp_path / "gone"))
    assert Path(opened(window).directory().absolutePath()) == Path.home()


def test_nothing_in_the_studio_waits_for_a_dialog() -> None:
    def waits(node: ast.Call) -> bool:
        called = node.func
        own = isinstance(called, ast.Attribute) and ast.unparse(called.value) not in ("log", "app")
        return own and called.attr in WAITS

    found = [
        f"{path.relative_to(UI)}:{node.lineno}"
        for path in UI.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and waits(node)
    ]
    assert found == []
