"""Text that was typed into lines; it stays here until the library has it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

if TYPE_CHECKING:
    from ditar_studio.errors import StudioError
    from ditar_studio.ui.features.project.document import Document

TYPING_MS = 350
RETRY_MS = 5000


class TypedText(QObject):
    """Texts of lines, by their ids, that the library doesn't have yet.

    Where the disk is full or gone they are kept, and tried again.
    """

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._typed: dict[str, str] = {}
        self._sent: dict[str, str] = {}
        self._saved: dict[str, str] = {}
        document.loaded.connect(lambda _snapshot: self._drop_saved())
        self._resting, self._retrying = QTimer(self), QTimer(self)
        for timer, milliseconds in ((self._resting, TYPING_MS), (self._retrying, RETRY_MS)):
            timer.setSingleShot(True)
            timer.setInterval(milliseconds)
            timer.timeout.connect(self.flush)

    @property
    def unsaved(self) -> dict[str, str]:
        """All typed texts that the library doesn't have yet, by the ids of their lines."""
        return {**self._sent, **self._typed}

    @property
    def typing(self) -> bool:
        """Whether something was typed just now."""
        return self._resting.isActive()

    @property
    def failing(self) -> bool:
        """Whether the library takes nothing at present."""
        return self._retrying.isActive()

    def text(self, line_id: str) -> str | None:
        """Return what was typed into a line; None if the library has it."""
        return self._typed.get(line_id, self._sent.get(line_id))

    def edit(self, line_id: str, text: str) -> None:
        """Take what has been typed; the library gets it after a moment."""
        self._typed[line_id] = text
        self._resting.start()

    def flush(self) -> None:
        """Give what has been typed to the library now."""
        self._resting.stop()
        typed, self._typed = self._typed, {}
        for line_id, text in typed.items():
            self._sent[line_id] = text
            self._document.submit(
                self._document.library.lines.set_text,
                line_id,
                text,
                done=partial(self._on_saved, line_id, text),
                failed=partial(self._on_failed, line_id, text),
            )

    def _on_saved(self, line_id: str, text: str, _made: object) -> None:
        self._retrying.stop()
        self._saved[line_id] = text  # a snapshot that has it is still on its way

    def _drop_saved(self) -> None:
        for line_id, text in self._saved.items():
            self._drop_sent(line_id, text)
        self._saved.clear()

    def _drop_sent(self, line_id: str, text: str) -> None:
        if self._sent.get(line_id) == text:
            del self._sent[line_id]

    def _on_failed(self, line_id: str, text: str, error: StudioError) -> None:
        self._drop_sent(line_id, text)
        snapshot = self._document.snapshot
        if snapshot is not None and snapshot.line(line_id) is not None:  # else it was deleted
            self._typed.setdefault(line_id, text)
            self._document.bridge.failed.emit(error.message, error.remedy)
            self._retrying.start()
