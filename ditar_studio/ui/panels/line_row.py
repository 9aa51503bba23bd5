"""One line of the script on screen: its text, its voice, its state, its pause."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QEvent, QMimeData, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFont,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCursor,
    QTextLayout,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QFrame,
    QMenu,
    QPlainTextEdit,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
)

from ditar_studio.store.projects import Line, LineState
from ditar_studio.ui import icons, theme
from ditar_studio.ui.theme import Space
from ditar_studio.ui.translate import mark, sentence, tr
from ditar_studio.ui.widgets.basics import icon_button, label, row, set_property

STATES: dict[LineState, tuple[str, str]] = {
    "empty": (mark("Not spoken yet"), "border_strong"),
    "rendered": (mark("Spoken"), "success"),
    "stale": (mark("Changed since"), "warning"),
    "failed": (mark("Failed"), "danger"),
}
"""Words and colour of each state of a line."""

_MARGIN = 2
_STATE_NEEDS = 400
"""Width of a row, in pixels, below which its state isn't written out."""


@lru_cache(maxsize=2000)
def _lines(text: str, font: QFont, width: int) -> int:
    """The number of lines on screen that a text takes."""
    layout = QTextLayout(text, font)
    layout.beginLayout()
    count = 0
    while (line := layout.createLine()).isValid():
        line.setLineWidth(max(1, width))
        count += 1
    layout.endLayout()
    return max(1, count)


class LineEdit(QPlainTextEdit):
    """The text of a line; as high as it is, and one step of the studio's undo.

    Signals:
        typed: the text, after each change by the user.
        split_asked: Return was pressed at this position.
        join_asked: Backspace was pressed at the very start.
        left: the cursor left upwards (-1) or downwards (1).
        pasted: text of several lines was pasted.
        focused: it has the keyboard focus now.
        marked: it was clicked with Ctrl held.
        reached: it was clicked with Shift held, while something else had the focus.
    """

    typed = Signal(str)
    split_asked = Signal(int)
    join_asked = Signal()
    left = Signal(int)
    pasted = Signal(str)
    focused = Signal()
    marked = Signal()
    reached = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setUndoRedoEnabled(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click gives the focus by itself
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty("line_text", "true")
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(_MARGIN)
        self.textChanged.connect(self._on_text)
        self._quiet = False
        self._fit()

    def show_text(self, text: str) -> None:
        """Shows `text`; the cursor stays about where it was."""
        if text != self.toPlainText():
            at = self.textCursor().position()
            self._quiet = True
            self.setPlainText(text)
            self._quiet = False
            self.put_cursor(min(at, len(text)))

    def put_cursor(self, at: int) -> None:
        """Puts the cursor at a position; -1 is the end."""
        cursor = self.textCursor()
        if at < 0:
            cursor.movePosition(QTextCursor.MoveOperation.End)
        else:
            cursor.setPosition(min(at, len(self.toPlainText())))
        self.setTextCursor(cursor)

    def event(self, event: QEvent) -> bool:
        undoing = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and any(event.matches(key) for key in undoing)
        ):
            event.ignore()
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        cursor = self.textCursor()
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if plain:
                self.split_asked.emit(cursor.position())
            else:
                event.ignore()
            return
        if (
            event.key() == Qt.Key.Key_Backspace
            and plain
            and cursor.atStart()
            and not cursor.hasSelection()
        ):
            self.join_asked.emit()
            return
        if plain and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            up = event.key() == Qt.Key.Key_Up
            way = QTextCursor.MoveOperation.Up if up else QTextCursor.MoveOperation.Down
            if not QTextCursor(cursor).movePosition(way):
                self.left.emit(-1 if up else 1)
                return
        super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        held = event.modifiers()
        if held & Qt.KeyboardModifier.ControlModifier:
            self.marked.emit()
        elif held & Qt.KeyboardModifier.ShiftModifier and not self.hasFocus():
            self.reached.emit()
        else:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self.focused.emit()
            super().mousePressEvent(event)

    def insertFromMimeData(self, source: QMimeData) -> None:
        text = source.text()
        if len(text.strip().splitlines()) > 1:
            self.pasted.emit(text)
        else:
            self.insertPlainText(" ".join(text.split("\n")))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        # A menu that closes or a window that comes back leaves the selected lines as they are.
        if event.reason() not in (
            Qt.FocusReason.PopupFocusReason,
            Qt.FocusReason.ActiveWindowFocusReason,
        ):
            self.focused.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _on_text(self) -> None:
        self._fit()
        if not self._quiet:
            self.typed.emit(self.toPlainText())

    def height_with(self, text: str, width: int) -> int:
        """The height of a field like this one with another text and width."""
        return self._height(_lines(text, self.font(), width - 2 * _MARGIN))

    def _height(self, lines: int) -> int:
        return lines * self.fontMetrics().lineSpacing() + 2 * _MARGIN + 8

    def _fit(self) -> None:
        """Makes the field as high as its text."""
        height = self._height(max(1, round(self.document().size().height())))
        if height != self.minimumHeight():
            self.setFixedHeight(height)


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


