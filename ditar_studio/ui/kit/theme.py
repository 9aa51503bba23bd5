"""Design tokens and the style sheet made from them: spacing, type, a palette, one accent."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette

from ditar_studio.assets import asset
from ditar_studio.ui.kit.colours import DARK, DARK_HIGH, LIGHT, LIGHT_HIGH, Colours

FONT_FAMILY = "Inter"
MONO_FAMILIES = ("JetBrains Mono", "Cascadia Mono", "SF Mono", "DejaVu Sans Mono", "Consolas")


class Space:
    """The spacing scale, in device-independent pixels."""

    HAIR = 2
    XS = 4
    S = 8
    M = 12
    L = 16
    XL = 24
    XXL = 32


@dataclass(frozen=True)
class TypeScale:
    """Font sizes in device-independent pixels, multiplied by the user's text size."""

    caption: int = 11
    small: int = 12
    body: int = 13
    heading: int = 15
    title: int = 20
    display: int = 28

    def scaled(self, factor: float) -> TypeScale:
        """Return the scale at a text size of `factor` (1.0 = as designed)."""
        return TypeScale(*(max(9, round(getattr(self, f.name) * factor)) for f in fields(self)))


class ThemeChoice(Enum):
    """The user's choice of a theme."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True)
class Theme:
    """A resolved theme: a palette, whether it is dark, and the type scale in force."""

    dark: bool
    colours: Colours
    type: TypeScale

    def font(self, role: str = "body", weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
        """Return the interface font at the named step of the type scale, for painted text."""
        font = QFont(FONT_FAMILY)
        font.setPixelSize(getattr(self.type, role))
        font.setWeight(weight)
        return font

    def sized(self, pixels: int) -> int:
        """Return a length that goes with the text, of its pixels at the usual text size."""
        return round(pixels * max(1.0, self.type.body / TypeScale().body))

    def widened(self, pixels: int) -> int:
        """Return a width that grows half as much as the text: of what has room for fewer words,
        too.
        """
        return (pixels + self.sized(pixels)) // 2

    def mono(self, role: str = "small") -> QFont:
        """Return a fixed-width font at the named step, for times and hashes."""
        font = QFont()
        font.setFamilies(list(MONO_FAMILIES))
        font.setPixelSize(getattr(self.type, role))
        return font


def make_theme(dark: bool, text_size: float = 1.0, high_contrast: bool = False) -> Theme:
    """Make the light or dark theme at a text size factor (0.8..2.0), perhaps of high contrast."""
    usual, high = (DARK, DARK_HIGH) if dark else (LIGHT, LIGHT_HIGH)
    return Theme(dark, high if high_contrast else usual, TypeScale().scaled(text_size))


class ThemeManager(QObject):
    """Holds the theme in force and notifies widgets that paint by hand when it changes.

    Signals:
        changing: every widget is styled anew, which takes a millisecond each.
        changed: it has changed.
    """

    changing = Signal()
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._theme = make_theme(dark=False)
        self._applied: Theme | None = None

    @property
    def theme(self) -> Theme:
        return self._theme

    def apply(self, theme: Theme) -> None:
        """Apply `theme` to the running application and emit `changed`, unless it is in force."""
        if theme == self._applied:
            return
        self._theme = theme
        self.changing.emit()
        app = QGuiApplication.instance()
        if app is not None:
            self._applied = theme
            app.setPalette(qt_palette(theme))  # type: ignore[attr-defined]
            app.setFont(theme.font())  # type: ignore[attr-defined]
            if hasattr(app, "setStyleSheet"):
                app.setStyleSheet(style_sheet(theme))
        self.changed.emit()


manager = ThemeManager()


def current() -> Theme:
    """Return the theme in force."""
    return manager.theme


def qt_palette(theme: Theme) -> QPalette:
    """Return the QPalette that goes with the style sheet, for everything Qt draws by itself."""
    c = theme.colours
    role = QPalette.ColorRole
    palette = QPalette()
    for target, name in (
        (role.Window, "window"),
        (role.WindowText, "text"),
        (role.Base, "surface"),
        (role.AlternateBase, "window"),
        (role.Text, "text"),
        (role.Button, "raised"),
        (role.ButtonText, "text"),
        (role.BrightText, "danger"),
        (role.ToolTipBase, "raised"),
        (role.ToolTipText, "text"),
        (role.PlaceholderText, "faint"),
        (role.Highlight, "accent"),
        (role.HighlightedText, "on_accent"),
        (role.Link, "accent_text"),
        (role.LinkVisited, "accent_text"),
        (role.Accent, "accent"),
        (role.Light, "raised"),
        (role.Midlight, "hover"),
        (role.Mid, "border"),
        (role.Dark, "border_strong"),
        (role.Shadow, "shadow"),
    ):
        palette.setColor(target, QColor(getattr(c, name)))
    for target in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, target, QColor(c.faint))
    return palette


def style_sheet(theme: Theme) -> str:
    """Return the whole style sheet of the program, generated from the tokens."""
    values = {f.name: getattr(theme.colours, f.name) for f in fields(Colours)}
    values |= {f"font_{f.name}": f"{getattr(theme.type, f.name)}px" for f in fields(TypeScale)}
    heights = {"field": 18, "chip": 14}
    values |= {f"height_{name}": f"{theme.sized(height)}px" for name, height in heights.items()}
    icons = asset("icons").as_posix()
    values |= {
        "mono": ", ".join(f'"{family}"' for family in MONO_FAMILIES),
        "check": f"{icons}/control-check-{'dark' if theme.dark else 'light'}.svg",
        "down": f"{icons}/control-chevron-down.svg",
        "up": f"{icons}/control-chevron-up.svg",
    }
    sheet = asset("themes", "studio.qss").read_text(encoding="utf-8")
    for name in sorted(values, key=len, reverse=True):
        sheet = sheet.replace(f"@{name}", values[name])
    return sheet
