"""Files that are dropped onto the window, of the right kind and others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import soundfile
from fake_model import speech_like
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from studio_steps import add_lines, texts

from ditar_studio.ui.kit.places import Place
from ditar_studio.ui.kit.widgets.messages import Banner
from ditar_studio.ui.shell.studio import Studio

pytestmark = pytest.mark.filterwarnings("error")

_HOW = (
    Qt.DropAction.CopyAction | Qt.DropAction.MoveAction,
    Qt.MouseButton.LeftButton,
    Qt.KeyboardModifier.NoModifier,
)


def dragged(paths: Sequence[Path]) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def accepted(over: QWidget, *paths: Path) -> bool:
    """Whether files may be dropped onto a widget, or onto what is around it."""
    data = dragged(paths)
    actions, *how = _HOW
    event = QDragEnterEvent(over.rect().center(), actions, data, *how)
    QApplication.sendEvent(over, event)
    return event.isAccepted()


def drop(onto: QWidget, *paths: Path) -> Qt.DropAction:
    data = dragged(paths)
    actions, *how = _HOW
    event = QDropEvent(QPointF(1, 1), actions, data, *how)
    event.setDropAction(Qt.DropAction.MoveAction)
    onto.dropEvent(event)
    return event.dropAction()


def banners(studio: Studio) -> list[str]:
    return [each.message for each in studio.window.findChildren(Banner) if each.isVisible()]


def test_files_dropped_onto_a_line_go_into_the_script(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    (line_id,) = add_lines(qtbot, studio, "One.")
    text, picture = tmp_path / "a.txt", tmp_path / "b.png"
    text.write_text("Two.", encoding="utf-8")
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    panel, edit = studio.script_panel, studio.script_panel.rows[line_id].text
    assert accepted(edit.viewport(), text)
    assert not edit.canInsertFromMimeData(dragged([text]))
    assert not accepted(edit.viewport(), tmp_path)
    words = QMimeData()
    words.setText("words")
    assert edit.canInsertFromMimeData(words)
    assert drop(panel, picture, text, *[picture] * 199) is Qt.DropAction.CopyAction
    qtbot.waitUntil(lambda: texts(studio) == ["One.", "Two."])
    assert banners(studio) == ["200 files are left out: one is opened at a time."]
    drop(panel, picture)
    qtbot.waitUntil(lambda: "“b.png”" in studio.toasts.words)
    assert texts(studio) == ["One.", "Two."]


def test_one_of_several_sounds_becomes_the_reference(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    clip = speech_like(4.0)
    sounds = [tmp_path / f"{name}.WAV" for name in "abc"]
    for path in sounds:
        soundfile.write(path, clip.samples, clip.sample_rate)
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    studio.window.show_place(Place.REFERENCE)
    words = studio.reference_panel.words
    assert accepted(words.viewport(), *sounds)
    assert not accepted(words.viewport(), tmp_path / "a.pdf")
    drop(studio.reference_panel, tmp_path / "a.pdf", *sounds)
    qtbot.waitUntil(lambda: studio.maker.name == "a" and studio.maker.verdict is not None)
    assert banners(studio) == ["2 files are left out: one is opened at a time."]
    drop(studio.voices_panel, sounds[1])
    qtbot.waitUntil(lambda: studio.maker.name == "b" and studio.maker.verdict is not None)
    drop(studio.voices_panel, tmp_path / "a.pdf")
    qtbot.waitUntil(lambda: "a.pdf" in studio.toasts.words)
    assert studio.maker.clip is None
