"""Every icon draws, in the colour asked for."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from ditar_studio.assets import asset
from ditar_studio.ui.kit import icons, theme
from ditar_studio.ui.kit.colours import LIGHT
from ditar_studio.ui.shell.action_specs import SPECS

NAMES = sorted(p.stem for p in asset("icons").glob("*.svg") if not p.stem.startswith("control-"))


@pytest.mark.parametrize("name", NAMES)
def test_icon_draws_something(qapp: QApplication, name: str) -> None:
    image = icons.pixmap(name, "text", 24).toImage()
    inked = sum(image.pixelColor(x, y).alpha() > 100 for x in range(24) for y in range(24))
    assert 8 <= inked <= 24 * 24


def test_icon_takes_theme_colour(qapp: QApplication) -> None:
    theme.manager.apply(theme.make_theme(dark=False))
    image = icons.icon("stop", "danger").pixmap(QSize(24, 24)).toImage()
    assert image.pixelColor(12, 12).name().upper() == LIGHT.danger
    checked = icons.icon("stop").pixmap(QSize(24, 24), QIcon.Mode.Normal, QIcon.State.On)
    assert checked.toImage().pixelColor(12, 12).name().upper() == LIGHT.accent_text


def test_icon_is_sharp_on_dense_screens(qapp: QApplication) -> None:
    image = icons.pixmap("play", "text", 20, 2.0)
    assert (image.width(), image.devicePixelRatio()) == (40, 2.0)


def test_unknown_icon_is_refused(qapp: QApplication) -> None:
    with pytest.raises(FileNotFoundError):
        icons.icon("no-such-icon")


def test_actions_name_icons_that_exist() -> None:
    assert {spec.icon for spec in SPECS if spec.icon} <= set(NAMES)


def test_an_icon_of_no_size_is_asked_for_in_vain(qapp: QApplication) -> None:
    """Desktops ask for it, and Qt warns if something is painted then."""
    assert icons.icon("play").pixmap(QSize(0, 0)).isNull()
