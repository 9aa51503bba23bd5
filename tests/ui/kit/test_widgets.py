"""The studio's own widgets, by mouse, by keyboard and to a screen reader."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QPaintEvent
from PySide6.QtWidgets import (
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.actions import Actions
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.kit.widgets import messages
from ditar_studio.ui.kit.widgets.basics import set_progress
from ditar_studio.ui.kit.widgets.chips import TagChips
from ditar_studio.ui.kit.widgets.command_palette import CommandPalette
from ditar_studio.ui.kit.widgets.level_meter import LevelMeterView
from ditar_studio.ui.kit.widgets.messages import Banner, Toasts
from ditar_studio.ui.kit.widgets.search_field import SearchField
from ditar_studio.ui.kit.widgets.section import Section
from ditar_studio.ui.kit.widgets.segmented import Segmented
from ditar_studio.ui.kit.widgets.toggle import Toggle
from ditar_studio.ui.kit.widgets.value_slider import ValueSlider
from ditar_studio.ui.shell.action_specs import SPECS
from ditar_studio.ui.shell.shortcuts_dialog import ShortcutsDialog

pytestmark = pytest.mark.usefixtures("appearance")


@pytest.fixture
def temperature(qtbot: QtBot) -> ValueSlider:
    slider = ValueSlider("Temperature", 0.0, 1.0, 0.5, 0.01, tip="How freely it speaks.")
    slider.resize(300, 60)
    qtbot.addWidget(slider)
    slider.show()
    return slider


def test_slider_and_field_agree(qtbot: QtBot, temperature: ValueSlider) -> None:
    received: list[float] = []
    temperature.changed.connect(received.append)
    temperature.slider.setValue(72)
    assert temperature.field.value() == pytest.approx(0.72)
    temperature.field.setValue(0.3)
    assert temperature.slider.value() == 30
    assert received == [pytest.approx(0.72), pytest.approx(0.3)]


def test_slider_by_keyboard(qtbot: QtBot, temperature: ValueSlider) -> None:
    temperature.slider.setFocus()
    qtbot.keyClick(temperature.slider, Qt.Key.Key_Right)
    qtbot.keyClick(temperature.slider, Qt.Key.Key_PageUp)
    assert temperature.value == pytest.approx(0.61)
    qtbot.keyClick(temperature.slider, Qt.Key.Key_Delete)
    assert temperature.value == 0.5


def test_reset_shows_only_away_from_the_default(qtbot: QtBot, temperature: ValueSlider) -> None:
    assert not temperature.reset_button.isVisible()
    temperature.set_value(0.9)
    assert temperature.reset_button.isVisible()
    temperature.reset_button.click()
    assert temperature.value == 0.5
    assert not temperature.reset_button.isVisible()


def test_slider_jumps_to_a_click(qtbot: QtBot, temperature: ValueSlider) -> None:
    track = temperature.slider
    qtbot.mouseClick(track, Qt.MouseButton.LeftButton, pos=QPoint(track.width() - 2, 10))
    assert temperature.value == 1.0


def test_slider_speaks_to_a_screen_reader(temperature: ValueSlider) -> None:
    interface = QAccessible.queryAccessibleInterface(temperature.slider)
    assert interface.text(QAccessible.Text.Name) == "Temperature"
    assert interface.text(QAccessible.Text.Description) == "How freely it speaks."
    assert interface.role() == QAccessible.Role.Slider
    assert temperature.field.accessibleName() == "Temperature, value"


def test_new_bounds_clip_the_value(temperature: ValueSlider) -> None:
    temperature.set_value(0.9)
    temperature.set_bounds(0.0, 0.8, 0.4)
    assert temperature.value == 0.8
    assert temperature.slider.value() == 80
    temperature.reset()
    assert temperature.value == 0.4


def test_meter_holds_the_clip_light_until_clicked(qtbot: QtBot) -> None:
    meter = LevelMeterView("Input level")
    qtbot.addWidget(meter)
    meter.resize(200, 34)
    meter.show()
    meter.set_levels(-3, 0, 0, clipped=True)
    meter.set_levels(-30, -20, -18, clipped=False)
    assert meter.clipped
    assert "Clipped" in meter.accessibleDescription()
    qtbot.mouseClick(meter, Qt.MouseButton.LeftButton, pos=QPoint(196, 10))
    assert not meter.clipped


def test_meter_click_and_space_ask_to_monitor(qtbot: QtBot) -> None:
    meter = LevelMeterView("Input level")
    qtbot.addWidget(meter)
    meter.resize(200, 34)
    with qtbot.waitSignal(meter.clicked):
        qtbot.mouseClick(meter, Qt.MouseButton.LeftButton, pos=QPoint(50, 10))
    with qtbot.waitSignal(meter.clicked):
        qtbot.keyClick(meter, Qt.Key.Key_Space)


@pytest.fixture
def toasts(qtbot: QtBot) -> Iterator[Toasts]:
    host, toasts, field = QWidget(), Toasts(), SearchField("Elsewhere")
    layout = QVBoxLayout(host)
    layout.addWidget(field)
    layout.addWidget(toasts)
    qtbot.addWidget(host)
    host.show()
    field.setFocus()
    yield toasts
    host.close()


def test_toast_undoes(qtbot: QtBot, toasts: Toasts) -> None:
    undone: list[str] = []
    toasts.notify("First")
    assert not toasts.button.isVisible()
    toasts.undoable("Take deleted", lambda: undone.append("take"))
    assert toasts.words == "Take deleted"
    toasts.button.click()
    assert undone == ["take"]
    assert toasts.words == ""
    assert not toasts.isVisible()


def test_toast_passes_by_itself(qtbot: QtBot, toasts: Toasts) -> None:
    toasts.notify("Saved", seconds=0.01)
    qtbot.waitUntil(lambda: toasts.words == "")


def test_toast_stays_while_it_has_the_focus(
    qtbot: QtBot, toasts: Toasts, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[bool] = []
    is_ancestor = toasts.isAncestorOf
    monkeypatch.setattr(messages, "_LOOK_AGAIN_MS", 1)
    monkeypatch.setattr(
        toasts, "isAncestorOf", lambda w: (looks.append(is_ancestor(w)), looks[-1])[1]
    )
    toasts.window().activateWindow()
    toasts.undoable("Take deleted", lambda: None)
    toasts.button.setFocus()
    toasts._timer.start(1)
    qtbot.waitUntil(lambda: len(looks) > 2)
    assert all(looks)
    assert toasts.words == "Take deleted"
    toasts.window().findChildren(SearchField)[0].setFocus()
    qtbot.waitUntil(lambda: toasts.words == "")


def test_progress_is_painted_with_everything_else(qtbot: QtBot) -> None:
    class Painted(QProgressBar):
        times = 0

        def paintEvent(self, event: QPaintEvent) -> None:
            self.times += 1
            super().paintEvent(event)

    bar = Painted()
    bar.setTextVisible(False)
    qtbot.addWidget(bar)
    bar.show()
    qtbot.waitUntil(lambda: bar.times > 0)
    before = bar.times
    for value in range(101):
        set_progress(bar, value)
    assert (bar.value(), bar.times) == (100, before)
    qtbot.waitUntil(lambda: bar.times > before)


def test_banner_offers_its_remedy(qtbot: QtBot) -> None:
    done: list[int] = []
    banner = Banner("warning", "Too short.", "Record more.", ("Record", lambda: done.append(1)))
    qtbot.addWidget(banner)
    banner.findChildren(QPushButton)[0].click()
    assert done == [1]


def test_section_folds(qtbot: QtBot) -> None:
    content = QWidget()
    section = Section("More", content, opened=False)
    qtbot.addWidget(section)
    section.show()
    assert not content.isVisible()
    qtbot.mouseClick(section.head, Qt.MouseButton.LeftButton)
    assert content.isVisible()
    assert section.opened


def test_chips_filter(qtbot: QtBot) -> None:
    host = QWidget()
    chips = TagChips("Tags")
    QVBoxLayout(host).addWidget(chips)
    qtbot.addWidget(host)
    chips.set_tags(["warm", "mine"])
    received: list[frozenset[str]] = []
    chips.changed.connect(received.append)
    host.findChildren(QPushButton)[1].click()
    assert received == [frozenset({"mine"})]
    chips.set_tags(["mine", "new"])
    assert chips.chosen == {"mine"}
    chips.set_tags(["new"])
    assert received[-1] == frozenset()


def test_segmented_goes_round(qtbot: QtBot) -> None:
    choice = Segmented("View", {"a": "One", "b": "Two"})
    qtbot.addWidget(choice)
    with qtbot.waitSignal(choice.chosen) as signal:
        choice.choose("b")
    assert signal.args == ["b"]
    qtbot.keyClick(choice, Qt.Key.Key_Right)
    assert choice.choice == "a"


def test_toggle_by_click_on_its_words(qtbot: QtBot) -> None:
    toggle = Toggle("Repeat")
    qtbot.addWidget(toggle)
    toggle.resize(200, 26)
    qtbot.mouseClick(toggle, Qt.MouseButton.LeftButton, pos=QPoint(80, 13))
    assert toggle.isChecked()


def test_search_field_leads_down_and_clears(qtbot: QtBot) -> None:
    field = SearchField("Search voices…")
    qtbot.addWidget(field)
    qtbot.keyClicks(field, "anna")
    with qtbot.waitSignal(field.left_down):
        qtbot.keyClick(field, Qt.Key.Key_Down)
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == ""


def test_palette_finds_and_runs(qtbot: QtBot) -> None:
    window = QWidget()
    window.resize(1000, 700)
    qtbot.addWidget(window)
    window.show()
    actions = Actions(SPECS)
    done: list[str] = []
    actions.handle("file.new", lambda: done.append("new"))
    actions.handle("file.export", lambda: done.append("export"))
    palette = CommandPalette(actions, window)
    palette.open()
    assert palette.found[0] == "file.new"
    qtbot.keyClicks(palette.field, "new project")
    assert palette.found == ["file.new"]
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert done == ["new"]


def test_palette_gives_the_focus_back_and_lets_no_shortcut_through(qtbot: QtBot) -> None:
    window = QWidget()
    field = SearchField("Before")
    QVBoxLayout(window).addWidget(field)
    window.resize(400, 300)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    field.setFocus()
    actions = Actions(SPECS)
    actions.handle("file.new", lambda: pytest.fail("ran"))
    window.addAction(actions.action("file.new"))
    for leave in (
        lambda palette: qtbot.keyClick(palette.field, Qt.Key.Key_Escape),
        lambda palette: qtbot.mouseClick(palette, Qt.MouseButton.LeftButton, pos=QPoint(2, 2)),
    ):
        palette = CommandPalette(actions, window)
        palette.open()
        assert window.focusWidget() is palette.field
        assert palette.rect().contains(palette._panel.geometry())
        qtbot.keyClick(palette.field, Qt.Key.Key_Tab)
        qtbot.keyClick(palette.field, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
        assert window.focusWidget() is palette.field
        leave(palette)
        assert window.focusWidget() is field


def test_palette_lists_disabled_actions_last_and_does_not_run_them(qtbot: QtBot) -> None:
    window = QWidget()
    window.resize(1000, 700)
    qtbot.addWidget(window)
    actions = Actions(SPECS)
    actions.handle("takes.star", lambda: pytest.fail("ran"))
    palette = CommandPalette(actions, window)
    qtbot.keyClicks(palette.field, "star the take")
    assert palette.found == ["takes.star"]
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.findChildren(QListWidget)[0].currentItem() is None


def test_shortcut_list_has_all_and_filters(qtbot: QtBot) -> None:
    dialog = ShortcutsDialog(Actions(SPECS))
    qtbot.addWidget(dialog)
    assert len(dialog.shown) > 70
    qtbot.keyClicks(dialog.field, "ctrl+z")
    assert dialog.shown == ["Undo"]


@pytest.mark.parametrize("look", ["light", "dark"])
def test_what_is_ticked_in_a_list_is_distinguished_from_what_is_not(
    qtbot: QtBot, preferences: PreferenceFile, look: str
) -> None:
    preferences.change(theme=look)
    view = QListWidget()
    qtbot.addWidget(view)
    for state in (Qt.CheckState.Checked, Qt.CheckState.Unchecked):
        item = QListWidgetItem("", view)
        item.setCheckState(state)
    view.resize(120, 80)
    view.show()
    image = view.viewport().grab().toImage()
    seen = []
    for row in range(2):
        place = view.visualItemRect(view.item(row))
        colours = {
            image.pixelColor(x, y).name().upper()
            for x in range(4, 20)
            for y in range(place.top() + 2, place.bottom() - 2)
        }
        seen.append(theme.current().colours.accent.upper() in colours)
    assert seen == [True, False]


def test_shortcuts_are_in_sight_with_the_largest_text(
    qtbot: QtBot, preferences: PreferenceFile
) -> None:
    preferences.change(text_size=1.6, language="en")
    dialog = ShortcutsDialog(Actions(SPECS))
    qtbot.addWidget(dialog)
    dialog.show()
    keys = [each for each in dialog.findChildren(QLabel) if each.property("key")]
    assert keys
    for key in keys:
        assert key.mapTo(dialog, key.rect().topRight()).x() < dialog.width()


def test_rows_of_lists_grow_with_the_text(preferences: PreferenceFile) -> None:
    assert theme.current().sized(42) == 42
    preferences.change(text_size=1.6)
    assert theme.current().sized(42) >= 64
    preferences.change(text_size=0.8)
    assert theme.current().sized(42) == 42
