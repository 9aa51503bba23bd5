"""Small parts from which panels are put together: labels, buttons, rows, rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAction
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ditar_studio.ui.kit import icons
from ditar_studio.ui.kit.theme import Space

Box = TypeVar("Box", QHBoxLayout, QVBoxLayout)


def label(text: str, role: str = "", tone: str = "", wrap: bool = False) -> QLabel:
    """Return a label.

    Args:
        text: already translated; plain text, never read as markup.
        role: display, title, heading, section, strong, muted, small, caption or number.
        tone: danger, warning, success, info or accent.
        wrap: whether it breaks into lines.
    """
    result = QLabel(text)
    result.setTextFormat(Qt.TextFormat.PlainText)
    result.setWordWrap(wrap)
    if role:
        result.setProperty("role", role)
    if tone:
        result.setProperty("tone", tone)
    return result


def literal(name: str) -> str:
    """Return a name for a button or a menu, where & would stand before a letter to be pressed."""
    return name.replace("&", "&&")


def button(
    text: str,
    clicked: Callable[[], object] | None = None,
    kind: str = "",
    icon: str = "",
    tip: str = "",
) -> QPushButton:
    """Return a push button with words; `kind` is primary, danger, ghost, link or empty."""
    result = QPushButton(text)
    if kind:
        result.setProperty("kind", kind)
    if icon:
        colour = {"primary": "on_accent", "danger": "on_danger", "link": "accent_text"}
        result.setIcon(icons.icon(icon, colour.get(kind, "muted")))
        result.setIconSize(QSize(20, 16) if text else QSize(16, 16))
    if tip:
        result.setToolTip(tip)
    result.setAutoDefault(False)
    result.setCursor(Qt.CursorShape.PointingHandCursor)
    if clicked is not None:
        result.clicked.connect(lambda _checked=False: clicked())
    return result


def icon_button(
    icon: str,
    name: str,
    clicked: Callable[[], object] | None = None,
    checkable: bool = False,
    size: int = 18,
    colour: str = "muted",
    tip: str = "",
) -> QToolButton:
    """Return a button with an icon only; `name` is its accessible name and, lacking
    `tip`, its tip.
    """
    result = QToolButton()
    result.setIcon(icons.icon(icon, colour))
    result.setIconSize(QSize(size, size))
    result.setAccessibleName(name)
    result.setToolTip(tip or name)
    result.setCheckable(checkable)
    result.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    if clicked is not None:
        result.clicked.connect(lambda _checked=False: clicked())
    return result


def action_button(action: QAction, size: int = 18, words: bool = False) -> QToolButton:
    """Return a tool button for an action of the registry; it follows its state, icon and tip."""
    result = QToolButton()
    result.setDefaultAction(action)
    result.setIconSize(QSize(size, size))
    result.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    result.setAccessibleName(action.text().rstrip("…"))
    if words:
        result.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    return result


def quiet(tool: QToolButton) -> QToolButton:
    """Return `tool`, with only its icon showing that it is switched on."""
    tool.setProperty("kind", "quiet")
    return tool


def round_button(icon: str, name: str, clicked: Callable[[], object] | None = None) -> QToolButton:
    """Return the one big round button of a panel, e.g. play."""
    result = icon_button(icon, name, clicked, size=20, colour="on_accent")
    result.setProperty("kind", "round")
    result.setFixedSize(44, 44)
    return result


def row(*parts: QWidget | QLayout | int | None, spacing: int = Space.S) -> QHBoxLayout:
    """Return a horizontal layout without margins; None stretches, a number is a fixed gap."""
    return _fill(QHBoxLayout(), parts, spacing)


def column(*parts: QWidget | QLayout | int | None, spacing: int = Space.S) -> QVBoxLayout:
    """Return a vertical layout without margins; None stretches, a number is a fixed gap."""
    return _fill(QVBoxLayout(), parts, spacing)


def _fill(layout: Box, parts: tuple[QWidget | QLayout | int | None, ...], spacing: int) -> Box:
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for part in parts:
        if part is None:
            layout.addStretch(1)
        elif isinstance(part, int):
            layout.addSpacing(part)
        elif isinstance(part, QWidget):
            layout.addWidget(part)
        else:
            layout.addLayout(part)
    return layout


def rule() -> QFrame:
    """Return a hairline."""
    result = QFrame()
    result.setProperty("line", "true")
    result.setFixedHeight(1)
    return result


def surface(kind: str, layout: QLayout | None = None, padding: int = 0) -> QFrame:
    """Return a frame painted as window, pane, card, sunken, header, footer or overlay."""
    result = QFrame()
    result.setProperty("surface", kind)
    if layout is not None:
        layout.setContentsMargins(padding, padding, padding, padding)
        result.setLayout(layout)
    return result


def scrolling(content: QWidget, parent: QWidget | None = None) -> QScrollArea:
    """Put `content` into a vertical scroll area without a frame.

    The area measures, and for that styles, all that is in it: it has its `parent` from the start
    lest Qt style everything anew when it gets one.
    """
    content.setProperty("scroll", "true")
    area = QScrollArea(parent)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(content)
    area.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
    return area


def set_progress(bar: QProgressBar, value: int) -> None:
    """Set the value of `bar`, to be painted with everything else.

    By itself it paints the window at once with each value, which holds up whoever reports many.
    """
    bar.setUpdatesEnabled(False)
    bar.setValue(value)
    bar.setUpdatesEnabled(True)


def set_property(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the style sheet looks at, and restyle the widget if it changed."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        if widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):  # else it will be styled
            widget.style().unpolish(widget)
            widget.style().polish(widget)


def announce(widget: QWidget, text: str, urgent: bool = False) -> None:
    """Have a screen reader say `text`, on behalf of `widget`."""
    event = QAccessibleAnnouncementEvent(widget, text)
    event.setPoliteness(
        QAccessible.AnnouncementPoliteness.Assertive
        if urgent
        else QAccessible.AnnouncementPoliteness.Polite
    )
    QAccessible.updateAccessibility(event)
