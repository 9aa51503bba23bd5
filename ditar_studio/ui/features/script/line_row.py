"""One line of the script on screen: its text, its voice, its state, its pause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ditar_studio.services.projects import Line, LineState
from ditar_studio.text.markup import LONGEST_PAUSE
from ditar_studio.ui.features.script.line_edit import LineEdit, Span
from ditar_studio.ui.kit import icons, theme
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import counted, mark, sentence, tr
from ditar_studio.ui.kit.widgets.basics import (
    column,
    icon_button,
    label,
    literal,
    row,
    set_property,
    surface,
)
from ditar_studio.ui.kit.widgets.number_field import NumberField

STATES: dict[LineState, tuple[str, str]] = {
    "empty": (mark("Not spoken yet"), "border_strong"),
    "rendered": (mark("Spoken"), "success"),
    "stale": (mark("Changed since"), "warning"),
    "failed": (mark("Failed"), "danger"),
}
"""Words and colour of each state of a line."""

_HEAD, _MARGINS, _BESIDE = 36, 4, 100
"""Pixels: height of a paragraph's head, of a line's margins; width of the tools beside a line."""

_AROUND_HEAD = 40
"""Pixels of a row's width that its head doesn't have."""


class _StateBar(QFrame):
    """The coloured edge that says what state a line is in."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(4)
        self._colour = "border_strong"

    def set_colour(self, colour: str) -> None:
        if colour != self._colour:
            self._colour = colour
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.current().colours.color(self._colour))
        painter.drawRoundedRect(QRectF(0, 0, 4, self.height()), 2, 2)


@dataclass(frozen=True)
class LineShown:
    """The values that a row shows of a line.

    Attributes:
        number: its place in the script, from 1.
        text: what it says.
        voice: the name of its voice, or what stands for it.
        own_voice: whether it has one of its own, or another than the line before in its paragraph.
        ends_block: whether it is the last one of its paragraph.
        pause: the silence after it, or after the paragraph that it opens.
        settings: the settings that it has of its own, in words.
        work: that it is heard, being spoken, or waits for it; empty if none of these.
        differing: its words that were heard otherwise, by their characters.
        problem: why marks in it can't be used; empty if all can.
    """

    line: Line
    number: int
    text: str
    voice: str
    own_voice: bool
    ends_block: bool = True
    pause: float = 0.25
    settings: str = ""
    work: str = ""
    differing: tuple[Span, ...] = ()
    problem: str = ""


