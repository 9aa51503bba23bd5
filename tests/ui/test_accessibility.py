"""Every control of the whole studio has a name, can be reached by Tab, and speaks its state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot
from quiet_studio import quiet_machinery

from ditar_studio.store.projects import NewLine
from ditar_studio.ui.dialogs.about import AboutDialog
from ditar_studio.ui.dialogs.consent import ConsentDialog
from ditar_studio.ui.dialogs.settings import Choices, SettingsDialog
from ditar_studio.ui.dialogs.shortcuts import ShortcutsDialog
from ditar_studio.ui.dialogs.welcome import WelcomeDialog
from ditar_studio.ui.main_window import Place
from ditar_studio.ui.preferences import PreferenceFile
from ditar_studio.ui.shell import Shell
from ditar_studio.ui.studio import Studio
from ditar_studio.ui.widgets.level_meter import LevelMeterView
from ditar_studio.ui.widgets.segmented import Segmented
from ditar_studio.ui.widgets.waveform import WaveformView

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


def told(widget: QWidget) -> str:
    return f"{type(widget).__name__} {name_of(widget)!r} in {type(widget.parent()).__name__}"


def nameless(root: QWidget) -> list[str]:
    return [told(widget) for widget in controls(root) if not name_of(widget)]


def unreachable(root: QWidget) -> list[str]:
    return [
        told(widget)
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
    studio = Studio(shell, shell.library, quiet_machinery())
    studio.start()
    qtbot.waitUntil(lambda: studio.engine.info is not None, timeout=60_000)
    qtbot.waitUntil(lambda: studio.document.snapshot is not None, timeout=30_000)
    shell.window.resize(1400, 900)
    yield studio
    shell.window.close()
    shell.window.deleteLater()
    shell.deleteLater()


def test_every_control_is_named_and_reachable(qtbot: QtBot, studio: Studio) -> None:
    snapshot = studio.document.snapshot
    assert snapshot is not None
    studio.document.ask(
        studio.library.projects.add_lines, snapshot.project.id, [NewLine("One two three.")]
    )
    qtbot.waitUntil(lambda: len(studio.script.lines) >= 1)
    studio.engine.speak((studio.script.lines[0].id,))
    qtbot.waitUntil(lambda: bool(studio.takes.shown), timeout=30_000)
    window = studio.window
    assert nameless(window) == []
    assert unreachable(window) == []
    window.show_place(Place.REFERENCE)
    qtbot.waitUntil(lambda: window.region(Place.REFERENCE).isVisible())
    assert nameless(window) == []
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
        told(widget)
        for widget in controls(window)
        if widget.isEnabled()
        and widget not in seen
        and widget.focusProxy() is None
        and not isinstance(widget.parent(), Segmented)  # arrow keys lead on from the chosen one
        and not isinstance(widget, QPlainTextEdit | QTextEdit)
    ]
    assert missed == []


def test_regions_come_in_their_order(studio: Studio) -> None:
    regions = [studio.window.region(place) for place in Place]
    assert all(region.accessibleName() for region in regions)


def test_dialogs_are_named_and_reachable(qtbot: QtBot, studio: Studio, tmp_path: Path) -> None:
    choices = Choices(
        microphones=list, loudspeakers=list, rescan=lambda done: done(),
        library_folder=tmp_path, log_folder=tmp_path, engine=lambda: "CPU",
        models=list, save_bundle=lambda: None,
    )  # fmt: skip
    dialogs = [
        *(SettingsDialog(studio.preferences, choices, page=page) for page in range(5)),
        AboutDialog(), ConsentDialog(), WelcomeDialog(), ShortcutsDialog(studio.actions_),
    ]  # fmt: skip
    for dialog in dialogs:
        qtbot.addWidget(dialog)
        dialog.show()
        assert nameless(dialog) == []
        assert unreachable(dialog) == []
        dialog.close()


def test_contrast_of_text_really_painted(qtbot: QtBot, studio: Studio) -> None:
    """The ground beside the heading of the script and its ink, as they are on screen."""
    from ditar_studio.ui.theme import contrast

    for chosen in ("light", "dark"):
        studio.preferences.change(theme=chosen)
        region = studio.window.region(Place.SCRIPT)
        place = region.title.rect().translated(region.title.mapTo(region, QPoint(0, 0)))
        image = region.grab(place).toImage()
        colours = {
            image.pixelColor(x, y).name()
            for x in range(image.width()) for y in range(image.height())
        }  # fmt: skip
        ground = image.pixelColor(image.width() - 1, 0).name()
        assert max(contrast(ground, ink) for ink in colours) >= 4.5
