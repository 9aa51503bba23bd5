"""The window: quick to come up, regions for panels, sides that fold away, all by keyboard."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from ditar_studio.ui.kit.actions import Actions
from ditar_studio.ui.kit.places import Place
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.kit.widgets.status_line import EngineState
from ditar_studio.ui.shell.action_specs import SPECS
from ditar_studio.ui.shell.application import Appearance
from ditar_studio.ui.shell.main_window import MainWindow

START = """
import json, sys, time
from pathlib import Path
from ditar_studio.ui.kit.actions import Actions
from ditar_studio.ui.shell.action_specs import SPECS
from ditar_studio.ui.shell.application import Appearance, make_application
from ditar_studio.ui.shell.main_window import MainWindow
from ditar_studio.ui.kit.preferences import PreferenceFile
app = make_application(["x"])
appearance = Appearance(app, PreferenceFile(Path(sys.argv[1]) / "settings.json"))
window = MainWindow(Actions(SPECS))
window.show()
app.processEvents()
heavy = [m for m in ("torch", "torchaudio", "numpy", "pycrfsuite") if m in sys.modules]
print(json.dumps({"cpu": time.process_time(), "heavy": heavy}))
"""


@pytest.fixture
def window(qtbot: QtBot, appearance: Appearance) -> MainWindow:
    window = MainWindow(Actions(SPECS))
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    return window


def test_window_is_quick_and_loads_nothing_heavy(tmp_path: object) -> None:
    needed = []
    for _ in range(3):  # the first may have to compile, and any may be disturbed
        out = subprocess.run(
            [sys.executable, "-c", START, str(tmp_path)], capture_output=True, text=True, check=True
        )
        received = json.loads(out.stdout)
        assert received["heavy"] == []
        needed.append(received["cpu"])
        if needed[-1] < 1.0:
            break
    assert min(needed) < 1.0


def test_regions_take_panels(window: MainWindow) -> None:
    first, second = QPushButton("one"), QPushButton("two")
    region = window.region(Place.SCRIPT)
    region.set_content(first)
    region.set_content(second)
    assert region.content is second
    assert region.accessibleName() == "Script"


def test_going_to_a_region_shows_and_focuses_it(qtbot: QtBot, window: MainWindow) -> None:
    field = QLineEdit()
    window.region(Place.REFERENCE).set_content(field)
    window.actions_.action("view.reference").trigger()
    assert field.isVisible()
    assert window.focusWidget() is field


def test_f6_goes_round_the_regions(qtbot: QtBot, window: MainWindow) -> None:
    fields = {place: QLineEdit() for place in Place}
    for place, field in fields.items():
        window.region(place).set_content(field)
    qtbot.waitUntil(lambda: fields[Place.TAKES].isVisible())
    seen = []
    for _ in range(6):
        window.actions_.action("view.next_region").trigger()
        seen.append(window.focusWidget())
    visible = [f for p, f in fields.items() if p is not Place.REFERENCE]
    assert seen[:5] == visible
    assert seen[5] is visible[0]


def test_sides_fold_in_a_narrow_window(window: MainWindow) -> None:
    window.resize(800, 600)
    assert not window.left.isVisible()
    assert window.right.isVisible()
    window.resize(660, 500)
    assert not window.right.isVisible()
    window.set_side("left", True)
    assert window.left.isVisible()
    window.resize(1280, 800)
    assert window.left.isVisible()
    assert window.right.isVisible()


def test_side_closed_by_the_user_stays_closed(window: MainWindow) -> None:
    window.actions_.action("view.left").trigger()
    assert not window.left.isVisible()
    window.resize(1400, 800)
    assert not window.left.isVisible()


def test_status_line_tells_the_truth(window: MainWindow) -> None:
    window.status.set_engine(EngineState.READY, "Ready")
    window.status.set_flow(
        generated=3.25, played=1.5, made_in=1.37, rtf=0.42, buffered=22.34, underruns=1
    )
    assert window.status.engine.text() == "Ready"
    assert window.status.played.text() == "1.5 of 3.2 s"
    assert window.status.speed.text() == "made in 1.4 s"
    assert "factor 0.42" in window.status.speed.toolTip()
    assert window.status.buffered.text() == "ready ahead: 22.3 s"
    assert "22340 ms" in window.status.buffered.toolTip()
    assert window.status.underruns.text() == "the sound ran out once"
    assert window.status.underruns.property("tone") == "warning"
    window.status.set_flow(made_in=1.0, underruns=0)
    assert window.status.underruns.isHidden()
    window.status.set_flow()
    assert window.status.speed.text() == ""


@pytest.mark.parametrize("size", [(1920, 1040), (1280, 800), (640, 400)])
def test_a_message_covers_nothing_and_is_read_whole(
    qtbot: QtBot, window: MainWindow, size: tuple[int, int]
) -> None:
    window.resize(*size)
    QApplication.processEvents()
    assert window.status.height() == 38
    window.status.set_flow(generated=3.25, played=1.5, rtf=0.42, buffered=0.18, underruns=1)
    toasts = window.status.toasts
    toasts.notify(
        "The model can't be read.",
        "danger",
        "Choose another model in the settings, or load the built-in one again.",
        ("Settings", lambda: None),
    )
    qtbot.waitUntil(lambda: window.status.height() >= toasts.sizeHint().height())
    assert window.size().toTuple() == size
    QApplication.processEvents()
    assert window.status.height() <= 56
    assert not window.columns.geometry().intersects(window.status.geometry())
    text = next(each for each in toasts.findChildren(QLabel) if "model" in each.text())
    assert text.height() >= text.heightForWidth(text.width())
    assert toasts.rect().contains(text.geometry())
    toasts.clear()
    assert window.status.engine.isVisible()


def test_tabs_move_with_arrow_keys(qtbot: QtBot, window: MainWindow) -> None:
    tab = window.tabs.findChildren(type(window.project))[0]
    tab.setFocus()
    qtbot.keyClick(tab, Qt.Key.Key_Right)
    assert window.tabs.choice == "reference"
    assert window.region(Place.REFERENCE).isVisible()


def test_the_first_window_fits_on_the_screen_with_its_frame(window: MainWindow) -> None:
    window.fit(QSize(1272, 760))
    assert window.size() == QSize(1272, 760)
    window.fit(QSize(1900, 1000))
    assert window.size() == QSize(1272, 760)


def test_menus_have_their_room_before_the_words_of_the_search(
    window: MainWindow, preferences: PreferenceFile
) -> None:
    assert window.palette_button.text()
    preferences.change(text_size=1.6)
    assert not window.palette_button.text()
    first = window.menus.actions()[0]
    assert window.menus.rect().contains(window.menus.actionGeometry(first))


def test_sides_fold_earlier_with_larger_text(
    window: MainWindow, preferences: PreferenceFile
) -> None:
    window.resize(1280, 800)
    assert window.left.isVisible()
    preferences.change(text_size=2.0)
    assert not window.left.isVisible()
    assert window.right.isVisible()
