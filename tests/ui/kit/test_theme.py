"""The palettes are readable, the style sheet is complete, and the program follows the system."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.colours import (
    DARK,
    DARK_HIGH,
    LIGHT,
    LIGHT_HIGH,
    READABLE_PAIRS,
    VISIBLE_PAIRS,
    contrast,
)
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.shell.application import Appearance


def test_contrast_of_known_pairs() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


PALETTES = {"light": LIGHT, "dark": DARK, "light_high": LIGHT_HIGH, "dark_high": DARK_HIGH}


@pytest.mark.parametrize("palette", PALETTES)
def test_text_is_readable(palette: str) -> None:
    colours, least = PALETTES[palette], 7.0 if palette.endswith("high") else 4.5
    poor = {
        pair: round(contrast(getattr(colours, pair[0]), getattr(colours, pair[1])), 2)
        for pair in READABLE_PAIRS
    }
    assert {pair: ratio for pair, ratio in poor.items() if ratio < least} == {}


@pytest.mark.parametrize("palette", PALETTES)
def test_outlines_and_focus_rings_are_visible(palette: str) -> None:
    colours, least = PALETTES[palette], 4.5 if palette.endswith("high") else 3.0
    poor = {
        pair: round(contrast(getattr(colours, pair[0]), getattr(colours, pair[1])), 2)
        for pair in VISIBLE_PAIRS
    }
    assert {pair: ratio for pair, ratio in poor.items() if ratio < least} == {}


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
    assert qapp.palette().window().color().name().upper() == DARK.window
    preferences.change(theme="light")
    assert not theme.current().dark


@pytest.mark.parametrize("dark", [False, True])
def test_high_contrast_is_had_by_preference(
    appearance: Appearance, preferences: PreferenceFile, dark: bool
) -> None:
    preferences.change(theme="dark" if dark else "light", high_contrast=True)
    assert theme.current().colours == (DARK_HIGH if dark else LIGHT_HIGH)
    preferences.change(high_contrast=False)
    assert theme.current().colours == (DARK if dark else LIGHT)


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


def test_a_theme_in_force_is_not_applied_again(
    qapp: QApplication, appearance: Appearance, preferences: PreferenceFile
) -> None:
    """Styling every widget anew takes a second."""
    changes: list[None] = []
    theme.manager.changed.connect(lambda: changes.append(None))
    preferences.change(reduce_motion=True)
    Appearance(qapp, preferences)
    assert changes == []
    preferences.change(text_size=1.2)
    assert changes != []
    assert qapp.font().pixelSize() == theme.current().type.body
