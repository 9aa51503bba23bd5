"""The lines that wait to be spoken: their order, and taking some out."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QWidget

from ditar_studio.ui.features.script.view_model import Script
from ditar_studio.ui.features.speaking.waiting import WaitingLines
from ditar_studio.ui.kit.dialogs.frame import DialogFrame
from ditar_studio.ui.kit.translate import counted, tr
from ditar_studio.ui.kit.widgets.basics import button, label, row

_MOST_SHOWN = 2000
_LONGEST = 90


class QueueDialog(DialogFrame):
    """Shows what waits as it is; changes take effect at once.

    Args:
        waiting: the lines that wait.
        script: says what is in them.
    """

    def __init__(
        self, waiting: WaitingLines, script: Script, parent: QWidget | None = None
    ) -> None:
        super().__init__(
            tr("Lines that wait to be spoken"),
            tr("Drag lines into the order in which they are to be spoken."),
            parent,
        )
        self._waiting, self._script = waiting, script
        self._shown: tuple[str, ...] = ()
        self.setMinimumSize(520, 420)
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Lines that wait to be spoken"))
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.count = label("", "small")
        self.first = button(tr("Speak next"), self._first, icon="chevron-up")
        self.remove = button(tr("Take out"), self._remove, icon="x")
        self.pause = button("", waiting.pause)
        self.body.addWidget(self.list, 1)
        self.body.addWidget(self.count)
        self.body.addLayout(row(self.first, self.remove, None, self.pause))
        self.add_buttons(None, button(tr("Close"), self.accept, "primary"))
        self.list.model().rowsMoved.connect(self._moved)
        self.list.itemSelectionChanged.connect(self._enable)
        waiting.changed.connect(self.refresh)
        self.refresh()
        self.list.setFocus()

    def refresh(self) -> None:
        """List what waits now."""
        line_ids = self._waiting.line_ids
        self.pause.setText(tr("Go on") if self._waiting.paused else tr("Pause after this line"))
        self.count.setText(counted("{count} line waits.", "{count} lines wait.", len(line_ids)))
        if line_ids != self._shown:
            chosen = set(self._chosen())
            self._shown = line_ids
            self.list.clear()
            for line_id in line_ids[:_MOST_SHOWN]:
                words = " ".join(self._script.text(line_id).split())
                short = words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1].rstrip()}…"
                item = QListWidgetItem(f"{self._script.index(line_id) + 1}   {short}")
                item.setData(Qt.ItemDataRole.UserRole, line_id)
                self.list.addItem(item)
                item.setSelected(line_id in chosen)
        self._enable()

    def _enable(self) -> None:
        some = bool(self.list.selectedItems())
        self.first.setEnabled(some)
        self.remove.setEnabled(some)
        self.pause.setEnabled(bool(self._shown))

    def _chosen(self) -> tuple[str, ...]:
        items = sorted(self.list.selectedItems(), key=self.list.row)
        return tuple(item.data(Qt.ItemDataRole.UserRole) for item in items)

    def _moved(
        self, _parent: QModelIndex, _first: int, _last: int, _to: QModelIndex, _row: int
    ) -> None:
        items = [self.list.item(place) for place in range(self.list.count())]
        self._shown = tuple(item.data(Qt.ItemDataRole.UserRole) for item in items)
        self._waiting.reorder(self._shown)

    def _first(self) -> None:
        chosen = self._chosen()
        rest = [line_id for line_id in self._shown if line_id not in chosen]
        self._waiting.reorder((*chosen, *rest))

    def _remove(self) -> None:
        self._waiting.remove(self._chosen())
