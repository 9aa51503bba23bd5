"""The dialog that offers to keep what a crash left unfinished."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QCheckBox, QLabel, QVBoxLayout, QWidget

from ditar_studio.ui.kit import icons
from ditar_studio.ui.kit.dialogs.frame import DialogFrame
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import counted, mark, moment_text, number, tr
from ditar_studio.ui.kit.widgets.basics import (
    button,
    column,
    icon_button,
    label,
    row,
    scrolling,
    surface,
)

KINDS: dict[str, tuple[str, str]] = {
    "take": ("wave", mark("Unfinished take")),
    "recording": ("mic", mark("Recording")),
    "orphan": ("file-audio", mark("Sound without an entry")),
}


class Item(Protocol):
    """An item that can be recovered; the store's `Recoverable` is one."""

    @property
    def kind(self) -> str: ...
    @property
    def path(self) -> Path: ...
    @property
    def text(self) -> str: ...
    @property
    def seconds(self) -> float: ...
    @property
    def created(self) -> float: ...


class RecoveryDialog(DialogFrame):
    """Lists what can be recovered; everything is ticked.

    Signals:
        play: path of a sound to be heard.
        decided: items to keep, items to discard.
    """

    play = Signal(object)
    decided = Signal(list, list)

    def __init__(self, items: Sequence[Item], parent: QWidget | None = None) -> None:
        super().__init__(
            counted(
                "{count} sound can be recovered", "{count} sounds can be recovered", len(items)
            ),
            tr(
                "They were being made, or had not been saved, when the program ended. What you "
                "don't keep goes to the bin, and Undo brings it back."
            ),
            parent,
        )
        self._items = list(items)
        self.ticks: list[QCheckBox] = []
        inside = QWidget()
        rows = QVBoxLayout(inside)
        rows.setContentsMargins(0, 0, Space.S, 0)
        rows.setSpacing(Space.S)
        for item in self._items:
            rows.addWidget(self._row(item))
        rows.addStretch(1)
        self.body.addWidget(scrolling(inside), 1)
        self.keep = button(tr("Keep the ticked ones"), self._decide, "primary", "check")
        self.keep.setDefault(True)
        self.add_buttons(None, button(tr("Ask again later"), self.reject), self.keep)
        self.resize(560, min(560, 240 + 76 * len(items)))

    def _row(self, item: Item) -> QWidget:
        icon, kind = KINDS[item.kind]
        picture = QLabel()
        picture.setPixmap(icons.icon(icon, "muted").pixmap(QSize(20, 20)))
        when = moment_text(item.created, tr("d MMM yyyy, HH:mm"))
        words = item.text.strip() or tr("No text")
        tick = QCheckBox()
        tick.setChecked(True)
        tick.setFixedWidth(
            26
        )  # it has no words of its own, so the focus ring needs no room for any
        tick.setAccessibleName(
            tr(
                "Keep: {kind}, {seconds} s, {text}",
                kind=tr(kind),
                seconds=number(item.seconds, 1),
                text=words,
            )
        )
        self.ticks.append(tick)
        text = label(words if len(words) < 90 else words[:88] + "…", wrap=True)
        facts = label(
            tr(
                "{kind} · {seconds} s · {when}",
                kind=tr(kind),
                seconds=number(item.seconds, 1),
                when=when,
            ),
            "small",
        )
        line = row(
            tick,
            picture,
            column(text, facts, spacing=0),
            None,
            icon_button(
                "play",
                tr("Listen to {text}", text=words[:60]),
                lambda: self.play.emit(item.path),
                tip=tr("Listen, or pause"),
            ),
            spacing=Space.M,
        )
        return surface("card", line, Space.M)

    def _decide(self) -> None:
        kept = [
            item for item, tick in zip(self._items, self.ticks, strict=True) if tick.isChecked()
        ]
        dropped = [item for item in self._items if item not in kept]
        self.accept()
        self.decided.emit(kept, dropped)
