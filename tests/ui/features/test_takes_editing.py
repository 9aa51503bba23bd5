"""Editing takes in the studio: the dialog, its waveform, and what is heard afterwards."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot
from studio_steps import dialog, speak

from ditar_studio.services.takes import Take
from ditar_studio.store.take_edit import Marker
from ditar_studio.ui.features.takes.edit_dialog import EditTakeDialog
from ditar_studio.ui.features.takes.panel import facts
from ditar_studio.ui.kit.dialogs.ask import TextDialog
from ditar_studio.ui.shell.studio import Studio

pytestmark = pytest.mark.filterwarnings("error")

TEXT = "One two three four"  # 0.4 s a word


def edit_first(qtbot: QtBot, studio: Studio) -> tuple[EditTakeDialog, Take]:
    """The editor of the newest take, its waveform drawn."""
    take = studio.takes.shown[0]
    studio.takes.select((take.id,))
    studio.actions_.action("takes.edit").trigger()
    editor = dialog(qtbot, studio, EditTakeDialog)
    qtbot.waitUntil(lambda: editor.wave.seconds == pytest.approx(take.seconds, abs=0.01))
    return editor, take


def heard(studio: Studio) -> float:
    """Seconds of the take that is selected."""
    assert studio.takes.current is not None
    return round(studio.takes.current.seconds, 2)


def test_a_take_is_trimmed_filled_and_restored(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, TEXT)
    editor, take = edit_first(qtbot, studio)
    assert not editor.keep.isEnabled()
    editor.wave.select(0.4, 1.2)
    editor.keep.click()
    qtbot.waitUntil(lambda: heard(studio) == 0.8)
    qtbot.waitUntil(lambda: editor.wave.seconds == pytest.approx(0.8, abs=0.01))
    assert [TEXT[w.start : w.end] for w in studio.takes.shown[0].words] == ["two", "three"]
    assert "edited" in facts(studio.takes.shown[0])
    editor.wave.seek.emit(0.4)
    editor.length.setValue(0.5)
    editor.silence.click()
    qtbot.waitUntil(lambda: heard(studio) == 1.3)
    editor.undo.click()
    qtbot.waitUntil(lambda: heard(studio) == 0.8)
    editor.reset.click()
    qtbot.waitUntil(lambda: heard(studio) == round(take.seconds, 2))
    assert studio.takes.shown[0].edit is None
    assert not editor.reset.isEnabled()
    qtbot.waitUntil(lambda: editor.wave.seconds == pytest.approx(take.seconds, abs=0.01))
    editor.wave.select(0.0, 9.0)
    editor.cut.click()
    qtbot.waitUntil(lambda: "Nothing would be left" in editor.toasts.words)


def test_gain_and_fades_are_set_by_fields_and_handles(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, TEXT)
    editor, take = edit_first(qtbot, studio)
    editor.gain.setValue(-6.0)

    def edit() -> tuple[float, float, float] | None:
        found = studio.takes.shown[0].edit
        return None if found is None else (found.gain_db, found.fade_in, found.fade_out)

    qtbot.waitUntil(lambda: edit() == (-6.0, 0.0, 0.0))
    wave = editor.wave
    left, right = (round(x) for x in wave._handles())
    y = 24
    qtbot.mousePress(wave, Qt.MouseButton.LeftButton, pos=QPoint(left, y))
    qtbot.mouseMove(wave, QPoint(wave.width() // 4, y))
    qtbot.mouseRelease(wave, Qt.MouseButton.LeftButton, pos=QPoint(wave.width() // 4, y))
    qtbot.waitUntil(lambda: bool(edit()) and edit()[1] == pytest.approx(take.seconds / 4, abs=0.02))  # type: ignore[index]
    assert wave.selection is None
    qtbot.waitUntil(lambda: editor.fade_in.value() == pytest.approx(take.seconds / 4, abs=0.02))
    editor.fade_out.setValue(0.2)
    qtbot.waitUntil(lambda: bool(edit()) and edit()[2] == 0.2)  # type: ignore[index]
    assert right > left


def test_a_marker_is_named_and_shown(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, TEXT)
    editor, _ = edit_first(qtbot, studio)
    editor.wave.seek.emit(0.8)
    editor.marker.click()
    asked = editor.findChild(TextDialog)
    assert asked is not None
    asked.field.setText("breath")
    asked.accept()
    qtbot.waitUntil(
        lambda: (
            studio.takes.shown[0].edit is not None
            and studio.takes.shown[0].edit.markers == (Marker(0.8, "breath"),)
        )
    )
    qtbot.waitUntil(lambda: [m.text for m in editor.wave._marks] == ["breath"])


def test_what_is_edited_is_played(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, TEXT)
    editor, take = edit_first(qtbot, studio)
    editor.wave.select(0.4, 1.2)
    editor.keep.click()
    qtbot.waitUntil(lambda: editor.wave.seconds == pytest.approx(0.8, abs=0.01))
    editor.play.click()
    qtbot.waitUntil(lambda: studio.playback.source == f"edit {take.id}")
    assert len(studio.playback.samples()) / 24000 == pytest.approx(0.8, abs=0.01)
    editor.accept()
    studio.takes.play(take.id)
    qtbot.waitUntil(lambda: studio.playback.source == take.id)
    assert len(studio.playback.samples()) / 24000 == pytest.approx(0.8, abs=0.01)
    studio.play_script()
    qtbot.waitUntil(lambda: studio.playback.source == "script" and not studio.playback.growing)
    assert len(studio.playback.samples()) / 24000 == pytest.approx(0.8, abs=0.01)


def test_takes_are_split_joined_and_given_words_of_others(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, TEXT)
    with qtbot.waitSignal(studio.engine.stopped):
        studio.speak((studio.script.lines[0].id,))
    qtbot.waitUntil(lambda: len(studio.takes.shown) == 2)
    editor, take = edit_first(qtbot, studio)
    editor.wave.select(0.5, 0.7)
    assert editor.words.isEnabled()
    editor._fill_others()
    (choice,) = editor._menu.actions()
    assert choice.text().startswith("Take 1")
    choice.trigger()
    qtbot.waitUntil(lambda: len(studio.takes.shown) == 3)
    made = studio.takes.shown[0]
    assert [TEXT[w.start : w.end] for w in made.words] == TEXT.split()
    assert studio.script.lines[0].take_id == made.id
    editor.wave.seek.emit(0.8)
    editor.split.click()
    qtbot.waitUntil(lambda: len(studio.takes.shown) == 5)
    editor.accept()
    first, second = studio.takes.shown[1], studio.takes.shown[0]
    assert studio.script.lines[0].take_id == made.id  # neither half stands for the line
    assert first.seconds + second.seconds == pytest.approx(take.seconds, abs=0.01)
    studio.takes.select((second.id, first.id))
    join = studio.actions_.action("takes.join")
    qtbot.waitUntil(join.isEnabled)
    join.trigger()
    qtbot.waitUntil(lambda: len(studio.takes.shown) == 6)
    joined = studio.takes.shown[0]
    assert joined.seconds == pytest.approx(take.seconds, abs=0.01)
    assert [TEXT[w.start : w.end] for w in joined.words] == TEXT.split()
    assert studio.script.lines[0].take_id == joined.id
    studio.undo()
    qtbot.waitUntil(lambda: len(studio.takes.shown) == 5)
    speak(qtbot, studio, TEXT, "Five six")
    studio.takes_panel.scope.choose("all")
    studio.takes.show_all(True)
    studio.takes.select(tuple(take.id for take in studio.takes.shown[:2]))
    join.trigger()
    assert studio.toasts.words == "These takes are of different lines."
