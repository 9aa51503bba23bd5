"""The open project as the window shows it: one snapshot, read again whenever something changed.

Panels never keep state of their own that the library has: they ask for an operation and get the
next snapshot. Snapshots are read on the library's thread in one go, so their parts agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Signal

from ditar_studio.errors import StudioError
from ditar_studio.ui.features.project.snapshot import Snapshot, read_snapshot
from ditar_studio.ui.kit.bridge import Bridge
from ditar_studio.ui.kit.translate import tr

if TYPE_CHECKING:
    from ditar_studio.services.history import ChangeSet
    from ditar_studio.services.library import Library
    from ditar_studio.services.projects import Project

T = TypeVar("T")


class Document(QObject):
    """The open project and the library around it.

    Signals:
        loaded: a `Snapshot`, after the first reading and after each change.
        opened: the `Project` that has just become the open one.
    """

    loaded = Signal(object)
    opened = Signal(object)

    def __init__(self, bridge: Bridge, library: Library, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.library = library
        self.snapshot: Snapshot | None = None
        self._project_id = ""
        self._reading = False
        self._again = False
        self._labels = ("", "")
        self._then: Callable[[], object] | None = None
        bridge.changed.connect(self._on_changes)

    @property
    def project_id(self) -> str:
        """Id of the open project; empty before one is open."""
        return self._project_id

    def start(self) -> None:
        """Open the project that was open last, or a new one in an empty library."""
        self.submit(self.library.projects.open_last, done=lambda made: self._use(made.value))

    def open(self, project_id: str) -> None:
        """Make another project the open one."""
        self.submit(self.library.projects.open, project_id, done=lambda made: self._use(made.value))

    def do_in(self, project_id: str, act: Callable[[], object]) -> None:
        """Do something in a project, which is opened and shown before if another is open."""
        if project_id == self._project_id:
            act()
            return
        self.submit(
            self.library.projects.open, project_id, done=lambda made: self._use(made.value, act)
        )

    def create(self, name: str = "") -> None:
        """Make a new project with the settings of this one, and open it."""
        settings = self.snapshot.project.settings if self.snapshot else None
        self.submit(
            self.library.projects.create,
            name or tr("Untitled"),
            settings,
            done=lambda made: self._use(made.value),
        )

    def submit(
        self,
        work: Callable[..., T],
        *args: object,
        done: Callable[[T], object] | None = None,
        failed: Callable[[StudioError], object] | None = None,
        **kwargs: object,
    ) -> None:
        """Have the library do `work`; see `Bridge.submit`. The next snapshot shows what it did."""
        self.bridge.submit(work, *args, done=done, failed=failed, owner=self, **kwargs)

    def undo(self) -> None:
        """Take the last operation back."""
        self.submit(self.library.undo)

    def revert(self, step_id: int) -> None:
        """Take one operation back, whatever was done since."""
        self.submit(self.library.revert, step_id)

    def redo(self) -> None:
        """Do the operation undone last again."""
        self.submit(self.library.redo)

    def _use(self, project: Project, then: Callable[[], object] | None = None) -> None:
        self._project_id = project.id
        self._then = then
        self.opened.emit(project)
        self._read()

    def _on_changes(self, changes: ChangeSet) -> None:
        self._labels = (changes.undo, changes.redo)
        back = changes.projects & changes.revived - {self._project_id}
        if back:
            self.open(next(iter(back)))
        else:
            self._read()

    def _read(self) -> None:
        if not self._project_id:
            return
        if self._reading:
            self._again = True
            return
        self._reading = True
        self.submit(
            read_snapshot,
            self.library,
            self._project_id,
            self.snapshot,
            done=self._show,
            failed=self._project_gone,
        )

    def _show(self, read: Snapshot) -> None:
        self._reading = False
        if self._again:
            self._again = False
            self._read()
        if read.project.id != self._project_id:
            return
        undo, redo = self._labels
        self.snapshot = replace(read, undo=undo, redo=redo)
        self.loaded.emit(self.snapshot)
        then, self._then = self._then, None
        if then is not None:
            then()

    def _project_gone(self, _error: StudioError) -> None:
        self._reading = False
        self._again = False
        self.start()
