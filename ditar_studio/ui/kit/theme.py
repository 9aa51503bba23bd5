"""Design tokens and the style sheet made from them: spacing, type, two palettes, one accent."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette

from ditar_studio.assets import asset

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


class Radius:
    """Corner radii, in device-independent pixels."""

    S = 6
    M = 8
    L = 12


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
        """The scale at a text size of `factor` (1.0 = as designed)."""
        return TypeScale(*(max(9, round(getattr(self, f.name) * factor)) for f in fields(self)))


@dataclass(frozen=True)
class Colours:
    """Every colour the program may use, as ``#rrggbb``. Names say the job, not the hue."""

    window: str
    surface: str
    raised: str
    sunken: str
    hover: str
    pressed: str
    border: str
    border_strong: str
    text: str
    muted: str
    faint: str
    accent: str
    accent_hover: str
    accent_pressed: str
    accent_soft: str
    accent_text: str
    on_accent: str
    danger: str
    danger_soft: str
    on_danger: str
    warning: str
    warning_soft: str
    success: str
    success_soft: str
    info: str
    info_soft: str
    wave: str
    wave_played: str
    selection: str
    meter_low: str
    meter_mid: str
    meter_high: str
    shadow: str

    def color(self, name: str, alpha: float = 1.0) -> QColor:
        """The named colour as a QColor with opacity `alpha` (0..1)."""
        colour = QColor(getattr(self, name))
        colour.setAlphaF(alpha)
        return colour


LIGHT = Colours(
    window="#F3F5F6",
    surface="#FFFFFF",
    raised="#FFFFFF",
    sunken="#EBEEF0",
    hover="#E6EAEC",
    pressed="#DBE0E3",
    border="#DDE2E5",
    border_strong="#858F99",
    text="#13181C",
    muted="#4C5660",
    faint="#5C6670",
    accent="#0B7A75",
    accent_hover="#096863",
    accent_pressed="#075551",
    accent_soft="#D9F0EE",
    accent_text="#08655F",
    on_accent="#FFFFFF",
    danger="#BC2A20",
    danger_soft="#FCE9E7",
    on_danger="#FFFFFF",
    warning="#855400",
    warning_soft="#FCF0D6",
    success="#17713A",
    success_soft="#E0F3E6",
    info="#1C5BAA",
    info_soft="#E3EEFB",
    wave="#9AA5AE",
    wave_played="#0B7A75",
    selection="#0B7A75",
    meter_low="#1E9E63",
    meter_mid="#C98A00",
    meter_high="#D23B30",
    shadow="#1B2730",
)

DARK = Colours(
    window="#14181B",
    surface="#1A1F23",
    raised="#22282D",
    sunken="#0F1315",
    hover="#272E33",
    pressed="#30383E",
    border="#2B3237",
    border_strong="#6E7982",
    text="#E9EDEF",
    muted="#AAB4BB",
    faint="#96A1A9",
    accent="#36C2B6",
    accent_hover="#52D1C6",
    accent_pressed="#2BA79C",
    accent_soft="#14342F",
    accent_text="#56D3C8",
    on_accent="#04211F",
    danger="#FF7D73",
    danger_soft="#3B1E1C",
    on_danger="#2B0705",
    warning="#E7B655",
    warning_soft="#37290F",
    success="#5FCC8A",
    success_soft="#15301F",
    info="#7FB9FF",
    info_soft="#172B42",
    wave="#56626B",
    wave_played="#36C2B6",
    selection="#36C2B6",
    meter_low="#35B577",
    meter_mid="#E0A526",
    meter_high="#FF6A5E",
    shadow="#000000",
)

