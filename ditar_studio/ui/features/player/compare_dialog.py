"""Two clips of speech against each other: equally loud, at the same place, blind if wanted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPushButton, QWidget

from ditar_studio.ui.features.player.playback import Playback
from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.dialogs.frame import DialogFrame
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import tr
from ditar_studio.ui.kit.widgets.basics import announce, button, column, label, row, surface
from ditar_studio.ui.kit.widgets.toggle import Toggle

if TYPE_CHECKING:
    from ditar_studio.audio.clips.compare import Comparison

Side = Literal["A", "B"]


class CompareDialog(DialogFrame):
    """Switches between two clips while they play.

    Args:
        title: what is compared.
        names: of the two, shown when it is not blind.
        pair: the two, made equally loud.
        playback: plays the clips.

    Signals:
        preferred: 0 or 1: the first or the second of the two was found better.
    """

    preferred = Signal(int)

    def __init__(
        self,
        title: str,
        names: tuple[str, str],
        pair: Comparison,
        playback: Playback,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(
            title,
            tr("Both are equally loud. Press A and B to switch while they play, Space to pause."),
            parent,
        )
        self.setMinimumWidth(theme.current().widened(520))
        self._names = names
        self._comparison = self._pair = pair
        self._playback = playback
        self.side: Side = "A"
        self._cards: dict[Side, QPushButton] = {}
        self._words = {side: label("", "small", wrap=True) for side in ("A", "B")}
        halves = []
        for side in ("A", "B"):
            card = button(side, partial(self.switch, side), "compare")
            card.setCheckable(True)
            card.setAutoExclusive(True)
            card.setMinimumHeight(72)
            card.setAccessibleName(tr("Listen to {side}", side=side))
            self._cards[side] = card
            better = button(tr("{side} is better", side=side), partial(self.prefer, side))
            halves.append(
                surface("card", column(card, self._words[side], better, spacing=Space.S), Space.M)
            )
        self.blind = Toggle(tr("Blind: hide which is which"))
        self.blind.setChecked(True)
        self.blind.toggled.connect(self._prepare)
        self.body.addLayout(row(*halves, spacing=Space.M))
        self.body.addWidget(self.blind)
        self.play = button(tr("Play or pause"), playback.toggle, icon="play")
        self.add_buttons(self.play, None, button(tr("Close"), self.reject))
        self.finished.connect(lambda _result: playback.pause())
        self._prepare()

    def switch(self, side: Side) -> None:
        """Go on with A or B, at the same share of the text."""
        at = 0.0
        if self._playback.source == "comparison":
            status = self._playback.player.status()
            at = status.position
            if side != self.side:
                at = self._comparison.position_on(side, at)
        self.side = side
        self._cards[side].setChecked(True)
        self._playback.load(
            self._comparison.clip(side), tr("Comparison: {side}", side=side), "comparison"
        )
        if at:
            self._playback.seek(at)
        announce(self, side)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_A, Qt.Key.Key_B):
            self.switch("A" if key == Qt.Key.Key_A else "B")
        elif key == Qt.Key.Key_Space:
            self._playback.toggle()
        else:
            super().keyPressEvent(event)

    def _prepare(self) -> None:
        self._comparison = self._pair.shuffled(self.blind.isChecked())
        for side in ("A", "B"):
            name = self._names[self._comparison.original(side)]
            self._words[side].setText(tr("hidden") if self.blind.isChecked() else name)
        self.switch("A")

    def prefer(self, side: Side) -> None:
        """Say which is better, and close."""
        self.preferred.emit(self._comparison.original(side))
        self.accept()
