"""Earlier versions of the project, and the bin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from ditar_studio.ui.kit.dialogs.frame import DialogFrame
from ditar_studio.ui.kit.translate import counted, mark, moment_text, tr
from ditar_studio.ui.kit.widgets.basics import button, label

if TYPE_CHECKING:
    from ditar_studio.services.history import DeletedItem, Version

KINDS: dict[str, str] = {
    "voices": mark("Voice"),
    "projects": mark("Project"),
    "lines": mark("Line"),
    "takes": mark("Take"),
    "recordings": mark("Recording"),
}
"""What deleted things are called."""

_LONGEST = 70
_MOST_APART = 20
"""So many things that were deleted at once have a row each; more have one for all."""


class _RestoreDialog(DialogFrame):
    """A list of things of which the selected ones can be restored.

    Signals:
        restore_asked: a list of the things.
    """

    restore_asked = Signal(list)

    def __init__(
        self, title: str, words: str, listed: str, nothing: str, parent: QWidget | None
    ) -> None:
        """
        Args:
            listed: accessible name of the list.
            nothing: shown while there is nothing in it.
        """
        super().__init__(title, words, parent)
        self.list = QListWidget()
        self.list.setAccessibleName(listed)
        self.list.setMinimumSize(480, 260)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._nothing = label(nothing, "muted", wrap=True)
        self.body.addWidget(self.list, 1)
        self.body.addWidget(self._nothing)
        self.restore = button(tr("Restore"), self._restore, "primary", "undo")
        self.restore.setEnabled(False)
        self.add_buttons(None, button(tr("Close"), self.reject), self.restore)
        self.list.itemSelectionChanged.connect(
            lambda: self.restore.setEnabled(bool(self.list.selectedItems()))
        )
        self.list.itemActivated.connect(lambda _item: self._restore())

    def _add(self, name: str, facts: str, things: list[Any]) -> None:
        """Add a row of two lines; the first one is selected, so that Return restores it."""
        item = QListWidgetItem(f"{name}\n{facts}")
        item.setData(Qt.ItemDataRole.UserRole, things)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{name}, {facts}")
        item.setToolTip(name)
        self.list.addItem(item)
        self.list.setCurrentRow(0)
        self._nothing.hide()

    def _restore(self) -> None:
        rows = (item.data(Qt.ItemDataRole.UserRole) for item in self.list.selectedItems())
        things = [thing for row in rows for thing in row]
        self.accept()  # what is told then is told in the window
        self.restore_asked.emit(things)


class VersionsDialog(_RestoreDialog):
    """Lists the versions of a project, newest first; one `Version` can be restored."""

    def __init__(self, versions: Sequence[Version], parent: QWidget | None = None) -> None:
        super().__init__(
            tr("Earlier versions"),
            tr(
                "One version a day is kept automatically, after a month one a month, and each "
                "that you save. Restoring one can be undone."
            ),
            tr("Earlier versions"),
            tr("There is no earlier version yet."),
            parent,
        )
        for version in versions:
            when = moment_text(version.created, tr("d MMM yyyy, HH:mm"))
            lines = counted("{count} line", "{count} lines", version.lines)
            facts = f"{when} · {lines}" if version.name else lines
            self._add(version.name or when, facts, [version])


class BinDialog(_RestoreDialog):
    """Lists the `DeletedItem` things of the last 30 days, of which several can be chosen."""

    def __init__(self, contents: Sequence[DeletedItem], parent: QWidget | None = None) -> None:
        super().__init__(
            tr("Bin"),
            tr("What is deleted stays here for 30 days, then it is gone for good."),
            tr("Deleted things"),
            tr("The bin is empty."),
            parent,
        )
        self.list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        for together in _rows_of(contents):
            thing = together[0]
            name = " ".join(thing.name.split()) or tr("without a name")
            short = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1].rstrip()}…"
            if len(together) > 1:
                more = counted("and {count} more", "and {count} more", len(together) - 1)
                short = f"{short} {more}"
            when = moment_text(thing.deleted, tr("d MMM yyyy, HH:mm"))
            facts = filter(None, (tr(KINDS[thing.kind]), thing.project, when))
            self._add(short, " · ".join(facts), together)


def _rows_of(contents: Sequence[DeletedItem]) -> Iterator[list[DeletedItem]]:
    """Return the things of each row of the list: many that were deleted at once have one."""
    for _, group in groupby(contents, lambda thing: (thing.deleted, thing.kind, thing.project)):
        together = list(group)
        if len(together) > _MOST_APART:
            yield together
        else:
            yield from ([thing] for thing in together)
