"""The waveform view: what is shown, selected and played, at every zoom, while it grows."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QFontMetrics, QWheelEvent
from pytestqt.qtbot import QtBot

from ditar_studio.audio.analysis.peaks import Peaks
from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.colours import LIGHT
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.kit.widgets.spectrogram import spectrogram_image
from ditar_studio.ui.kit.widgets.waveform import WaveformView
from ditar_studio.ui.kit.widgets.waveform_painting import Mark, clock_text, ruler, tick_step

pytestmark = pytest.mark.usefixtures("appearance")
RATE = 24_000


def tone(seconds: float) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return (0.8 * np.sin(2 * np.pi * 220 * time)).astype(np.float32)


@pytest.fixture
def view(qtbot: QtBot) -> WaveformView:
    view = WaveformView("Reference", selectable=True, trims=True)
    view.resize(400, 120)
    qtbot.addWidget(view)
    with qtbot.waitExposed(view):
        view.show()
    view.set_peaks(Peaks(RATE, tone(10.0)))
    return view


def test_whole_sound_is_shown(view: WaveformView) -> None:
    assert view.view == (0.0, 10.0)
    assert view.accessibleDescription() == "10.0 seconds of sound."


def test_drag_selects_and_handles_move(qtbot: QtBot, view: WaveformView) -> None:
    left = Qt.MouseButton.LeftButton
    qtbot.mousePress(view, left, pos=QPoint(40, 80))
    qtbot.mouseMove(view, QPoint(200, 80))
    qtbot.mouseRelease(view, left, pos=QPoint(200, 80))
    assert view.selection == pytest.approx((1.0, 5.0))
    qtbot.mousePress(view, left, pos=QPoint(201, 80))
    qtbot.mouseMove(view, QPoint(320, 80))
    qtbot.mouseRelease(view, left, pos=QPoint(320, 80))
    assert view.selection == pytest.approx((1.0, 8.0))
    assert "selected from 1.00 to 8.00" in view.accessibleDescription()


def test_click_seeks_and_clears_the_selection(qtbot: QtBot, view: WaveformView) -> None:
    view.select(2.0, 4.0)
    with qtbot.waitSignal(view.seek) as sought:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 80))
    assert sought.args == [pytest.approx(5.0)]
    assert view.selection is None


def test_keys_seek_select_and_zoom(qtbot: QtBot, view: WaveformView) -> None:
    sought: list[float] = []
    view.seek.connect(sought.append)
    view.set_playhead(3.0)
    qtbot.keyClick(view, Qt.Key.Key_Right)
    qtbot.keyClick(view, Qt.Key.Key_End)
    assert sought == [pytest.approx(3.2), 10.0]
    qtbot.keyClick(view, Qt.Key.Key_BracketLeft)
    assert view.selection == (3.0, 10.0)
    qtbot.keyClick(view, Qt.Key.Key_Backspace)
    assert view.selection is None
    qtbot.keyClick(view, Qt.Key.Key_Plus)
    assert view.view[1] - view.view[0] == pytest.approx(10 / 1.5)
    qtbot.keyClick(view, Qt.Key.Key_0)
    assert view.view == (0.0, 10.0)


def test_wheel_zooms_around_the_pointer(view: WaveformView) -> None:
    where = QPointF(100, 60)
    event = QWheelEvent(
        where,
        view.mapToGlobal(where),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    view.wheelEvent(event)
    start, end = view.view
    assert end - start == pytest.approx(8.0)
    assert start + 0.25 * (end - start) == pytest.approx(2.5)


def test_plain_wheel_is_left_to_the_page(view: WaveformView) -> None:
    where = QPointF(100, 60)
    event = QWheelEvent(
        where,
        view.mapToGlobal(where),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    view.wheelEvent(event)
    assert not event.isAccepted()


def test_zoomed_view_follows_the_playhead(view: WaveformView) -> None:
    view.zoom(5.0, 0.0)
    view.set_playhead(7.0)
    assert view.view[0] <= 7.0 <= view.view[1]


def test_growing_sound_widens_the_view_in_steps(view: WaveformView) -> None:
    peaks = Peaks(RATE)
    view.set_peaks(peaks, growing=True)
    views = []
    for _ in range(20):
        peaks.append(tone(0.5))
        view.refresh()
        views.append(view.view)
    assert views[0] == (0.0, 4.0)
    assert len(set(views)) <= 4
    view.finish()
    assert view.view == (0.0, 10.0)


def test_played_part_has_the_accent_colour(qtbot: QtBot, view: WaveformView) -> None:
    view.set_playhead(5.0)
    image = view.grab().toImage()
    accent, rest = LIGHT.wave_played, LIGHT.wave
    assert image.pixelColor(100, 70).name().upper() == accent
    assert image.pixelColor(300, 70).name().upper() == rest


def test_patch_grid_appears_on_zoom(view: WaveformView) -> None:
    view.set_peaks(Peaks(RATE, np.zeros(RATE * 10, np.float32)))
    before = view.grab().toImage()
    view.set_patch_seconds(0.16)
    assert view.grab().toImage() == before
    view.zoom(10.0, 1.0)
    zoomed = view.grab().toImage()
    view.set_patch_seconds(0.0)
    assert view.grab().toImage() != zoomed


def test_marks_and_prompt_are_painted(view: WaveformView) -> None:
    plain = view.grab().toImage()
    view.set_marks([Mark(2.0, "2")])
    assert view.grab().toImage() != plain
    view.set_peaks(None)
    empty = view.grab().toImage()
    view.set_prompt("Record something")
    assert view.grab().toImage() != empty
    assert view.accessibleDescription() == "No sound yet."


def test_spectrogram_is_strongest_at_the_tone() -> None:
    image = spectrogram_image(tone(1.0), RATE, LIGHT)
    middle = image.width() // 2
    alphas = [image.pixelColor(middle, y).alpha() for y in range(image.height())]
    loudest = image.height() - alphas.index(max(alphas))
    assert loudest < image.height() * 0.25


def test_spectrogram_layer_shows(view: WaveformView) -> None:
    plain = view.grab().toImage()
    view.set_spectrogram(spectrogram_image(tone(10.0), RATE, LIGHT))
    assert view.grab().toImage() != plain


@pytest.mark.parametrize(
    ("seconds", "step", "text"),
    [(62.0, 1.0, "1:02"), (5.0, 1.0, "0:05"), (2.35, 0.05, "2.35"), (62.5, 0.1, "1:02.5")],
)
def test_clock_text(seconds: float, step: float, text: str) -> None:
    assert clock_text(seconds, step) == text


def test_ticks_have_room() -> None:
    for span in (0.05, 1.0, 30.0, 4000.0):
        step = tick_step(span, 800)
        assert step / span * 800 >= 64


def test_the_times_are_whole_with_the_largest_text(preferences: PreferenceFile) -> None:
    preferences.change(text_size=2.0)
    assert ruler() >= QFontMetrics(theme.current().font("caption")).height()
