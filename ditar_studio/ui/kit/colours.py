"""The palettes of the program, and which of their colours must stand out from which."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtGui import QColor


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
        """Return the named colour as a QColor with opacity `alpha` (0..1)."""
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

LIGHT_HIGH = replace(
    LIGHT,
    window="#FFFFFF",
    sunken="#F2F4F5",
    hover="#E3E7EA",
    pressed="#D3D9DD",
    border="#4A525A",
    border_strong="#24292E",
    text="#000000",
    muted="#1B2126",
    faint="#343C43",
    accent="#00534E",
    accent_hover="#00423E",
    accent_pressed="#00312E",
    accent_text="#004A46",
    danger="#8E0F08",
    warning="#5A3700",
    success="#0A4A22",
    info="#0B3A75",
    wave="#5A646D",
    wave_played="#00534E",
    selection="#00534E",
)
"""As LIGHT, for those who need more contrast: text 7:1 and more, outlines that can't be missed."""

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

DARK_HIGH = replace(
    DARK,
    window="#000000",
    surface="#000000",
    raised="#0B0E10",
    sunken="#14181B",
    hover="#23292E",
    pressed="#2F373D",
    border="#9AA5AD",
    border_strong="#D3DADF",
    text="#FFFFFF",
    muted="#E9EDEF",
    faint="#CBD3D8",
    accent="#5CE6DA",
    accent_hover="#7DEEE4",
    accent_pressed="#49D1C5",
    accent_soft="#0C3B36",
    accent_text="#7DEEE4",
    on_accent="#000000",
    danger="#FFB0A9",
    on_danger="#000000",
    warning="#FFD37A",
    success="#8BEBB0",
    info="#B0D5FF",
    wave="#A7B2BA",
    wave_played="#5CE6DA",
    selection="#5CE6DA",
)
"""Likewise, as DARK."""

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
"""Text and ground colours that occur together; at least 4.5:1, and 7:1 in high contrast."""

VISIBLE_PAIRS: tuple[tuple[str, str], ...] = (
    *(("border_strong", ground) for ground in ("window", "surface", "raised")),
    *(("accent", ground) for ground in ("window", "surface", "raised", "sunken")),
)
"""Control outlines and focus rings against their ground; at least 3:1, 4.5:1 in high contrast."""


def contrast(first: str, second: str) -> float:
    """Return WCAG 2.1 contrast ratio (1..21) of two ``#rrggbb`` colours."""
    bright, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    linear = []
    for start in (1, 3, 5):
        value = int(colour[start : start + 2], 16) / 255
        linear.append(value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
