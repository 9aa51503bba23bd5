"""The bar above the script in which one finds and replaces words."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from ditar_studio.text.finding import Query
from ditar_studio.ui.features.find.view_model import Finder, Match
from ditar_studio.ui.features.script.panel import ScriptPanel
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import tr
from ditar_studio.ui.kit.widgets.basics import announce, button, icon_button, label, row
from ditar_studio.ui.kit.widgets.search_field import SearchField


class _Field(SearchField):
    """Return goes on, Shift+Return back, Escape closes the bar.

    Signals:
        stepped: to the next (1) or previous (-1) match.
        closed: Escape was pressed.
    """

    stepped = Signal(int)
    closed = Signal()

    def event(self, event: QEvent) -> bool:
        return _keeps_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self.stepped.emit(-1 if back else 1)
        elif event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        elif event.key() == Qt.Key.Key_Down:
            self.stepped.emit(1)
        elif event.key() == Qt.Key.Key_Up:
            self.stepped.emit(-1)
        else:
            super().keyPressEvent(event)


class _Replacement(QLineEdit):
    """Return replaces the current match.

    Signals:
        entered: Return was pressed.
        closed: Escape was pressed.
    """

    entered = Signal()
    closed = Signal()

    def event(self, event: QEvent) -> bool:
        return _keeps_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)


def _keeps_escape(event: QEvent) -> bool:
    """Keep Escape from the action that it stands for elsewhere."""
    if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
        return False
    if event.key() == Qt.Key.Key_Escape:
        event.accept()
        return True
    return False


class FindBar(QWidget):
    """Fields for what is found and what replaces it. Hidden until it is opened."""

    def __init__(self, finder: Finder, panel: ScriptPanel) -> None:
        super().__init__()
        self.finder = finder
        self.panel = panel
        self._announced = ""
        self.field = _Field(tr("Find in the script…"))
        self.by = _Replacement()
        self.by.setPlaceholderText(tr("Replace with"))
        self.by.setAccessibleName(tr("Replace with"))
        self.count = label("", "small")
        self.case = button(tr("Aa"), None, "ghost", tip=tr("Capitals matter"))
        self.case.setAccessibleName(tr("Capitals matter"))
        self.case.setCheckable(True)
        self.whole = button(tr("Word"), None, "ghost", tip=tr("Whole words only"))
        self.whole.setAccessibleName(tr("Whole words only"))
        self.whole.setCheckable(True)
        self.back = icon_button("chevron-up", tr("Previous match"), lambda: finder.step(-1))
        self.on = icon_button("chevron-down", tr("Next match"), lambda: finder.step(1))
        self.one = button(tr("Replace"), self._replace)
        self.all = button(tr("Replace all"), self._replace_all)
        self.close_button = icon_button("x", tr("Close the search"), self.shut)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        layout.setSpacing(Space.XS)
        layout.addLayout(
            row(
                self.field, self.case, self.whole, self.count, self.back, self.on,
                self.close_button, spacing=Space.XS,
            )
        )  # fmt: skip
        layout.addLayout(row(self.by, self.one, self.all, spacing=Space.XS))
        self.setVisible(False)
        self.field.textChanged.connect(lambda _text: self._look())
        self.case.toggled.connect(lambda _on: self._look())
        self.whole.toggled.connect(lambda _on: self._look())
        self.field.stepped.connect(finder.step)
        self.field.closed.connect(self.shut)
        self.by.closed.connect(self.shut)
        self.by.entered.connect(self._replace)
        finder.changed.connect(self._show_count)
        finder.shown.connect(self._show_match)
        self._show_count()

    def open(self, words: str = "") -> None:
        """Show the bar with the keyboard in it."""
        self.setVisible(True)
        if words:
            self.field.setText(words)
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()
        self._look()

    def shut(self) -> None:
        """Hide the bar; the keyboard goes to the line of the current match."""
        finder = self.finder
        match = finder.matches[finder.current] if finder.current >= 0 else None
        self.setVisible(False)
        finder.stop()
        script = self.panel.script
        line_id, cursor = (match[0], match[2]) if match else (script.selected, -1)
        if script.index(line_id) >= 0:
            script.focus_wanted.emit(line_id, cursor)

    def _look(self) -> None:
        query = Query(self.field.text(), self.case.isChecked(), self.whole.isChecked())
        self.finder.start(query)

    def _replace(self) -> None:
        self.finder.replace(self.by.text())

    def _replace_all(self) -> None:
        self.finder.replace_all(self.by.text())

    def _show_count(self) -> None:
        finder = self.finder
        count = len(finder.matches)
        if not finder.query.words.strip():
            words = ""
        elif count:
            words = tr("{number} of {count}", number=finder.current + 1, count=count)
        else:
            words = tr("Not found")
        self.count.setText(words)
        if words != self._announced and self.isVisible():
            announce(self, words)
        self._announced = words
        for each in (self.back, self.on, self.one, self.all):
            each.setEnabled(bool(count))

    def _show_match(self, match: Match) -> None:
        line_id, start, end = match
        self.panel.script.select(line_id)
        shown = self.panel.area.scroll_to(line_id)
        if shown is not None:
            shown.text.select((start, end))
