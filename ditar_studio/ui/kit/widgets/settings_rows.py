"""Rows of settings on their pages: a title, words, and the control."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QVBoxLayout,
    QWidget,
)

from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.widgets.basics import column, label, row, rule, surface


def setting(title: str, text: str, control: QWidget, below: bool = False) -> QVBoxLayout:
    """Make one setting: title and explanation at the left, the control at the right or below.

    It and `group` make layouts, not widgets: a widget with a style is styled again, and all in it,
    each time it is given to another one, so that nested ones take long.
    """
    words = column(label(title, "strong"), spacing=2)
    if text:
        words.addWidget(label(text, "small", wrap=True))
    if not control.accessibleName():
        control.setAccessibleName(title)
    if not control.accessibleDescription():
        control.setAccessibleDescription(text)
    if below:
        layout: QVBoxLayout = column(words, control, spacing=Space.S)
    else:
        line = row(spacing=Space.XL)
        line.addLayout(words, 1)
        line.addWidget(control)
        layout = column(line)
    layout.setContentsMargins(Space.L, Space.M, Space.L, Space.M)
    return layout


def group(title: str, *settings: QVBoxLayout) -> QVBoxLayout:
    """Put settings on a card under a title, parted by hairlines."""
    inside = column(spacing=0)
    for index, one in enumerate(settings):
        if index:
            inside.addWidget(rule())
        inside.addLayout(one)
    return column(label(title, "section"), surface("card", inside), spacing=Space.S)
