"""The text of a line of the script, as high as it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QMimeData, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy, QTextEdit, QToolTip

from ditar_studio.text.markup import marks_in
from ditar_studio.ui.features.script.mark_choices import MarkChoice, meaning, problem
from ditar_studio.ui.features.script.mark_completion import MarkCompletion
from ditar_studio.ui.features.script.mark_painting import MarkHighlighter, paint_grounds
from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.text_places import to_characters, to_units

_MARGIN = 2
_LONG_PASTE = 1000
"""Characters from which on a pasted text becomes lines of its own."""

Span = tuple[int, int]
"""The first character of a word, and the one after its last."""


_CHOOSING = (
    *(Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab, Qt.Key.Key_Backtab),
    Qt.Key.Key_Escape,
)
"""What a list of completions takes for itself."""

_LIKE_ANY = "The lamps along the wall came on one after another, as if someone was walking by."
"""A text whose letters are as wide as those of most texts."""


class LineEdit(QPlainTextEdit):
    """The text of a line; as high as it is, and one step of the studio's undo.

    Signals:
        typed: the text, after each change by the user.
        split_asked: Return was pressed at this position: a paragraph is to begin there.
        flow_asked: the same of Shift+Return: a line that flows on.
        join_asked: Backspace was pressed at the very start.
        left: the cursor left upwards (-1) or downwards (1).
        pasted: text of several lines, or a long one, was pasted.
        focused: it has the keyboard focus now.
        marked: it was clicked with Ctrl held.
        reached: it was clicked with Shift held, while something else had the focus.
        delete_asked: Delete was pressed while several lines are selected.
    """

    typed = Signal(str)
    split_asked = Signal(int)
    flow_asked = Signal(int)
    join_asked = Signal()
    left = Signal(int)
    pasted = Signal(str)
    focused = Signal()
    marked = Signal()
    reached = Signal()
    delete_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.one_of_several = False
        self.setUndoRedoEnabled(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click gives the focus by itself
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty("line_text", "true")
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(_MARGIN)
        self._highlighter = MarkHighlighter(self.document())
        self.voice_names: Callable[[], list[str]] = list
        self._completion: MarkCompletion | None = None
        self.textChanged.connect(self._on_text)
        self._quiet = False
        self._word: Span | None = None
        self._differing: tuple[Span, ...] = ()
        self._fit()

    def show_text(self, text: str) -> None:
        """Show `text`; the cursor stays about where it was."""
        if text != self.toPlainText():
            at = self.place
            self._quiet = True
            self.setPlainText(text)
            self._quiet = False
            self.put_cursor(min(at, len(text)))

    def put_cursor(self, at: int) -> None:
        """Put the cursor at a position; -1 is the end."""
        cursor = self.textCursor()
        if at < 0:
            cursor.movePosition(QTextCursor.MoveOperation.End)
        else:
            cursor.setPosition(to_units(self.toPlainText(), at))
        self.setTextCursor(cursor)

    @property
    def place(self) -> int:
        """The character of the text that the cursor stands before."""
        return to_characters(self.toPlainText(), self.textCursor().position())

    def select(self, span: Span) -> None:
        """Select the characters of a stretch."""
        self.setTextCursor(self._cursor_over(span))

    def know_voices(self, names: frozenset[str]) -> None:
        """Take the names of the voices there are, in lower case: marks may name no others."""
        if names != self._highlighter.voices:
            self._highlighter.voices = names
            if "[" in self.toPlainText():
                self._quiet = True  # to colour it anew counts as a change of the text
                self._highlighter.rehighlight()
                self._quiet = False

    def mark_word(self, span: Span | None) -> None:
        """Show that the word at these characters is heard; None for no word."""
        if span != self._word:
            self._word = span
            self._show_marks()

    def mark_differing(self, spans: tuple[Span, ...]) -> None:
        """Underline the words at these characters, which were heard otherwise."""
        if spans != self._differing:
            self._differing = spans
            self._show_marks()

    def _show_marks(self) -> None:
        colours = theme.current().colours
        marks = []
        for span in self._differing:
            mark = self._selection(span)
            mark.format.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            mark.format.setUnderlineColor(colours.color("danger"))
            mark.format.setBackground(colours.color("warning_soft"))
            marks.append(mark)
        if self._word is not None:
            mark = self._selection(self._word)
            mark.format.setBackground(colours.color("accent"))
            mark.format.setForeground(colours.color("on_accent"))
            marks.append(mark)
        self.setExtraSelections(marks)

    def _selection(self, span: Span) -> QTextEdit.ExtraSelection:
        """Return the characters of a word, to be shown in another way."""
        selection = QTextEdit.ExtraSelection()
        selection.cursor = self._cursor_over(span)
        return selection

    def _cursor_over(self, span: Span) -> QTextCursor:
        """Return a cursor that selects characters, as far as they are there."""
        text, cursor = self.toPlainText(), QTextCursor(self.document())
        cursor.setPosition(to_units(text, span[0]))
        cursor.setPosition(to_units(text, span[1]), QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def event(self, event: QEvent) -> bool:
        if (
            isinstance(event, QHelpEvent)
            and event.type() == QEvent.Type.ToolTip
            and self._show_meaning(event)
        ):
            return True
        undoing = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and any(event.matches(key) for key in undoing)
        ):
            event.ignore()
            return False
        return super().event(event)

    # --- marks

    def insert_mark(self, choice: MarkChoice, typed: int = 0) -> None:
        """Put a mark at the cursor, or around what is selected.

        Args:
            typed: units of it that stand before the cursor already.
        """
        cursor = self.textCursor()
        begin, end = cursor.selectionStart(), cursor.selectionEnd()
        if typed:
            begin -= typed
            cursor.setPosition(begin)
            cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        inside = "" if typed else cursor.selectedText()
        cursor.insertText(f"{choice.begins}{inside}{choice.ends}")
        at = begin + to_units(choice.begins, len(choice.begins) - choice.cursor)
        cursor.setPosition(at if choice.cursor else at + to_units(inside, len(inside)))
        self.setTextCursor(cursor)
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _delete_mark(self, event: QKeyEvent) -> bool:
        """Delete the mark beside the cursor as a whole; return whether there is one."""
        cursor, text = self.textCursor(), self.toPlainText()
        back = event.key() == Qt.Key.Key_Backspace
        if cursor.hasSelection() or not (back or event.key() == Qt.Key.Key_Delete):
            return False
        place = self.place
        for mark in marks_in(text) if "[" in text else ():
            if place == (mark.end if back else mark.start):
                self._cursor_over((mark.start, mark.end)).removeSelectedText()
                return True
        return False

    def _offer_marks(self) -> None:
        """Offer the mark that is being typed, if one is."""
        if self._completion is None:
            if "[" not in self.toPlainText():
                return
            self._completion = MarkCompletion(self, self.voice_names, self.insert_mark)
        self._completion.offer()

    def _show_meaning(self, event: QHelpEvent) -> bool:
        """Show what the mark under the mouse does; return whether there is one."""
        text = self.toPlainText()
        place = to_characters(text, self.cursorForPosition(event.pos()).position())
        for mark in marks_in(text):
            if mark.start <= place < mark.end:
                words = problem(mark, self._highlighter.voices) or meaning(mark)
                QToolTip.showText(event.globalPos(), words, self)
                return True
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        paint_grounds(painter, self, self._highlighter.voices)
        painter.end()
        super().paintEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        cursor = self.textCursor()
        if self._completion is not None and self._completion.shown and event.key() in _CHOOSING:
            event.ignore()  # the list of marks takes it
            return
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if plain:
                self.split_asked.emit(self.place)
            elif event.modifiers() == Qt.KeyboardModifier.ShiftModifier:
                self.flow_asked.emit(self.place)
            else:
                event.ignore()
            return
        if event.key() == Qt.Key.Key_Delete and plain and self.one_of_several:
            self.delete_asked.emit()
            return
        if plain and self._delete_mark(event):
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
        if event.text():
            self._offer_marks()

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

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        files = any(url.isLocalFile() for url in source.urls())  # they are for the panel
        return not files and super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        text = source.text()
        if len(text.strip().splitlines()) > 1 or len(text) > _LONG_PASTE:
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

    def heights_about(self, characters: NDArray[np.int32], width: int) -> NDArray[np.int64]:
        """Return the heights of fields like this one, about, with texts of so many
        characters [n].
        """
        letter = self.fontMetrics().horizontalAdvance(_LIKE_ANY) / len(_LIKE_ANY)
        fitting = max(1.0, (width - 2 * _MARGIN) / letter)
        lines = np.ceil(np.maximum(1, characters) / fitting).astype(np.int64)
        return lines * self.fontMetrics().lineSpacing() + self._height(0)

    def _height(self, lines: int) -> int:
        return lines * self.fontMetrics().lineSpacing() + 2 * _MARGIN + 8

    def _fit(self) -> None:
        """Make the field as high as its text."""
        height = self._height(max(1, round(self.document().size().height())))
        if height != self.minimumHeight():
            self.setFixedHeight(height)
