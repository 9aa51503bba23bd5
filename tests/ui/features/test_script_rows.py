"""Rows of the script say what there is room for, at every size of text."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ditar_studio.ui.shell.studio import Studio


@pytest.mark.parametrize("size", [1.0, 1.6, 2.0])
@pytest.mark.parametrize("width", [800, 1024, 1280])
def test_no_control_of_a_row_is_cut(qtbot: QtBot, studio: Studio, size: float, width: int) -> None:
    studio.preferences.change(text_size=size)
    studio.window.resize(width, 800)
    line_id = studio.script.lines[0].id
    qtbot.waitUntil(lambda: line_id in studio.script_panel.rows)
    row = studio.script_panel.rows[line_id]
    speak = studio.script_panel.bar.speak_button
    parts = [row.number, row.voice, row.state, row.play, row.lock, row.more]

    def cut() -> list[QWidget]:
        small = [part for part in parts if part.width() < part.sizeHint().width()]
        small += [speak] if speak.height() < speak.minimumSizeHint().height() else []
        corners = {part: part.mapTo(row, part.rect().bottomRight()) for part in (*parts, row.pause)}
        outside = [part for part, corner in corners.items() if not row.rect().contains(corner)]
        return [part for part in (*small, *outside) if part.isVisible()]

    qtbot.waitUntil(lambda: cut() == [])
