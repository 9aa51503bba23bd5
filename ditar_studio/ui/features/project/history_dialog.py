"""Earlier versions of the project, and the bin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from ditar_studio.ui.kit.dialogs.frame import DialogFrame
from ditar_studio.ui.kit.translate import counted, mark, moment_text, tr
from ditar_studio.ui.kit.widgets.basics import button, label

if TYPE_CHECKING:
    from ditar_studio.services.history import Trashed, Version

KINDS: dict[str, str] = {
    "voices": mark("Voice"),
    "projects": mark("Project"),
    "lines": mark("Line"),
    "takes": mark("Take"),
    "recordings": mark("Recording"),
}
"""What deleted things are called."""

_LONGEST = 70


class VersionsDialog(DialogFrame):
    """Lists the versions of a project, newest first.

    Signals:
        restore_asked: a `Version`.
    """

    restore_asked = Signal(object)

    def __init__(self, versions: Sequence[Version], parent: QWidget | None = None) -> None:
        super().__init__(
            tr("Earlier versions"),
            tr(
                "One version a day is kept by itself, and each that you save. To restore one can "
                "be undone."
            ),
            parent,
        )
        self.list = _make_list(tr("Earlier versions"))
        for version in versions:
            when = moment_text(version.created, tr("d MMM yyyy, HH:mm"))
            lines = counted("{count} line", "{count} lines", version.lines)
            facts = f"{when} · {lines}" if version.name else lines
            _add(self.list, version.name or when, facts, version)
        self.body.addWidget(self.list, 1)
        if not versions:
            self.body.addWidget(label(tr("There is no earlier version yet."), "muted", wrap=True))
        self.restore = button(tr("Restore"), self._restore, "primary", "undo")
        self.add_buttons(None, button(tr("Close"), self.reject), self.restore)
        self.list.itemSelectionChanged.connect(self._enable)
        self.list.itemActivated.connect(lambda _item: self._restore())
        self._enable()

    def _enable(self) -> None:
        self.restore.setEnabled(bool(self.list.selectedItems()))

    def _restore(self) -> None:
        for item in self.list.selectedItems()[:1]:
            self.accept()
            self.restore_asked.emit(item.data(Qt.ItemDataRole.UserRole))


class BinDialog(DialogFrame):
    """Lists what was deleted in the last 30 days.

    Signals:
        restore_asked: a list of `Trashed`.
    """

    restore_asked = Signal(list)

    def __init__(self, contents: Sequence[Trashed], parent: QWidget | None = None) -> None:
        super().__init__(
            tr("Bin"),
            tr("What is deleted stays here for 30 days, then it is gone for good."),
            parent,
        )
        self.list = _make_list(tr("Deleted things"))
        self.list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        for thing in contents:
            name = " ".join(thing.name.split()) or tr("without a name")
            short = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1].rstrip()}…"
            when = moment_text(thing.deleted, tr("d MMM yyyy, HH:mm"))
            _add(self.list, short, f"{tr(KINDS[thing.kind])} · {when}", thing)
        self.body.addWidget(self.list, 1)
        if not contents:
            self.body.addWidget(label(tr("The bin is empty."), "muted", wrap=True))
        self.restore = button(tr("Restore"), self._restore, "primary", "undo")
        self.add_buttons(None, button(tr("Close"), self.reject), self.restore)
        self.list.itemSelectionChanged.connect(self._enable)
        self.list.itemActivated.connect(lambda _item: self._restore())
        self._enable()

    def _enable(self) -> None:
        self.restore.setEnabled(bool(self.list.selectedItems()))

    def _restore(self) -> None:
        things = [item.data(Qt.ItemDataRole.UserRole) for item in self.list.selectedItems()]
        self.accept()  # what is told then is told in the window
        self.restore_asked.emit(things)


def _make_list(name: str) -> QListWidget:
    made = QListWidget()
    made.setAccessibleName(name)
    made.setMinimumSize(480, 260)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return made


def _add(made: QListWidget, name: str, facts: str, thing: object) -> None:
    """Add a row of two lines; the first one is selected, so that Return restores it."""
    item = QListWidgetItem(f"{name}\n{facts}")
    item.setData(Qt.ItemDataRole.UserRole, thing)
    item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{name}, {facts}")
    item.setToolTip(name)
    made.addItem(item)
    made.setCurrentRow(0)
