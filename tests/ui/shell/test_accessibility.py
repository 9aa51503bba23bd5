"""Every control of the whole studio has a name, can be reached by Tab, and speaks its state."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QAccessible, QImage
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QScrollBar,
    QTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot
from quiet_studio import quiet_backends

from ditar_studio.store.project import NewLine
from ditar_studio.ui.features.reference.consent_dialog import ConsentDialog
from ditar_studio.ui.features.reference.panel import ReferencePanel
from ditar_studio.ui.features.settings.dialog import Choices, SettingsDialog
from ditar_studio.ui.features.voices.panel import VoicesPanel
from ditar_studio.ui.kit import translate
from ditar_studio.ui.kit.colours import contrast
from ditar_studio.ui.kit.dialogs.frame import fit
from ditar_studio.ui.kit.places import Place
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.kit.widgets.level_meter import LevelMeterView
from ditar_studio.ui.kit.widgets.segmented import Segmented
from ditar_studio.ui.kit.widgets.waveform import WaveformView
from ditar_studio.ui.shell.about_dialog import AboutDialog
from ditar_studio.ui.shell.shell import Shell
from ditar_studio.ui.shell.shortcuts_dialog import ShortcutsDialog
from ditar_studio.ui.shell.studio import Studio
from ditar_studio.ui.shell.welcome_dialog import WelcomeDialog

CONTROLS = (
    QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox,
    QLineEdit, QPlainTextEdit, QTextEdit, LevelMeterView, WaveformView,
)  # fmt: skip


def controls(root: QWidget) -> list[QWidget]:
    """Everything in `root` that a person can operate and now sees."""
    found = []
    for widget in root.findChildren(QWidget):
        inside = widget.parentWidget()
        part = isinstance(inside, QAbstractSpinBox | QComboBox | QLineEdit | QPlainTextEdit)
        if (
            isinstance(widget, CONTROLS)
            and not isinstance(widget, QScrollBar)
            and not part
            and not widget.objectName().startswith("qt_")
            and widget.isVisibleTo(root)
        ):
            found.append(widget)
    return found


def name_of(widget: QWidget) -> str:
    interface = QAccessible.queryAccessibleInterface(widget)
    if isinstance(widget, QComboBox):  # what Qt calls its name is what is chosen in it
        labels = interface.relations(QAccessible.RelationFlag.Label)
        return " ".join(label.text(QAccessible.Text.Name) for label, _ in labels)
    return interface.text(QAccessible.Text.Name).strip() if interface else ""


def description(widget: QWidget) -> str:
    return f"{type(widget).__name__} {name_of(widget)!r} in {type(widget.parent()).__name__}"


def unnamed(root: QWidget) -> list[str]:
    return [description(widget) for widget in controls(root) if not name_of(widget)]


def unreachable(root: QWidget) -> list[str]:
    return [
        description(widget)
        for widget in controls(root)
        if widget.isEnabled() and not widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]


@pytest.fixture
def studio(
    qtbot: QtBot, qapp: QApplication, preferences: PreferenceFile, tmp_path: Path
) -> Iterator[Studio]:
    preferences.change(library_folder=str(tmp_path / "library"))
    shell = Shell(qapp, preferences)
    with qtbot.waitSignal(shell.opened, timeout=30_000):
        shell.start()
    assert shell.library is not None
    studio = Studio(shell, shell.library, quiet_backends())
    studio.start()
    qtbot.waitUntil(lambda: studio.engine.info is not None, timeout=60_000)
    qtbot.waitUntil(lambda: studio.document.snapshot is not None, timeout=30_000)
    shell.window.resize(1400, 900)
    yield studio
    shell.close()
    shell.window.deleteLater()
    shell.deleteLater()


def test_every_control_is_named_and_reachable(qtbot: QtBot, studio: Studio) -> None:
    snapshot = studio.document.snapshot
    assert snapshot is not None
    studio.document.submit(
        studio.library.lines.add, snapshot.project.id, [NewLine("One two three.")]
    )
    qtbot.waitUntil(lambda: len(studio.script.lines) >= 1)
    studio.engine.speak((studio.script.lines[0].id,))
    qtbot.waitUntil(lambda: bool(studio.takes.shown), timeout=30_000)
    window = studio.window
    assert unnamed(window) == []
    assert unreachable(window) == []
    window.show_place(Place.REFERENCE)
    qtbot.waitUntil(lambda: window.region(Place.REFERENCE).isVisible())
    assert unnamed(window) == []
    assert unreachable(window) == []


def test_tab_goes_through_the_window_and_comes_round(qtbot: QtBot, studio: Studio) -> None:
    window = studio.window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    start = controls(window)[0]
    start.setFocus()
    seen: list[QWidget] = []
    here = window.focusWidget()
    while here is not None and here not in seen and len(seen) < 300:
        seen.append(here)
        window.focusNextChild()
        here = window.focusWidget()
    missed = [
        description(widget)
        for widget in controls(window)
        if widget.isEnabled()
        and widget not in seen
        and widget.focusProxy() is None
        and not isinstance(widget.parent(), Segmented)  # arrow keys lead on from the chosen one
        and not isinstance(widget, QPlainTextEdit | QTextEdit)
    ]
    assert missed == []


def focus_walk(window: QWidget) -> list[QWidget]:
    """What Tab goes through, from the first control on until it comes round."""
    controls(window)[0].setFocus()
    seen: list[QWidget] = []
    here = window.focusWidget()
    while here is not None and here not in seen:
        seen.append(here)
        window.focusNextChild()
        here = window.focusWidget()
    return seen


def test_tab_follows_the_regions_and_reads_each_from_top_to_bottom(
    qtbot: QtBot, studio: Studio
) -> None:
    window = studio.window
    assert all(window.region(place).accessibleName() for place in Place)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    places: list[Place] = []
    tops: dict[Place, list[int]] = {place: [] for place in Place}
    walk = focus_walk(window)
    for bar in window.findChildren(QScrollBar):
        bar.setValue(0)  # the walk has scrolled the parameters to their end
    for widget in walk:
        place = next((p for p in Place if window.region(p).isAncestorOf(widget)), None)
        if place is None:
            continue
        if not places or places[-1] is not place:
            places.append(place)
        tops[place].append(widget.mapTo(window, widget.rect().center()).y())
    assert places == [place for place in Place if place in places]
    for place, heights in tops.items():
        backwards = [
            (above, below)
            for above, below in pairwise(heights)
            if below < above - 24  # within a row the order is from left to right
        ]
        assert backwards == [], place


def test_tab_goes_through_a_long_script_before_what_is_beneath_it(
    qtbot: QtBot, studio: Studio
) -> None:
    window, panel = studio.window, studio.script_panel
    texts = [NewLine(f"Line number {number}.") for number in range(25)]
    studio.document.submit(studio.library.lines.replace_all, studio.document.project_id, texts)
    qtbot.waitUntil(lambda: len(studio.script.lines) == 25 and len(panel.rows) > 5)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    ids = [line.id for line in studio.script.lines]
    panel.rows[ids[0]].text.setFocus()
    visited = [ids[0]]
    while visited[-1] != ids[-1]:
        QApplication.processEvents()
        window.focusNextChild()
        here = window.focusWidget()
        assert here is not panel.bar.add_button, len(visited)
        at = next(line_id for line_id, row in panel.rows.items() if row.isAncestorOf(here))
        if at != visited[-1]:
            visited.append(at)
    assert visited == ids


def dialogs(studio: Studio, tmp_path: Path) -> list[QDialog]:
    """Those that say something whenever they are opened."""
    choices = Choices(
        microphones=list, loudspeakers=list, rescan=lambda done: done(),
        library_folder=tmp_path, log_folder=tmp_path, engine=lambda: "CPU",
        models=list, save_bundle=lambda: None,
    )  # fmt: skip
    return [
        *(SettingsDialog(studio.preferences, choices, page=page) for page in range(5)),
        AboutDialog(), ConsentDialog(), WelcomeDialog(), ShortcutsDialog(studio.actions_),
    ]  # fmt: skip


def test_dialogs_are_named_and_reachable(qtbot: QtBot, studio: Studio, tmp_path: Path) -> None:
    for dialog in dialogs(studio, tmp_path):
        qtbot.addWidget(dialog)
        dialog.show()
        assert unnamed(dialog) == []
        assert unreachable(dialog) == []
        dialog.close()


@pytest.mark.parametrize("language", list(translate.LANGUAGES))
def test_dialogs_fit_on_a_small_screen(
    qtbot: QtBot, studio: Studio, tmp_path: Path, language: str
) -> None:
    room = QSize(632, 360)
    translate.set_language(language)
    for dialog in dialogs(studio, tmp_path):
        qtbot.addWidget(dialog)
        fit(dialog, room)
        dialog.show()
        QApplication.processEvents()
        assert dialog.width() <= room.width(), dialog
        assert dialog.height() <= room.height(), dialog
        for button in dialog.findChildren(QPushButton):
            if button.isVisible() and button.isDefault():
                corner = button.mapTo(dialog, button.rect().bottomRight())
                assert dialog.rect().contains(corner), dialog
        dialog.close()


SHARP = 3
"""Text is looked at enlarged, so that its strokes are as dark as they are meant to be."""


def words_of(widget: QWidget) -> str:
    """What is written in a widget."""
    if isinstance(widget, QLabel | QAbstractButton):
        return widget.text()
    if isinstance(widget, QLineEdit):
        return widget.text() or widget.placeholderText()
    if isinstance(widget, QPlainTextEdit):
        return widget.toPlainText() or widget.placeholderText()
    return widget.currentText() if isinstance(widget, QComboBox) else ""


def painted(root: QWidget) -> np.ndarray:
    """The widget as it is on the screen, enlarged, in colours 0xrrggbb [height, width]."""
    image = QImage(root.size() * SHARP, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(SHARP)
    root.render(image)
    data = np.frombuffer(image.constBits(), np.uint32) & 0xFFFFFF
    return data.reshape(image.height(), image.width())


def most_contrast(ground: int, shades: np.ndarray) -> float:
    """The highest contrast of colours 0xrrggbb [n] with one of them.

    The farthest colour is the brightest or the darkest: only these are measured one by one.
    """
    red, green, blue = (shades >> 16, shades >> 8 & 255, shades & 255)
    order = np.argsort(0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2)
    ends = [int(shade) for shade in shades[[*order[:8], *order[-8:]]]]
    return max(contrast(f"#{ground:06x}", f"#{shade:06x}") for shade in ends)


def pale(root: QWidget) -> list[str]:
    """The widgets that can be used, and whose words stand out too little from their ground."""
    picture = painted(root)
    found = []
    for widget in root.findChildren(QWidget):
        if not (words_of(widget).strip() and widget.isVisibleTo(root) and widget.isEnabled()):
            continue
        corner = widget.mapTo(root, QPoint(0, 0))
        seen = widget.visibleRegion().boundingRect().translated(corner)
        if seen.height() < 0.8 * widget.height():  # scrolled out of sight
            continue
        part = picture[
            seen.top() * SHARP : (seen.bottom() + 1) * SHARP,
            seen.left() * SHARP : (seen.right() + 1) * SHARP,
        ]
        shades, counts = np.unique(part, return_counts=True)
        best = most_contrast(int(shades[np.argmax(counts)]), shades)
        if best < 4.5:
            found.append(f"{description(widget)} “{words_of(widget)}”: {best:.1f}")
    return found


@pytest.mark.parametrize("chosen", ["light", "dark"])
def test_contrast_of_all_words_really_painted(
    qtbot: QtBot, studio: Studio, tmp_path: Path, chosen: str
) -> None:
    studio.preferences.change(theme=chosen)
    window = studio.window
    studio.engine.speak((studio.script.lines[0].id,))
    qtbot.waitUntil(lambda: bool(studio.takes.shown), timeout=30_000)
    assert pale(window) == []
    window.show_place(Place.REFERENCE)
    qtbot.waitUntil(lambda: window.region(Place.REFERENCE).isVisible())
    assert pale(window) == []
    for dialog in dialogs(studio, tmp_path):
        qtbot.addWidget(dialog)
        dialog.show()
        assert pale(dialog) == []
        dialog.close()


@pytest.mark.parametrize("language", list(translate.LANGUAGES))
def test_no_panel_is_wider_than_its_place(
    qtbot: QtBot, qapp: QApplication, studio: Studio, language: str
) -> None:
    """What doesn't fit is cut off at the right, in whichever language it is said."""
    translate.set_language(language)
    actions = studio.actions_
    side = [
        VoicesPanel(studio.voices, studio.fine_tuning, actions),
        ReferencePanel(studio.maker, studio.playback, studio.devices, actions),
    ]
    for panel in side:
        qtbot.addWidget(panel)
        if isinstance(panel, ReferencePanel):
            panel.clip_part.setVisible(True)
        else:
            for control in panel.fine_tuning.findChildren(QWidget):
                control.setVisible(True)
        area = panel.findChild(QScrollArea)
        content = area.widget() if isinstance(area, QScrollArea) else panel
        assert content.minimumSizeHint().width() <= 264, type(panel)
    translate.set_language("en")
