"""Takes: numbers, variations, comparing, deleting, dragging out."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from studio_steps import dialog, speak

from ditar_studio.services.metadata import open_recipe
from ditar_studio.ui.features.player.compare_dialog import CompareDialog
from ditar_studio.ui.features.takes.panel import facts, recipe_words, take_name
from ditar_studio.ui.shell.studio import Studio

pytestmark = pytest.mark.filterwarnings("error")


def test_takes_are_compared_with_their_reference(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, "Three small words")
    qtbot.waitUntil(lambda: studio.takes.shown[0].similarity == 0.75)
    assert "0.75" in recipe_words(studio.takes.shown[0])


def test_takes_have_numbers_and_their_model_in_sight_and_play_buttons(
    qtbot: QtBot, studio: Studio
) -> None:
    studio.window.resize(1280, 800)
    with qtbot.waitSignal(studio.engine.stopped):
        studio.speak((studio.script.lines[0].id,), 6)
    qtbot.waitUntil(lambda: len(studio.takes.shown) == 6)
    view = studio.takes_panel.view
    assert [take_name(take) for take in studio.takes.shown] == [
        f"Take {n}" for n in range(6, 0, -1)
    ]
    studio.takes.select((studio.takes.shown[-1].id,))
    studio.takes.delete()
    qtbot.waitUntil(lambda: len(studio.takes.shown) == 5)
    assert [take_name(take) for take in studio.takes.shown] == [
        f"Take {n}" for n in range(6, 1, -1)
    ]
    rows = [view.visualRect(view.model().index(row, 0)) for row in range(5)]
    view.scrollToTop()
    assert all(view.viewport().rect().contains(rect) for rect in rows)
    newest, other = studio.takes.shown[:2]
    assert facts(newest).endswith(newest.recipe.model_name)
    assert "Made in" in recipe_words(newest)
    left = Qt.MouseButton.LeftButton
    play = rows[1].center()
    play.setX(rows[1].left() + 20)
    qtbot.mouseClick(view.viewport(), left, pos=play)
    qtbot.waitUntil(lambda: studio.playback.source == other.id)
    qtbot.mouseDClick(view.viewport(), left, pos=rows[0].center())
    qtbot.waitUntil(lambda: studio.playback.source == newest.id)
    studio.takes.select((other.id,))
    studio.actions_.action("takes.play").trigger()
    qtbot.waitUntil(lambda: studio.playback.source == other.id)
    star = rows[0].center()
    star.setX(rows[0].right() - 15)
    qtbot.mouseClick(view.viewport(), left, pos=star)
    qtbot.waitUntil(lambda: studio.takes.shown[0].starred)


def test_variations_get_seeds_of_their_own(qtbot: QtBot, studio: Studio) -> None:
    with qtbot.waitSignal(studio.engine.stopped, timeout=20_000):
        studio.speak((studio.script.lines[0].id,), 3)
    qtbot.waitUntil(lambda: len(studio.takes.shown) == 3)
    assert len({take.recipe.settings["seed"] for take in studio.takes.shown}) == 3


def test_deleted_take_comes_back(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, "One line here")
    take = studio.takes.shown[0]
    studio.takes.select((take.id,))
    studio.actions_.action("takes.star").trigger()
    qtbot.waitUntil(lambda: studio.takes.shown[0].starred)
    studio.actions_.action("takes.delete").trigger()
    qtbot.waitUntil(lambda: not studio.takes.shown)
    assert studio.toasts.words == "Take deleted."
    studio.undo()
    qtbot.waitUntil(lambda: len(studio.takes.shown) == 1)
    assert studio.takes.shown[0].starred


def test_dragged_take_is_a_file_with_its_recipe(qtbot: QtBot, studio: Studio) -> None:
    speak(qtbot, studio, "One line here")
    take = studio.takes.shown[0]
    studio.takes.select((take.id,))
    index = studio.takes_panel.model.place(take.id)

    def ready() -> bool:
        return bool(studio.takes_panel.model.mimeData([index]).urls())

    def dragged() -> Path:
        return Path(studio.takes_panel.model.mimeData([index]).urls()[0].toLocalFile())

    assert not ready() or dragged() != take.path  # which has no watermark
    qtbot.waitUntil(ready)
    path = dragged()
    assert path.name == "Untitled 001 One line here.wav"
    assert open_recipe(path)[0].text == "One line here"
    seconds = soundfile.info(path).duration
    studio.parameters.set("speed", 1.25)
    studio.parameters.flush()
    qtbot.waitUntil(lambda: ready() and soundfile.info(dragged()).duration < seconds)
    assert soundfile.info(dragged()).duration == pytest.approx(seconds / 1.25, abs=0.05)
    assert dragged().name == path.name


def test_two_takes_are_compared_blind(qtbot: QtBot, studio: Studio) -> None:
    with qtbot.waitSignal(studio.engine.stopped, timeout=20_000):
        studio.speak((studio.script.lines[0].id,), 2)
    qtbot.waitUntil(lambda: len(studio.takes.shown) == 2)
    studio.takes.select(tuple(take.id for take in studio.takes.shown))
    assert studio.actions_.action("takes.compare").isEnabled()
    studio.actions_.action("takes.compare").trigger()
    compare = dialog(qtbot, studio, CompareDialog)
    assert studio.playback.source == "comparison"
    qtbot.keyClick(compare, Qt.Key.Key_B)
    assert compare.side == "B"
    with qtbot.waitSignal(compare.preferred):
        compare.prefer("B")
    qtbot.waitUntil(lambda: any(take.starred for take in studio.takes.shown))