READABLE_PAIRS: tuple[tuple[str, str], ...] = (
    *(
        (text, ground)
        for text in ("text", "muted")
        for ground in ("window", "surface", "raised", "sunken", "hover", "pressed")
    ),
    *(("faint", ground) for ground in ("window", "surface", "raised", "sunken")),
    *(("accent_text", ground) for ground in ("window", "surface", "raised", "accent_soft")),
    *(("on_accent", ground) for ground in ("accent", "accent_hover", "accent_pressed")),
    ("on_danger", "danger"),
    ("text", "accent_soft"),
    ("muted", "accent_soft"),
    *(
        (tone, ground)
        for tone in ("danger", "warning", "success", "info")
        for ground in ("window", "surface", "raised", f"{tone}_soft")
    ),
    *(("text", f"{tone}_soft") for tone in ("danger", "warning", "success", "info")),
)
"""Text and ground colours that occur together; each pair has a contrast of at least 4.5:1."""

VISIBLE_PAIRS: tuple[tuple[str, str], ...] = (
    *(("border_strong", ground) for ground in ("window", "surface", "raised")),
    *(("accent", ground) for ground in ("window", "surface", "raised", "sunken")),
)
"""Control outlines and focus rings against their ground; each pair is at least 3:1."""


def contrast(first: str, second: str) -> float:
    """WCAG 2.1 contrast ratio (1..21) of two ``#rrggbb`` colours."""
    bright, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    linear = []
    for start in (1, 3, 5):
        value = int(colour[start : start + 2], 16) / 255
        linear.append(value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


class ThemeChoice(Enum):
    """What the user asked for in the settings."""

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
        """The interface font at the named step of the type scale, for painted text."""
        font = QFont(FONT_FAMILY)
        font.setPixelSize(getattr(self.type, role))
        font.setWeight(weight)
        return font

    def sized(self, pixels: int) -> int:
        """A length that goes with the text, of its pixels at the usual text size."""
        return round(pixels * max(1.0, self.type.body / TypeScale().body))

    def widened(self, pixels: int) -> int:
        """A width that grows half as much as the text: of what has room for fewer words, too."""
        return (pixels + self.sized(pixels)) // 2

    def mono(self, role: str = "small") -> QFont:
        """A fixed-width font at the named step, for times and hashes."""
        font = QFont()
        font.setFamilies(list(MONO_FAMILIES))
        font.setPixelSize(getattr(self.type, role))
        return font


def make_theme(dark: bool, text_size: float = 1.0) -> Theme:
    """The light or dark theme at a text size factor (0.8..2.0)."""
    return Theme(dark, DARK if dark else LIGHT, TypeScale().scaled(text_size))


class ThemeManager(QObject):
    """Holds the theme in force and tells whoever paints by hand when it changes.

    Signals:
        changing: every widget there is will be dressed anew, which takes a millisecond each.
        changed: it has changed.
    """

    changing = Signal()
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._theme = make_theme(dark=False)
        self._worn: Theme | None = None

    @property
    def theme(self) -> Theme:
        return self._theme

    def apply(self, theme: Theme) -> None:
        """Dresses the running application in `theme` and emits `changed`, unless it wears it."""
        if theme == self._worn:
            return
        self._theme = theme
        self.changing.emit()
        app = QGuiApplication.instance()
        if app is not None:
            self._worn = theme
            app.setPalette(qt_palette(theme))  # type: ignore[attr-defined]
            app.setFont(theme.font())  # type: ignore[attr-defined]
            if hasattr(app, "setStyleSheet"):
                app.setStyleSheet(style_sheet(theme))
        self.changed.emit()


manager = ThemeManager()


def current() -> Theme:
    """The theme in force."""
    return manager.theme


def qt_palette(theme: Theme) -> QPalette:
    """The QPalette that goes with the style sheet, for everything Qt draws by itself."""
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
    """The whole style sheet of the program, generated from the tokens."""
    values = {f.name: getattr(theme.colours, f.name) for f in fields(Colours)}
    values |= {f"font_{f.name}": f"{getattr(theme.type, f.name)}px" for f in fields(TypeScale)}
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
