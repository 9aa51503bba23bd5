"""All projects, to open one of them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from ditar_studio.services.projects import Project
from ditar_studio.ui.kit.dialogs.frame import DialogFrame
from ditar_studio.ui.kit.translate import moment_text, tr
from ditar_studio.ui.kit.widgets.basics import button
from ditar_studio.ui.kit.widgets.search_field import SearchField


class ProjectsDialog(DialogFrame):
    """Lists the projects, the last opened first.

    Signals:
        chosen: id of the project to open.
    """

    chosen = Signal(str)

    def __init__(
        self, projects: Sequence[Project], current: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(
            tr("Open project"),
            tr("Projects save themselves; each opens as you left it."),
            parent,
        )
        self.search = SearchField(tr("Find a project…"))
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Projects"))
        self.list.setMinimumHeight(240)
        for project in projects:
            opened = moment_text(project.opened, tr("d MMM yyyy, HH:mm"))
            mark = tr("open now") if project.id == current else opened
            item = QListWidgetItem(f"{project.name}\n{mark}")
            item.setData(Qt.ItemDataRole.UserRole, project.id)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{project.name}, {mark}")
            self.list.addItem(item)
        self._current = current
        self._choose_first()
        self.body.addWidget(self.search)
        self.body.addWidget(self.list, 1)
        self.ok = button(tr("Open"), self.accept, "primary")
        self.ok.setDefault(True)
        self.add_buttons(None, button(tr("Cancel"), self.reject), self.ok)
        self.search.textChanged.connect(self._filter)
        self.search.left_down.connect(self.list.setFocus)
        self.list.itemDoubleClicked.connect(lambda _item: self.accept())
        self.accepted.connect(self._notify)
        self.search.setFocus()

    def _filter(self, text: str) -> None:
        words = text.casefold().split()
        for number in range(self.list.count()):
            item = self.list.item(number)
            hidden = not all(word in item.text().casefold() for word in words)
            item.setHidden(hidden)
        self.ok.setEnabled(self._choose_first())

    def _choose_first(self) -> bool:
        """Choose the first that shows, the open one only if there is no other; return whether it
        is.
        """
        items = [self.list.item(number) for number in range(self.list.count())]
        shown = [item for item in items if not item.isHidden()]
        shown.sort(key=lambda item: item.data(Qt.ItemDataRole.UserRole) == self._current)
        if shown:
            self.list.setCurrentItem(shown[0])
        return bool(shown)

    def _notify(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            self.chosen.emit(item.data(Qt.ItemDataRole.UserRole))
