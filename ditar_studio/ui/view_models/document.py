"""What the window shows of the library: one snapshot, read again whenever something changed.

Panels never keep state of their own that the library has: they ask for an operation and get the
next snapshot. Snapshots are read on the library's thread in one go, so their parts agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, Signal

from ditar_studio.errors import StudioError
from ditar_studio.ui.bridge import Bridge

if TYPE_CHECKING:
    from ditar_studio.store.changes import ChangeSet
    from ditar_studio.store.library import Library
    from ditar_studio.store.project import Line, Project
    from ditar_studio.store.takes import Take
    from ditar_studio.store.voices import Voice

T = TypeVar("T")


@dataclass(frozen=True)
class Snapshot:
    """The library at a moment, as far as the window shows it.

    Attributes:
        project: the open project.
        lines: its script from top to bottom.
        takes: its takes, newest first.
        voices: all voices, by name.
        undo, redo: what the next undo and redo would do; empty when there is nothing.
    """

    project: Project
    lines: tuple[Line, ...]
    takes: tuple[Take, ...]
    voices: tuple[Voice, ...]
    undo: str = ""
    redo: str = ""

    def line(self, line_id: str | None) -> Line | None:
        """The line with this id, if it is there."""
        return next((line for line in self.lines if line.id == line_id), None)

    def take(self, take_id: str | None) -> Take | None:
        """The take with this id, if it is there."""
        return next((take for take in self.takes if take.id == take_id), None)

    def voice(self, voice_id: str | None) -> Voice | None:
        """The voice with this id, if it is there."""
        return next((voice for voice in self.voices if voice.id == voice_id), None)

    def voice_of(self, line: Line) -> Voice | None:
        """The voice that a line is spoken in: its own, else the project's."""
        return self.voice(line.voice_id or self.project.settings.voice_id)


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
        bridge.changed.connect(self._on_changes)

    @property
    def project_id(self) -> str:
        """Id of the open project; empty before one is open."""
        return self._project_id

    def start(self) -> None:
        """Opens the project that was open last, or a new one in an empty library."""
        self.ask(self.library.projects.open_last, done=lambda made: self._use(made.value))

    def open(self, project_id: str) -> None:
        """Makes another project the open one."""
        self.ask(self.library.projects.open, project_id, done=lambda made: self._use(made.value))

    def create(self, name: str = "") -> None:
        """Makes a new project with the settings of this one, and opens it."""
        settings = self.snapshot.project.settings if self.snapshot else None
        self.ask(
            self.library.projects.create,
            name,
            settings,
            done=lambda made: self._use(made.value),
        )

    def ask(
        self,
        work: Callable[..., T],
        *args: Any,
        done: Callable[[T], object] | None = None,
        failed: Callable[[StudioError], object] | None = None,
        **kwargs: Any,
    ) -> None:
        """Has the library do `work`; see `Bridge.ask`. The next snapshot shows what it did."""
        self.bridge.ask(work, *args, done=done, failed=failed, owner=self, **kwargs)

    def undo(self) -> None:
        """Takes the last operation back."""
        self.ask(self.library.undo)

    def take_back(self, step_id: int) -> None:
        """Takes one operation back, whatever was done since."""
        self.ask(self.library.take_back, step_id)

    def redo(self) -> None:
        """Does the operation undone last again."""
        self.ask(self.library.redo)

    def _use(self, project: Project) -> None:
        self._project_id = project.id
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
        self.ask(
            _read_all, self.library, self._project_id, done=self._show, failed=self._project_gone
        )

    def _show(self, read: Snapshot) -> None:
        self._reading = False
        if self._again:
            self._again = False
            self._read()
        if read.project.id != self._project_id:
            return
        undo, redo = self._labels
        self.snapshot = Snapshot(read.project, read.lines, read.takes, read.voices, undo, redo)
        self.loaded.emit(self.snapshot)

    def _project_gone(self, _error: StudioError) -> None:
        self._reading = False
        self._again = False
        self.start()


def _read_all(library: Library, project_id: str) -> Snapshot:
    """Reads a snapshot; on the library's thread."""
    return Snapshot(
        project=library.projects.get(project_id),
        lines=tuple(library.projects.lines(project_id)),
        takes=tuple(t for t in library.takes.of_project(project_id) if t.status != "recording"),
        voices=tuple(library.voices.all()),
    )
