"""The line at the foot of the window: what the engine does, and how the sound flows."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import counted, number, tr
from ditar_studio.ui.kit.widgets.basics import announce, label, row, set_property
from ditar_studio.ui.kit.widgets.messages import Toasts

_BOTH_NEED = 1000
"""Width in pixels from which a message and the numbers are shown side by side."""


class EngineState(Enum):
    """A state of the engine; the value is the colour of its dot."""

    LOADING = "warning"
    READY = "success"
    WORKING = "accent"
    FAILED = "danger"


class _Dot(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(10, 10)
        self._colour = EngineState.LOADING.value

    def set_colour(self, colour: str) -> None:
        self._colour = colour
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.current().colours.color(self._colour))
        painter.drawEllipse(QRectF(1, 1, 8, 8))


class StatusLine(QFrame):
    """State of the engine on the left; numbers of the running generation on the right.

    A passing message takes the place of the engine's state, and of the numbers where both would
    be too narrow; it covers nothing that one can click.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("surface", "footer")
        self.setMinimumHeight(38)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._dot = _Dot()
        self.engine = label(tr("Loading the engine…"), "small")
        self.played = label("", "number")
        self.speed = label("", "number")
        self.buffered = label("", "number")
        self.underruns = label("", "number")
        self.toasts = Toasts()
        self._state, self._flow = QWidget(), QWidget()
        self._state.setLayout(row(self._dot, self.engine, None, spacing=Space.M))
        numbers = (self.played, self.speed, self.buffered, self.underruns)
        self._flow.setLayout(row(*numbers, spacing=Space.M))
        bar = row(self._state, self.toasts, self._flow, spacing=Space.L)
        bar.setStretch(0, 1)
        bar.setStretch(1, 1)
        bar.setContentsMargins(Space.L, Space.HAIR, Space.L, Space.HAIR)
        self.setLayout(bar)
        self.toasts.changed.connect(self._on_message)

    def set_engine(self, state: EngineState, words: str) -> None:
        """Show what the engine does, and announce it to screen readers."""
        self._dot.set_colour(state.value)
        if self.engine.text() != words:
            self.engine.setText(words)
            announce(self, words, urgent=state is EngineState.FAILED)

    def set_flow(
        self,
        generated: float | None = None,
        played: float | None = None,
        made_in: float | None = None,
        rtf: float | None = None,
        buffered: float | None = None,
        underruns: int | None = None,
    ) -> None:
        """Show the flow of sound; None leaves a number out.

        Args:
            generated: seconds of sound made.
            played: seconds of it heard.
            made_in: seconds that the making took.
            rtf: real-time factor.
            buffered: seconds of sound between the two.
            underruns: how often it ran out.
        """
        self.played.setText(
            ""
            if generated is None
            else tr(
                "{played} of {made} s", played=number(played or 0, 1), made=number(generated, 1)
            )
        )
        self.speed.setText(
            "" if made_in is None else tr("made in {seconds} s", seconds=number(made_in, 1))
        )
        self.buffered.setText(
            "" if buffered is None else tr("ready ahead: {seconds} s", seconds=number(buffered, 1))
        )
        self.underruns.setText(
            counted("the sound ran out once", "the sound ran out {count} times", underruns)
            if underruns
            else ""
        )
        self.speed.setToolTip(
            tr(
                "Real-time factor {value}: seconds of work per second of speech. Below 1 is "
                "faster than it is spoken.",
                value="–" if rtf is None else number(rtf, 2),
            )
        )
        self.buffered.setToolTip(
            tr(
                "Sound that is made ahead of what you hear: {ms} ms.",
                ms=round(1000 * (buffered or 0)),
            )
        )
        self.underruns.setToolTip(
            tr("How often the sound ran out while it was being made: {count}.", count=underruns)
        )
        set_property(self.underruns, "tone", "warning" if underruns else "")
        for each in (self.played, self.speed, self.buffered, self.underruns):
            each.setVisible(bool(each.text()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _on_message(self, tone: str) -> None:
        set_property(self, "tone", tone)
        self._make_room()

    def _make_room(self) -> None:
        busy = bool(self.toasts.words)
        self._state.setVisible(not busy)
        self._flow.setVisible(not busy or self.width() >= _BOTH_NEED)