class _PauseField(QDoubleSpinBox):
    """Leaves the wheel to the script unless it has the focus."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class LineRow(QFrame):
    """One line.

    Signals:
        voice_chosen: id of the voice, empty for the project's.
        pause_chosen: seconds.
        lock_asked: the lock was clicked.
        play_asked: the line's take is to be heard.
        selected: something in it was clicked or focused.
        marked: it is to be one of those selected, or no longer.
        reached: all lines up to it are to be selected.
    """

    voice_chosen = Signal(str)
    pause_chosen = Signal(float)
    lock_asked = Signal()
    play_asked = Signal()
    selected = Signal()
    marked = Signal()
    reached = Signal()

    def __init__(self, line_id: str) -> None:
        super().__init__()
        self.line_id = line_id
        self._shown: tuple[object, ...] | None = None
        self.setProperty("surface", "card")
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
        self.pause = _PauseField()
        self.pause.setProperty("bare", "true")
        self.pause.setProperty("flat", "true")
        self.pause.setRange(0.0, 60.0)
        self.pause.setSingleStep(0.05)
        self.pause.setDecimals(2)
        self.pause.setSuffix(tr(" s"))
        self.pause.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.pause.setFixedWidth(72)
        self.pause.setKeyboardTracking(False)
        self.pause.setToolTip(tr("Silence after this line."))
        self.text = LineEdit()
        body = QVBoxLayout()
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(0)
        body.addLayout(
            row(
                self.number,
                self.voice,
                None,
                self.state,
                Space.XS,
                self.play,
                self.lock,
                self.pause,
                spacing=Space.XS,
            )
        )
        body.addWidget(self.text)
        layout = row(self.edge, body, spacing=Space.M)
        layout.setContentsMargins(Space.S, Space.S, Space.S, Space.XS)
        self.setLayout(layout)
        self.play.clicked.connect(self.play_asked)
        self.lock.clicked.connect(self._lock_clicked)
        self.pause.valueChanged.connect(self.pause_chosen)
        self.text.focused.connect(self.selected)
        self.text.marked.connect(self.marked)
        self.text.reached.connect(self.reached)

    def show_line(
        self, line: Line, number: int, text: str, voice: str, own_voice: bool, work: str = ""
    ) -> None:
        """Shows a line.

        Args:
            number: its place in the script, from 1.
            text: what it says.
            voice: the name of its voice, or what stands for it.
            own_voice: whether it has one of its own.
            work: that it is played, being spoken, or waits for it; empty if none of these.
        """
        shown = (line, number, text, voice, own_voice, work)
        if shown == self._shown:
            return
        self._shown = shown
        self.number.setText(f"{number:>2}")
        self.text.show_text(text)
        self.text.setAccessibleName(tr("Line {number}", number=number))
        self.voice.setText(voice)
        self.voice.setAccessibleName(
            tr("Voice of line {number}: {voice}", number=number, voice=voice)
        )
        set_property(self.voice, "own", str(own_voice).lower())
        self.pause.setAccessibleName(tr("Pause after line {number}", number=number))
        self.pause.blockSignals(True)
        self.pause.setValue(line.pause_seconds)
        self.pause.blockSignals(False)
        self.lock.setChecked(line.locked)
        self.lock.setIcon(icons.icon("lock" if line.locked else "unlock", "faint"))
        self.play.setEnabled(line.take_id is not None)
        self.play.setAccessibleName(tr("Play line {number}", number=number))
        self.lock.setAccessibleName(tr("Lock line {number}", number=number))
        if work:
            self._show_state(work, "accent", "")
        else:
            words, colour = STATES[line.state]
            self._show_state(tr(words), colour, sentence(line.failure))

    def height_with(self, text: str, width: int) -> int:
        """The height of a row like this one with another text and width."""
        around = self.sizeHint().height() - self.text.height()
        return around + self.text.height_with(text, width - self.width() + self.text.width())

    def set_selected(self, selected: bool) -> None:
        """Paints the row as the selected one."""
        set_property(self, "selected", str(selected).lower())

    def set_playing(self, playing: bool) -> None:
        """Paints the row as the one that is played."""
        set_property(self, "playing", str(playing).lower())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.state.setVisible(self.width() >= _STATE_NEEDS)  # the edge's colour says it too

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.marked.emit()
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.reached.emit()
        else:
            self.text.setFocus(Qt.FocusReason.MouseFocusReason)
            self.selected.emit()
        super().mousePressEvent(event)

    def _lock_clicked(self) -> None:
        self.lock_asked.emit()

    def _show_state(self, words: str, colour: str, tip: str) -> None:
        self.edge.set_colour(colour)
        self.state.setText(words)
        set_property(self.state, "tone", colour if colour in ("warning", "danger") else "")
        self.state.setToolTip(tip)
        self.text.setAccessibleDescription(f"{words}. {tip}".strip(". "))
