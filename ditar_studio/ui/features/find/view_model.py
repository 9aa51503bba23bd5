"""Finding and replacing words in the script; the search itself runs beside the GUI thread."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from ditar_studio.text.finding import Query, found, replaced
from ditar_studio.ui.features.script.view_model import Script

Match = tuple[str, int, int]
"""Id of a line, and the characters of a match in it."""

_PAUSE_MS = 80


class Finder(QObject):
    """A search in the script and its matches.

    Signals:
        changed: other matches, or another one is the current.
        shown: the current `Match`, to be brought into view.
        replaced_all: how many matches were replaced at once.
    """

    changed = Signal()
    shown = Signal(object)
    replaced_all = Signal(int)

    def __init__(self, script: Script, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.script = script
        self.query = Query("")
        self.matches: list[Match] = []
        self.current = -1
        self._active = False
        self._asked = 0
        self._show_next = False
        self._behind: tuple[str, int] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(lambda: self._search())
        script.changed.connect(self._on_script)

    def start(self, query: Query) -> None:
        """Look for something; the first match from the selected line on becomes the current."""
        self._active = True
        self.query = query
        self._show_next = True
        self._timer.start()

    def stop(self) -> None:
        """Look for nothing any more."""
        self._active = False
        self._timer.stop()
        self._asked += 1
        self.matches, self.current = [], -1
        self.changed.emit()

    def step(self, by: int) -> None:
        """Make another match the current one, around the ends."""
        if self.matches:
            self.current = (self.current + by) % len(self.matches)
            self._show()

    def replace(self, by: str) -> None:
        """Put other words in place of the current match, and go to the next."""
        self._search(lambda: self._replace_current(by))

    def replace_all(self, by: str) -> None:
        """Put other words in place of all matches, in one step of the undo stack."""
        self._search(lambda: self._replace_all(by))

    # --- inside

    def _replace_current(self, by: str) -> None:
        if self.current >= 0:
            line_id, start, end = self.matches[self.current]
            self._show_next = True
            self._behind = line_id, start + len(by)  # what is put in may hold what is looked for
            self._write({line_id: replaced(self.script.text(line_id), [(start, end)], by)})

    def _replace_all(self, by: str) -> None:
        places: dict[str, list[tuple[int, int]]] = {}
        for line_id, start, end in self.matches:
            places.setdefault(line_id, []).append((start, end))
        texts = {
            line_id: replaced(self.script.text(line_id), spans, by)
            for line_id, spans in places.items()
        }
        if texts:
            count = len(self.matches)
            self._write(texts)
            self.replaced_all.emit(count)

    def _write(self, texts: dict[str, str]) -> None:
        self.script.flush()
        document = self.script.document
        document.submit(document.library.lines.replace_texts, texts)

    def _on_script(self) -> None:
        if self._active:
            self._timer.start()

    def _search(self, then: Callable[[], None] = lambda: None) -> None:
        """Look for it anew, and do something with what is found.

        What is replaced must be looked for at that moment: something may have been typed since.
        """
        self._timer.stop()
        self._asked += 1
        asked, query = self._asked, self.query
        lines, unsaved = self.script.lines, self.script.unsaved

        def work() -> list[Match]:
            texts = [(line.id, unsaved.get(line.id, line.text)) for line in lines]
            return found(texts, query)

        def done(made: list[Match]) -> None:
            if asked != self._asked:
                return
            if self.script.unsaved != unsaved:  # typed just now
                self._search(then)
                return
            self._use_matches(made)
            then()

        self.script.document.bridge.background(work, done=done, owner=self)

    def _use_matches(self, made: list[Match]) -> None:
        here = self._behind
        if here is None and 0 <= self.current < len(self.matches):
            here = self.matches[self.current][:2]
        self.matches, self._behind = made, None
        self.current = self._nearest(here or (self.script.selected, 0))
        if self._show_next and made:
            self._show()
        else:
            self.changed.emit()
        self._show_next = False

    def _nearest(self, place: tuple[str, int]) -> int:
        """Return the match at or behind a character of a line, or the first of all."""
        if not self.matches:
            return -1
        line_id, start = place
        here = (self.script.index(line_id), start)
        for number, (found_in, begin, _end) in enumerate(self.matches):
            if (self.script.index(found_in), begin) >= here:
                return number
        return 0

    def _show(self) -> None:
        self.changed.emit()
        self.shown.emit(self.matches[self.current])