class LineRow(QWidget):
    """One line: the first of a paragraph with a head of its own, others flow on below it.

    Signals:
        pause_chosen: seconds of silence after the line.
        lock_asked: the lock was clicked.
        play_asked: the line's take is to be heard.
        selected: something in it was clicked or focused.
        marked: it is to be one of those selected, or no longer.
        reached: all lines up to it are to be selected.
        more_asked: what else can be done with it is to be shown, at this widget.
        title_changed: of the section that begins with it.
    """

    pause_chosen = Signal(float)
    lock_asked = Signal()
    play_asked = Signal()
    selected = Signal()
    marked = Signal()
    reached = Signal()
    more_asked = Signal(object)
    title_changed = Signal(str)

    def __init__(self, line_id: str) -> None:
        super().__init__()
        self.line_id = line_id
        self._shown: LineShown | None = None
        self.edge = _StateBar()
        self.number = label("", "number")
        self.voice = QToolButton()
        self.voice.setProperty("kind", "line_voice")
        self.voice.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.voice.setIconSize(QSize(18, 14))
        self.voice.setIcon(icons.icon("voice", "faint"))
        self.voice.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.voice.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.menu = QMenu(self.voice)
        self.voice.setMenu(self.menu)
        self.state = label("", "caption")
        self.play = icon_button("play", tr("Play the take of this line"), size=14)
        self.lock = icon_button("unlock", tr("Lock the line"), checkable=True, size=14)
        self.own = icon_button("sliders", tr("Settings of its own"), size=14, colour="accent_text")
        self.more = icon_button("more", tr("More"), size=14)
        self.pause = NumberField("10.00")
        self.pause.setProperty("flat", "true")
        self.pause.setRange(0.0, LONGEST_PAUSE)
        self.pause.setSingleStep(0.05)
        self.pause.setDecimals(2)
        self.pause.setSuffix(tr(" s"))
        self.text = LineEdit()
        self.title = QLineEdit()
        self.title.setProperty("section_title", "true")
        self.title.setAccessibleName(tr("Title of the chapter"))
        self.title.setToolTip(tr("Title of the chapter"))
        self.title.hide()
        self._head = row(self.number, self.voice, None, self.state, Space.XS, spacing=Space.XS)
        self._tools = (self.own, self.play, self.lock, self.pause, self.more)
        for tool in self._tools:
            self._head.addWidget(tool)
        self._line = row(self.text, spacing=Space.XS)
        self._opens = True
        body = QVBoxLayout()
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        body.addLayout(self._head)
        body.addLayout(self._line)
        self._inside = row(self.edge, body, spacing=Space.M)
        self.card = surface("card")
        self.card.setLayout(self._inside)
        self._inside.setContentsMargins(Space.S, Space.S, Space.S, Space.XS)
        whole = column(self.title, self.card, spacing=Space.S)
        self.setLayout(whole)
        self.play.clicked.connect(self.play_asked)
        self.lock.clicked.connect(self._lock_clicked)
        self.own.clicked.connect(lambda: self.more_asked.emit(self.own))
        self.more.clicked.connect(lambda: self.more_asked.emit(self.more))
        self.pause.valueChanged.connect(self.pause_chosen)
        self.text.focused.connect(self.selected)
        self.text.marked.connect(self.marked)
        self.text.reached.connect(self.reached)
        self.title.editingFinished.connect(self._title_edited)

    def show_line(self, shown: LineShown) -> None:
        """Show a line."""
        if shown == self._shown:
            return
        self._shown = shown
        line, number = shown.line, shown.number
        self._arrange(line.opens_block, shown.ends_block)
        self.title.setVisible(bool(line.section))
        if not self.title.hasFocus():
            self.title.setText(line.section)
        self.number.setText(f"{number:>2}")
        self.text.show_text(shown.text)
        self.text.setAccessibleName(tr("Line {number}", number=number))
        self.voice.setText(literal(shown.voice))
        self.voice.setAccessibleName(
            tr("Voice of line {number}: {voice}", number=number, voice=shown.voice)
        )
        set_property(self.voice, "own", str(shown.own_voice).lower())
        whole = line.opens_block and not shown.ends_block
        self.pause.setAccessibleName(
            tr("Pause after the paragraph of line {number}", number=number)
            if whole
            else tr("Pause after line {number}", number=number)
        )
        self.pause.setToolTip(
            tr("Silence after this paragraph.") if whole else tr("Silence after this line.")
        )
        self.pause.blockSignals(True)
        self.pause.setValue(shown.pause)
        self.pause.blockSignals(False)
        self.lock.setChecked(line.locked)
        self.lock.setIcon(icons.icon("lock" if line.locked else "unlock", "faint"))
        self.lock.setVisible(line.opens_block or line.locked)
        self.voice.setVisible(line.opens_block or shown.own_voice)
        self.own.setVisible(bool(shown.settings))
        self.own.setToolTip(shown.settings)
        self.own.setAccessibleName(tr("Settings of line {number}", number=number))
        self.play.setEnabled(line.take_id is not None)
        self.play.setAccessibleName(tr("Play line {number}", number=number))
        self.lock.setAccessibleName(tr("Lock line {number}", number=number))
        self.more.setAccessibleName(tr("More for line {number}", number=number))
        self.text.mark_differing(shown.differing)
        if shown.work:
            self._show_state(shown.work, "accent", "")
        elif shown.differing:
            count = len(shown.differing)
            words = counted("{count} word differs", "{count} words differ", count)
            heard = ", ".join(f"“{shown.text[a:b]}”" for a, b in shown.differing)
            tip = tr("Not heard as written: {words}", words=heard)
            self._show_state(words, "warning", tip)
        else:
            words, colour = STATES[line.state]
            self._show_state(tr(words), colour, shown.problem or sentence(line.failure))

    def heights_about(
        self, characters: NDArray[np.int32], width: int, opens: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Return the heights of rows like this one with other texts and another width, in pixels.

        Args:
            characters: [n] of each text.
            width: of the rows.
            opens: [n] whether they open a paragraph.
        """
        around = self.width() - self.text.width()
        margins = self.sizeHint().height() - self.text.height()
        if not self.title.isHidden():
            margins -= self.title.sizeHint().height() + Space.S
        head, beside = (around, around + _BESIDE) if self._opens else (around - _BESIDE, around)
        return np.where(
            opens,
            self.text.heights_about(characters, width - head) + (margins if self._opens else _HEAD),
            self.text.heights_about(characters, width - beside)
            + (_MARGINS if self._opens else margins),
        )

    def set_selected(self, selected: bool) -> None:
        """Paint the row as the selected one."""
        set_property(self.card, "selected", str(selected).lower())

    def set_playing(self, playing: bool) -> None:
        """Paint the row as the one that is heard."""
        set_property(self.card, "playing", str(playing).lower())
        if not playing:
            self.text.mark_word(None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_state_words()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.marked.emit()
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.reached.emit()
        else:
            self.text.setFocus(Qt.FocusReason.MouseFocusReason)
            self.selected.emit()
        super().mousePressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.more_asked.emit(self.more)
        event.accept()

    def _arrange(self, opens: bool, ends: bool) -> None:
        """Put the tools into the head of a paragraph, or beside the text of a line in it."""
        if opens != self._opens:
            self._opens = opens
            home = self._head if opens else self._line
            for tool in self._tools:
                home.addWidget(tool)
                home.setAlignment(
                    tool, Qt.AlignmentFlag.AlignTop if not opens else Qt.AlignmentFlag(0)
                )
            height = 0 if opens else self.play.sizeHint().height()
            self.number.setMinimumHeight(height)
            if opens:
                self._head.insertWidget(0, self.number)
                self._head.insertWidget(1, self.voice)
            else:
                self._line.insertWidget(1, self.voice, 0, Qt.AlignmentFlag.AlignTop)
                self._line.insertWidget(2, self.number, 0, Qt.AlignmentFlag.AlignTop)
        self.pause.setVisible(opens)
        top = Space.S if opens else 0
        self._inside.setContentsMargins(Space.S, top, Space.S, Space.XS if ends else 0)
        place = {(True, True): "", (True, False): "first", (False, True): "last"}
        set_property(self.card, "in_block", place.get((opens, ends), "middle"))
        self._show_state_words()

    def _show_state_words(self) -> None:
        """Write the state out where there is room; the edge's colour says it too."""
        parts = [self.number, self.voice, self.state, *self._tools]
        shown = [part for part in parts if part is self.state or not part.isHidden()]
        needed = sum(part.sizeHint().width() + Space.XS for part in shown) + _AROUND_HEAD
        self.state.setVisible(self._opens and needed <= self.width())

    def _title_edited(self) -> None:
        if self._shown is not None and self.title.text() != self._shown.line.section:
            self.title_changed.emit(self.title.text())

    def _lock_clicked(self) -> None:
        self.lock_asked.emit()

    def _show_state(self, words: str, colour: str, tip: str) -> None:
        self.edge.set_colour(colour)
        self.state.setText(words)
        set_property(self.state, "tone", colour if colour in ("warning", "danger") else "")
        self.state.setToolTip(tip)
        self.edge.setToolTip(f"{words}. {tip}".strip(". "))
        self.text.setAccessibleDescription(f"{words}. {tip}".strip(". "))
        self._show_state_words()
