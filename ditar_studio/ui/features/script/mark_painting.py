"""Marks in the text of a line as chips: coloured words on rounded grounds."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from PySide6.QtCore import QRectF
from PySide6.QtGui import (
    QPainter,
    QSyntaxHighlighter,
    QTextBlock,
    QTextCharFormat,
    QTextDocument,
    QTextLine,
)
from PySide6.QtWidgets import QPlainTextEdit

from ditar_studio.text.markup import Mark, marks_in
from ditar_studio.ui.features.script.mark_choices import problem
from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.text_places import to_units


class MarkHighlighter(QSyntaxHighlighter):
    """Colours the marks; what can't be used looks like a failure."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self.voices: frozenset[str] = frozenset()
        theme.manager.changed.connect(self.rehighlight)

    def highlightBlock(self, text: str) -> None:
        if "[" not in text:
            return
        colours = theme.current().colours
        for mark in marks_in(text):
            form = QTextCharFormat()
            wrong = problem(mark, self.voices)
            form.setForeground(colours.color("danger" if wrong else "accent_text"))
            start, end = to_units(text, mark.start), to_units(text, mark.end)
            self.setFormat(start, end - start, form)


def paint_grounds(painter: QPainter, edit: QPlainTextEdit, voices: Collection[str]) -> None:
    """Paint the grounds of all marks; before the text is painted on them."""
    block = edit.firstVisibleBlock()
    colours = theme.current().colours
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    offset = edit.contentOffset()
    while block.isValid():
        text = block.text()
        if "[" in text:
            origin = edit.blockBoundingGeometry(block).translated(offset).topLeft()
            for mark in marks_in(text):
                wrong = problem(mark, voices)
                edge = colours.color("danger" if wrong else "accent")
                edge.setAlphaF(0.35)  # a selected line is of the chips' own colour
                painter.setPen(edge)
                painter.setBrush(colours.color("danger_soft" if wrong else "accent_soft"))
                for rect in _rects(block, mark):
                    painter.drawRoundedRect(
                        rect.translated(origin).adjusted(-0.5, 0.5, 0.5, -0.5), 5, 5
                    )
        block = block.next()


def _rects(block: QTextBlock, mark: Mark) -> Iterator[QRectF]:
    """Return where a mark stands in its block, a rectangle for each row."""
    layout, text = block.layout(), block.text()
    starts, stops = to_units(text, mark.start), to_units(text, mark.end)
    for number in range(layout.lineCount()):
        line = layout.lineAt(number)
        first = max(starts, line.textStart())
        last = min(stops, line.textStart() + line.textLength())
        if first < last:
            begin, end = _x(line, first), _x(line, last)
            yield QRectF(begin, line.y(), end - begin, line.height())


def _x(line: QTextLine, place: int) -> float:
    at: tuple[float, int] = line.cursorToX(place)  # type: ignore[assignment]
    return at[0]
