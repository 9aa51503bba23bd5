"""What tests of the running studio do again and again."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from ditar_studio.store.project import NewLine
from ditar_studio.ui.shell.studio import Studio

Dialog = TypeVar("Dialog", bound=QDialog)


def speak(qtbot: QtBot, studio: Studio, *texts: str) -> None:
    """Make a script of `texts` and speak it all."""
    lines = [NewLine(text) for text in texts]
    studio.document.submit(studio.library.lines.replace_all, studio.document.project_id, lines)
    qtbot.waitUntil(lambda: [line.text for line in studio.script.lines] == list(texts))
    with qtbot.waitSignal(studio.engine.stopped, timeout=20_000):
        studio.speak_stale()
    qtbot.waitUntil(lambda: all(line.state == "rendered" for line in studio.script.lines))


def dialog(qtbot: QtBot, studio: Studio, kind: type[Dialog]) -> Dialog:
    """Return the open dialog of a kind."""
    qtbot.waitUntil(lambda: bool(studio.window.findChildren(kind)))
    return studio.window.findChildren(kind)[-1]


def reopen(qtbot: QtBot, studio: Studio) -> None:
    """Leave the project for a new one and open it again."""
    first = studio.document.project_id
    lines = len(studio.script.lines)
    studio.actions_.action("file.new").trigger()
    qtbot.waitUntil(lambda: studio.document.project_id != first and studio.script.lines == ())
    studio.project_commands.open(first)
    qtbot.waitUntil(lambda: studio.document.project_id == first)
    qtbot.waitUntil(lambda: len(studio.script.lines) == lines)


def add_lines(qtbot: QtBot, studio: Studio, *texts: str) -> list[str]:
    """Put these lines, and no others, into the script; return their ids."""
    snapshot = studio.document.snapshot
    assert snapshot is not None
    studio.document.submit(
        studio.library.lines.replace_all,
        snapshot.project.id,
        [NewLine(text) for text in texts],
    )
    qtbot.waitUntil(lambda: [line.text for line in studio.script.lines] == list(texts))
    qtbot.waitUntil(lambda: len(studio.script_panel.rows) == len(texts))
    return [line.id for line in studio.script.lines]


def texts(studio: Studio) -> list[str]:
    return [line.text for line in studio.script.lines]
