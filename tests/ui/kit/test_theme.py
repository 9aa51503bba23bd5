"""The palettes are readable, the style sheet is complete, and the program follows the system."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.shell.application import Appearance


def test_contrast_of_known_pairs() -> None:
    assert theme.contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert theme.contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_text_is_readable(colours: theme.Colours) -> None:
    poor = {
        pair: round(theme.contrast(getattr(colours, pair[0]), getattr(colours, pair[1])), 2)
        for pair in theme.READABLE_PAIRS
    }
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_outlines_and_focus_rings_are_visible(colours: theme.Colours) -> None:
    poor = {
        pair: round(theme.contrast(getattr(colours, pair[0]), getattr(colours, pair[1])), 2)
        for pair in theme.VISIBLE_PAIRS
    }
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 3.0} == {}


@pytest.mark.parametrize("dark", [False, True])
def test_style_sheet_has_no_unknown_token(dark: bool) -> None:
    sheet = theme.style_sheet(theme.make_theme(dark))
    rules = re.sub(r"/\*.*?\*/", "", sheet, flags=re.S)
    assert re.findall(r"@\w+", rules) == []


def test_text_size_scales_every_step() -> None:
    scale = theme.make_theme(False, 1.5).type
    assert (scale.body, scale.display) == (20, 42)


def test_theme_follows_preferences(
    qapp: QApplication, appearance: Appearance, preferences: PreferenceFile
) -> None:
    preferences.change(theme="dark")
    assert theme.current().dark
    assert qapp.palette().window().color().name().upper() == theme.DARK.window
    preferences.change(theme="light")
    assert not theme.current().dark


def test_theme_follows_system(
    qapp: QApplication, appearance: Appearance, preferences: PreferenceFile
) -> None:
    preferences.change(theme="system")
    qapp.styleHints().setColorScheme(Qt.ColorScheme.Dark)
    qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    dark_now = theme.current().dark
    expected = qapp.styleHints().colorScheme() == Qt.ColorScheme.Dark
    qapp.styleHints().unsetColorScheme()
    assert dark_now == expected


def test_what_is_worn_is_not_put_on_again(
    qapp: QApplication, appearance: Appearance, preferences: PreferenceFile
) -> None:
    """To dress every widget anew takes a second."""
    changes: list[None] = []
    theme.manager.changed.connect(lambda: changes.append(None))
    preferences.change(reduce_motion=True)
    Appearance(qapp, preferences)
    assert changes == []
    preferences.change(text_size=1.2)
    assert changes != []
    assert qapp.font().pixelSize() == theme.current().type.body
