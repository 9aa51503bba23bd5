"""The player's panel: the output device in full, and what it shows while there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QStyle, QStyleOptionComboBox
from pytestqt.qtbot import QtBot
from quiet_studio import SilentPlayer
from studio_steps import speak

from ditar_studio.audio.devices.player_events import PlayerStatus
from ditar_studio.ui.kit.widgets.choice import Choice
from ditar_studio.ui.shell.studio import Studio

pytestmark = pytest.mark.filterwarnings("error")


def is_cut(choice: Choice) -> bool:
    """Whether a choice is too narrow for what is chosen in it."""
    option = QStyleOptionComboBox()
    choice.initStyleOption(option)
    field = choice.style().subControlRect(
        QStyle.ComplexControl.CC_ComboBox,
        option,
        QStyle.SubControl.SC_ComboBoxEditField,
        choice,
    )
    return choice.fontMetrics().horizontalAdvance(choice.currentText()) + 6 > field.width()


@pytest.mark.parametrize("width", [1280, 1920])
def test_the_output_device_is_not_cut(qtbot: QtBot, studio: Studio, width: int) -> None:
    studio.window.resize(width, 760)
    panel = studio.player_panel
    panel.time.setText("1:23.4 / 12:34.5")
    qtbot.waitUntil(lambda: not is_cut(panel.output))
    assert panel.output.currentText() == "System default"


def test_what_is_put_away_while_it_plays_leaves_a_button_to_play(
    qtbot: QtBot, studio: Studio
) -> None:
    speak(qtbot, studio, "One line.")
    studio.script_panel.play_asked.emit(studio.script.lines[0].id)
    button = studio.player_panel.play_button
    qtbot.waitUntil(lambda: button.accessibleName() == "Pause")
    studio.actions_.action("file.delete").trigger()
    qtbot.waitUntil(lambda: studio.playback.peaks is None)
    assert button.accessibleName() == "Play"


def test_without_a_loudspeaker_nothing_counts_as_playing(
    qtbot: QtBot, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak(qtbot, studio, "One line.")
    (line,) = studio.script.lines
    row = studio.script_panel.rows[line.id]
    player = studio.playback.player
    assert isinstance(player, SilentPlayer)
    before = player.status
    state = "playing"

    def status() -> PlayerStatus:
        return replace(before(), state=state, position=0.1)

    monkeypatch.setattr(player, "status", status)
    studio.script_panel.play_asked.emit(line.id)
    qtbot.waitUntil(lambda: row.state.text() == "Now playing")
    title = "1 · One line."
    qtbot.waitUntil(lambda: studio.player_panel.title.text() == title)
    state = "device lost"
    qtbot.waitUntil(lambda: row.state.text() == "Spoken")
    assert studio.player_panel.title.text() == f"Waits for a loudspeaker: {title}"
    state = "playing"
    studio.playback.play()
    qtbot.waitUntil(lambda: row.state.text() == "Now playing")
    assert studio.player_panel.title.text() == title
