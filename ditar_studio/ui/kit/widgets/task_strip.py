"""A strip for work that goes on beside everything else: how far it is, how long, and a stop."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtWidgets import QFrame, QProgressBar

from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import duration, tr
from ditar_studio.ui.kit.widgets.basics import button, column, label, row, set_progress

_TELLING = 0.03
"""Share of the work below which no one can tell how long all of it takes."""


class TaskStrip(QFrame):
    """Shows a task until it is over.

    Args:
        words: what it is.
        cancel: called to stop the task.
        clock: in seconds; given by tests.
    """

    def __init__(
        self,
        words: str,
        cancel: Callable[[], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.setProperty("message", "info")
        self._clock = clock
        self._began: float | None = None
        self.words = label(words, "strong", wrap=True)
        self.left = label(tr("Waits for the export before it."), "muted")
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setAccessibleName(tr("Progress of the export"))
        self.stop = button(tr("Cancel"), cancel)
        self.stop.setAccessibleName(tr("Cancel the export"))
        texts = column(row(self.words, None, self.left), self.progress, spacing=Space.XS)
        line = row(texts, self.stop, spacing=Space.M)
        line.setStretch(0, 1)
        line.setContentsMargins(Space.M, Space.S, Space.M, Space.S)
        self.setLayout(line)

    def begin(self) -> None:
        """Show that the task is at work now."""
        self._began = self._clock()
        self.left.setText("")

    def show_progress(self, fraction: float) -> None:
        """Show how far it is, 0..1, and how long it will take."""
        set_progress(self.progress, round(1000 * fraction))
        if self._began is None or fraction < _TELLING:
            return
        seconds = (self._clock() - self._began) * (1 / fraction - 1)
        self.left.setText(tr("about {time} left", time=duration(seconds)))

    def dismiss(self) -> None:
        """Remove the strip."""
        self.hide()
        self.deleteLater()
