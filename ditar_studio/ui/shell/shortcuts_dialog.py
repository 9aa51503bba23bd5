"""All keyboard shortcuts on one page, with a search."""

from __future__ import annotations

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QVBoxLayout, QWidget

from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.action_spec import MENUS
from ditar_studio.ui.kit.actions import Actions
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import mark, tr
from ditar_studio.ui.kit.widgets.basics import button, label, row, scrolling
from ditar_studio.ui.kit.widgets.search_field import SearchField

IN_WAVEFORM: tuple[tuple[str, str], ...] = (
    (mark("Move the play position"), "Left / Right"),
    (mark("Extend the selection"), "Shift+Left / Right"),
    (mark("Selection begins or ends here"), "[ / ]"),
    (mark("Clear the selection"), "Backspace"),
    (mark("Zoom"), "+ / − / 0"),
)
"""Keys of the waveform itself, which are no actions."""


class ShortcutsDialog(QDialog):
    """Lists every action with its keys, by menu."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Keyboard shortcuts"))
        self.resize(theme.current().sized(640), 620)
        self.field = SearchField(tr("Search shortcuts…"))
        self._rows: list[tuple[str, QLabel, QLabel]] = []
        self._heads: list[tuple[QLabel, list[int]]] = []
        inside = QWidget()
        grid = QGridLayout(inside)
        grid.setContentsMargins(Space.XL, 0, Space.XL, Space.L)
        grid.setVerticalSpacing(Space.S)
        grid.setColumnStretch(0, 1)
        for menu, title in MENUS.items():
            entries = [
                (
                    tr(spec.title),
                    actions.action(spec.id)
                    .shortcut()
                    .toString(QKeySequence.SequenceFormat.NativeText),
                )
                for spec in actions.in_menu(menu)
            ]
            self._add_group(grid, tr(title).replace("&", ""), entries)
        self._add_group(grid, tr("In a waveform"), [(tr(t), keys) for t, keys in IN_WAVEFORM])
        grid.setRowStretch(grid.rowCount(), 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, Space.XL, 0, 0)
        layout.setSpacing(Space.M)
        head = row(label(tr("Keyboard shortcuts"), "title"))
        head.setContentsMargins(Space.XL, 0, Space.XL, 0)
        layout.addLayout(head)
        search = row(self.field)
        search.setContentsMargins(Space.XL, 0, Space.XL, 0)
        layout.addLayout(search)
        layout.addWidget(scrolling(inside), 1)
        foot = row(None, button(tr("Close"), self.accept))
        foot.setContentsMargins(Space.XL, Space.S, Space.XL, Space.L)
        layout.addLayout(foot)
        self.field.textChanged.connect(self._filter)

    @property
    def shown(self) -> list[str]:
        """Titles of the actions now listed."""
        return [title.text() for _text, title, _keys in self._rows if not title.isHidden()]

    def _add_group(self, grid: QGridLayout, title: str, entries: list[tuple[str, str]]) -> None:
        head = label(title, "heading")
        line = grid.rowCount()
        grid.setRowMinimumHeight(line, 32)
        grid.addWidget(head, line, 0, 1, 2)
        members = []
        for words, keys in entries:
            line += 1
            name, key = label(words, wrap=True), label(keys)
            key.setProperty("key", "true")
            grid.addWidget(name, line, 0)
            box = row(None, key)
            grid.addLayout(box, line, 1)
            members.append(len(self._rows))
            self._rows.append((f"{words} {keys} {title}".casefold(), name, key))
        self._heads.append((head, members))

    def _filter(self, query: str) -> None:
        words = query.casefold().split()
        for text, name, key in self._rows:
            fits = all(word in text for word in words)
            name.setVisible(fits)
            key.setVisible(fits)
        for head, members in self._heads:
            head.setVisible(any(not self._rows[i][1].isHidden() for i in members))
