"""Word checks of lines: what was heard of their takes, and listening to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

from PySide6.QtCore import QObject, Signal

from ditar_studio.services.takes import Listener, Take, WordCheck
from ditar_studio.ui.features.project.document import Document
from ditar_studio.ui.features.project.snapshot import Snapshot
from ditar_studio.ui.features.script.view_model import Script
from ditar_studio.ui.features.speaking.background_checks import BackgroundChecks
from ditar_studio.ui.features.speaking.engine import Engine

Listen = Callable[[Take, Listener], WordCheck | None]
"""What a listener hears of a take; None where it can't tell. On a pool thread."""


class WordChecks(QObject):
    """The lines whose takes were heard otherwise than they are written.

    New takes that the model which spoke them has not listened to are listened to in the background,
    one after the other, while nothing is being spoken; all new ones where Whisper is to listen.

    Args:
        listener: who is to listen, by the preferences: "reader" or "whisper".

    Signals:
        changed: other lines, or other words of them, differ.

    Attributes:
        differing: by the id of a line the characters of the words that differ.
    """

    changed = Signal()

    def __init__(
        self,
        document: Document,
        script: Script,
        engine: Engine,
        listen: Listen,
        listener: Callable[[], str],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._script = document, script
        self._listen = listen
        self._listener = listener
        keep = document.library.takes.set_word_check
        self._checks = BackgroundChecks(document, engine, self._check_of, keep, self)
        self.differing: dict[str, tuple[tuple[int, int], ...]] = {}
        document.loaded.connect(self._on_loaded)

    @property
    def line_ids(self) -> tuple[str, ...]:
        """The lines in which words differ, from top to bottom."""
        return tuple(sorted(self.differing, key=self._script.index))

    @property
    def to_redo(self) -> tuple[str, ...]:
        """The lines that differ and are not locked."""
        lines = (self._script.line(line_id) for line_id in self.line_ids)
        return tuple(line.id for line in lines if line is not None and not line.locked)

    def words(self, line_id: str) -> list[str]:
        """Return the words of a line that differ, as they are written."""
        text = self._script.text(line_id)
        return [text[start:end] for start, end in self.differing.get(line_id, ())]

    def accept(self, line_ids: Sequence[str]) -> None:
        """Note that lines say what is written."""
        lines = [self._script.line(line_id) for line_id in line_ids]
        takes = [line.take_id for line in lines if line is not None and line.take_id is not None]
        if takes:
            self._document.submit(self._document.library.takes.accept, *takes)

    def next_after(self, line_id: str) -> str:
        """Return the next line in which words differ, from the first again after the last."""
        found = self.line_ids
        here = self._script.index(line_id)
        later = (each for each in found if self._script.index(each) > here)
        return next(later, found[0] if found else "")

    # --- inside

    def _on_loaded(self, snapshot: Snapshot) -> None:
        found = {}
        for take in snapshot.takes:
            line = snapshot.line(take.line_id) if take.differing else None
            if line is not None and line.take_id == take.id and line.text == take.text:
                found[line.id] = take.differing
        if found != self.differing:
            self.differing = found
            self.changed.emit()

    def _check_of(self, take: Take) -> Callable[[], WordCheck | None] | None:
        """Return how to listen to a take, unless this listener has checked it or it is switched off
        for its line.
        """
        by = cast("Listener", self._listener())
        if take.word_check is not None and take.word_check.by == by:
            return None
        line = self._script.line(take.line_id or "")
        wanted = line is None or line.generation.get("verify") is not False
        return partial(self._listen, take, by) if wanted else None
