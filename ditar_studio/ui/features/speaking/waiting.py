"""The lines that wait to be spoken: paused, put in another order, kept over a restart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from ditar_studio.services.line_queue import LineQueue
from ditar_studio.ui.features.project.document import Document
from ditar_studio.ui.features.speaking.engine import Engine

if TYPE_CHECKING:
    from ditar_studio.services.projects import Project

_NOTE_MS = 1500


class WaitingLines(QObject):
    """The lines of the open project that are still to be spoken.

    While it is spoken it is the engine's queue. After a pause, or a restart, lines wait here
    until they are resumed or cleared.

    Signals:
        changed: other lines wait, or in another order, or whether they do is another matter.
    """

    changed = Signal()

    def __init__(self, document: Document, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._engine = engine
        self._left: dict[str, tuple[str, ...]] = {}
        self._done: dict[str, int] = {}
        self._closing = False
        self._note = QTimer(self)
        self._note.setSingleShot(True)
        self._note.setInterval(_NOTE_MS)
        self._note.timeout.connect(lambda: self._keep())
        document.opened.connect(self._on_opened)
        engine.queue_changed.connect(self._on_queue)
        engine.line_begun.connect(lambda _line_id: self._on_queue())
        engine.stopped.connect(self._on_stopped)

    @property
    def line_ids(self) -> tuple[str, ...]:
        """The lines that wait, in the order in which they will be spoken."""
        if self._at_work:
            return self._engine.queue.line_ids
        return self._left.get(self._document.project_id, ())

    @property
    def paused(self) -> bool:
        """Whether they wait for the user, not for the line at work."""
        queue = self._engine.queue
        return queue.paused if self._engine.speaking else bool(self.line_ids)

    def pause(self) -> None:
        """Speak no more after the line at work, or go on."""
        if not self._engine.speaking:
            self.go_on()
        elif self._engine.queue.paused:
            self._engine.queue.pause(False)
            self._engine.queue_changed.emit()
        else:
            self._engine.pause()

    def go_on(self) -> bool:
        """Speak what waits; False if that isn't possible now."""
        project_id = self._document.project_id
        waiting = self.line_ids
        if self._engine.speaking or not waiting:
            return False
        left = self._left.pop(project_id)
        if not self._engine.speak(waiting, done=self._done.get(project_id, 0)):
            self._left[project_id] = left
            return False
        return True

    def clear(self) -> None:
        """Have nothing wait any more; what is at work is spoken to its end."""
        self.remove(self.line_ids)
        self._engine.finish_sound()

    def remove(self, line_ids: Sequence[str]) -> None:
        """Take lines out."""
        if self._at_work:
            self._engine.queue.remove(line_ids)
            self._engine.queue_changed.emit()
        else:
            gone = set(line_ids)
            self._rearrange(tuple(i for i in self.line_ids if i not in gone))

    def reorder(self, line_ids: Sequence[str]) -> None:
        """Put them into another order."""
        if self._at_work:
            self._engine.queue.reorder(line_ids)
            self._engine.queue_changed.emit()
        else:
            queue = LineQueue(self.line_ids)
            queue.reorder(line_ids)
            self._rearrange(queue.line_ids)

    def close(self) -> None:
        """Leave what waits as it is, for the next start."""
        if self._note.isActive():
            self._keep()
        self._closing = True

    # --- inside

    @property
    def _at_work(self) -> bool:
        """Whether it is the open project that is spoken."""
        engine = self._engine
        return engine.speaking and engine.project_id == self._document.project_id

    def _rearrange(self, line_ids: tuple[str, ...]) -> None:
        self._left[self._document.project_id] = line_ids
        self._keep(self._document.project_id)
        self.changed.emit()

    def _on_opened(self, project: Project) -> None:
        if project.id in self._left or project.id == self._engine.project_id:
            self.changed.emit()
            return

        def found(line_ids: tuple[str, ...]) -> None:
            self._left.setdefault(project.id, line_ids)
            self.changed.emit()

        self._document.submit(self._document.library.projects.queue, project.id, done=found)

    def _on_queue(self) -> None:
        if not self._note.isActive():
            self._note.start()
        self.changed.emit()

    def _on_stopped(self, _takes: tuple[str, ...], _cancelled: bool) -> None:
        engine = self._engine
        self._left[engine.project_id] = engine.queue.line_ids
        self._done[engine.project_id] = engine.queue.begun if len(engine.queue) else 0
        self._keep(engine.project_id)
        self.changed.emit()

    def _keep(self, project_id: str = "") -> None:
        """Have the library know what waits in a project, with what is at work.

        Without one it is the project that is spoken, or else the open one.
        """
        self._note.stop()
        engine = self._engine
        of_engine = engine.project_id if engine.speaking else ""
        project_id = project_id or of_engine or self._document.project_id
        if self._closing or not project_id:
            return
        waiting = self._left.get(project_id, ())
        if project_id == of_engine:  # a line at work is in the queue, too, before it begins
            at_work = filter(None, [engine.line_at_work])
            waiting = tuple(dict.fromkeys((*at_work, *engine.queue.line_ids)))
        self._document.submit(self._document.library.projects.set_queue, project_id, waiting)
