"""Work that takes long: what waits for it, word when it is done, and a question before it ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ditar_studio.ui.features.script.queue_dialog import QueueDialog
from ditar_studio.ui.kit.dialogs.ask import LeaveDialog
from ditar_studio.ui.kit.notifications import notify_outside
from ditar_studio.ui.kit.translate import counted, tr
from ditar_studio.ui.shell.application import NAME

if TYPE_CHECKING:
    from ditar_studio.ui.features.export.commands import ExportCommands
    from ditar_studio.ui.shell.workspace import Workspace

_LONG_SECONDS = 20.0


class JobCommands:
    """Handles the queue of lines, the end of long work, and the wish to quit amidst it."""

    def __init__(self, studio: Workspace, exports: ExportCommands) -> None:
        self._exports = exports
        self.studio = studio
        self._began = 0.0
        self._quit_then = False
        self._asking: LeaveDialog | None = None
        studio.actions_.handle("speak.queue", self.show_queue)
        studio.engine.started.connect(lambda _lines: self._on_started())
        studio.engine.stopped.connect(self._on_stopped)
        studio.fine_tuning.changed.connect(self._quit_if_done)
        studio.document.loaded.connect(lambda _snapshot: self._quit_if_done())
        exports.ended.connect(self._on_exported)
        studio.window.ask_before_closing(self._may_close)

    def show_queue(self) -> None:
        """Open the list of lines that wait."""
        studio = self.studio
        studio.shell.show_dialog(QueueDialog(studio.waiting, studio.script))

    def _on_started(self) -> None:
        self._began = time.monotonic()

    def _on_stopped(self, take_ids: tuple[str, ...], cancelled: bool) -> None:
        if self._quit_then:
            self._quit_if_done()
        elif not cancelled and time.monotonic() - self._began >= _LONG_SECONDS:
            words = counted("{count} line is spoken.", "{count} lines are spoken.", len(take_ids))
            notify_outside(self.studio.window, NAME, words)

    def _on_exported(self, words: str) -> None:
        self._quit_then = self._quit_then and bool(words)  # a failure is to be seen
        self._quit_if_done()
        if words:
            notify_outside(self.studio.window, NAME, words)

    def _may_close(self) -> bool:
        """Return whether nothing is at work; else asks, and closes later if the user says so."""
        running = self._running_work()
        if not running or self._asking is not None:
            return not running
        dialog = self._asking = LeaveDialog(
            running, may_wait=not self.studio.maker.microphone.recording
        )
        dialog.leave.connect(self.studio.shell.close)
        dialog.leave_then.connect(self._quit_afterwards)
        dialog.finished.connect(self._asked)
        self.studio.shell.show_dialog(dialog)
        return False

    def _asked(self, _result: int) -> None:
        self._asking = None

    def _quit_afterwards(self) -> None:
        self._quit_then = True
        self.studio.toasts.notify(
            tr("DiTAR Studio closes when all is done."),
            action=(tr("Stay open"), self._stay_open),
            seconds=30.0,
        )
        self._quit_if_done()

    def _stay_open(self) -> None:
        self._quit_then = False

    def _quit_if_done(self) -> None:
        if self._quit_then and not self._running_work():
            self.studio.shell.close()

    def _running_work(self) -> list[str]:
        """Return what would be cut off, in sentences."""
        studio = self.studio
        found = []
        if studio.engine.speaking:
            waiting = len(studio.engine.queue)
            found.append(
                counted(
                    "A line is being spoken; {count} more waits until the next start.",
                    "A line is being spoken; {count} more wait until the next start.",
                    waiting,
                )
                if waiting
                else tr("A line is being spoken. What is made of it is kept as a take.")
            )
        if studio.script.failing:
            found.append(tr("What was typed last can't be saved. It would be lost."))
        if studio.maker.microphone.recording:
            found.append(tr("A reference is being recorded. What is recorded is kept."))
        if self._exports.busy:
            found.append(tr("An export is being written. Nothing of it would be left."))
        tuning = studio.fine_tuning.at_work
        if tuning is not None and not tuning.paused:
            found.append(tr("A voice is being fine-tuned. It would have to start again."))
        return found
