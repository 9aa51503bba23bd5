"""The script: a row for each line, paragraphs as blocks, chapters with their titles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMenu, QStackedWidget, QVBoxLayout, QWidget
from shiboken6 import isValid

from ditar_studio.documents import is_document
from ditar_studio.services.projects import Line
from ditar_studio.ui.features.player.playback import PlayingWord
from ditar_studio.ui.features.script.differences_bar import DifferencesBar
from ditar_studio.ui.features.script.line_row import LineRow, LineShown
from ditar_studio.ui.features.script.mark_choices import problems
from ditar_studio.ui.features.script.settings_words import settings_words
from ditar_studio.ui.features.script.speaking_bar import SpeakingBar
from ditar_studio.ui.features.script.view_model import Script
from ditar_studio.ui.features.script.word_checks import WordChecks
from ditar_studio.ui.features.speaking.engine import Engine
from ditar_studio.ui.features.speaking.waiting import WaitingLines
from ditar_studio.ui.kit import icons, theme
from ditar_studio.ui.kit.actions import Actions
from ditar_studio.ui.kit.dropped import files_in, take_copies
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import tr
from ditar_studio.ui.kit.widgets.basics import action_button, literal
from ditar_studio.ui.kit.widgets.empty_state import EmptyState
from ditar_studio.ui.kit.widgets.lazy_column import LazyColumn

_USUAL_HEIGHT = 84
_FLOWING_HEIGHT = 34
_TITLE_HEIGHT = 46
_DIFFERING = ("speak.redo_line", "script.accept", "")
"""What the menu of a line in which words differ offers first."""

_MORE = (
    "speak.line",
    "speak.variations",
    "speak.here",
    "",
    "script.settings",
    "script.pause",
    "script.lock",
    "",
    "script.marks",
    "script.block",
    "script.section",
    "script.split",
    "script.join",
    "",
    "script.up",
    "script.down",
    "script.delete",
)
"""What the menu of a line offers, besides its voice."""


class ScriptPanel(QWidget):
    """All lines, and what speaks them.

    Signals:
        play_asked: id of a line whose take is to be heard.
        text_dropped: path of a document, and how many files were dropped besides.
    """

    play_asked = Signal(str)
    text_dropped = Signal(str, int)

    def __init__(
        self,
        script: Script,
        engine: Engine,
        waiting: WaitingLines,
        word_checks: WordChecks,
        actions: Actions,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.script = script
        self.word_checks = word_checks
        self.engine = engine
        self.waiting = waiting
        self.actions_ = actions
        self._at_work = ""
        self._waiting: frozenset[str] = frozenset()
        self._word_row: LineRow | None = None
        self._chosen: frozenset[str] = frozenset()
        self._playing_line = ""
        self.area = LazyColumn(self._make_row, self._guess_heights, self._gaps)
        self.empty = EmptyState(
            "script",
            tr("Nothing to say yet"),
            tr("Type a line, paste a text, or drop a document here: a book, a script, subtitles."),
            (tr("Add a line"), actions.action("script.add").trigger),
        )
        self.stack = QStackedWidget()
        self.stack.addWidget(self.area)
        self.stack.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.stack, 1)
        self.bar = SpeakingBar(script, engine, waiting, actions)
        self.differences = DifferencesBar(word_checks, engine, actions)
        layout.addWidget(self.differences)
        layout.addWidget(self.bar)
        self.setAcceptDrops(True)
        script.changed.connect(self.refresh)
        script.focus_wanted.connect(self.focus_line)
        engine.started.connect(self._on_started)
        engine.line_begun.connect(self._on_line)
        engine.stopped.connect(self._on_stopped)
        waiting.changed.connect(self._show_work)
        word_checks.changed.connect(self._show_rows)
        theme.manager.changing.connect(self.area.drop_unused)
        self.refresh()

    def tools(self) -> list[QWidget]:
        """Return small buttons for the title line of the region."""
        a = self.actions_.action
        return [
            action_button(a("speak.here")),
            action_button(a("script.import")),
            action_button(a("script.marks")),
            action_button(a("script.words")),
            action_button(a("script.up")),
            action_button(a("script.down")),
            action_button(a("script.delete")),
        ]

    # --- showing

    @property
    def rows(self) -> dict[str, LineRow]:
        """The rows that exist, those in or near sight, by the ids of their lines."""
        return self.area.rows

    def refresh(self) -> None:
        """Show the script as it is now."""
        lines = self.script.lines
        self._chosen = frozenset(self.script.chosen)
        self._show_rows()
        snapshot = self.script.document.snapshot
        if snapshot is not None:
            self.area.set_keys(snapshot.line_ids, snapshot.places)
        self.stack.setCurrentWidget(self.area if lines else self.empty)
        self.bar.refresh()

    def _show_rows(self) -> None:
        for line_id, shown in self.rows.items():
            line = self.script.line(line_id)
            if line is not None:
                self._show_line(shown, line, self.script.index(line_id) + 1)

    def show_playing_line(self, line_id: str) -> None:
        """Mark the line that is played now; the view follows it while it is in view."""
        before, self._playing_line = self._playing_line, line_id
        followed = not before or self.area.in_view(before)
        if line_id and followed and not self.script.typing:
            self.area.scroll_to(line_id)
        for each in {before, line_id}:
            shown, line = self.rows.get(each), self.script.line(each)
            if shown is not None and line is not None:
                self._show_line(shown, line, self.script.index(each) + 1)
        self.bar.show_playing(line_id)

    def show_playing_word(self, word: PlayingWord | None) -> None:
        """Mark the word that is played now."""
        before, self._word_row = self._word_row, None
        if word is not None and (shown := self.rows.get(word.line_id)) is not None:
            shown.text.mark_word((word.start, word.end))
            self._word_row = shown
        if before is not None and before is not self._word_row and isValid(before):
            before.text.mark_word(None)

    def selected_text(self) -> QWidget | None:
        """Return the text of the selected line, in sight; None where there is none."""
        shown = self.area.scroll_to(self.script.selected)
        return shown.text if shown is not None else None

    def focus_line(self, line_id: str, cursor: int = -1) -> None:
        """Put the keyboard focus and the cursor into a line."""
        shown = self.area.scroll_to(line_id)
        if shown is not None:
            shown.text.setFocus(Qt.FocusReason.OtherFocusReason)
            shown.text.put_cursor(cursor)
            QTimer.singleShot(0, shown, lambda: self.area.ensureWidgetVisible(shown, 0, 24))

    def _guess_heights(self, width: int) -> NDArray[np.int64]:
        """Return how high the rows of all lines will be, about, at a width in pixels."""
        snapshot = self.script.document.snapshot
        if snapshot is None:
            return np.zeros(0, np.int64)
        shape = snapshot.shape
        like = next(iter(self.rows.values()), None)
        if like is None:
            heights = np.where(shape.opens, _USUAL_HEIGHT, _FLOWING_HEIGHT)
        else:
            heights = like.heights_about(shape.characters, width, shape.opens)
        return np.asarray(heights + np.where(shape.titled, _TITLE_HEIGHT, 0), np.int64)

    def _gaps(self) -> NDArray[np.int64]:
        """Return the gaps above rows: lines of one paragraph have no space between them."""
        snapshot = self.script.document.snapshot
        assert snapshot is not None
        shape = snapshot.shape
        above = np.where(shape.titled, Space.XL, Space.S)
        return np.asarray(np.where(shape.opens, above, 0), np.int64)

    def _make_row(self, line_id: str) -> LineRow:
        made = LineRow(line_id)
        script = self.script
        made.text.typed.connect(lambda text: script.edit(line_id, text))
        made.text.voice_names = lambda: [voice.name for voice in script.voices]
        made.text.split_asked.connect(lambda at: script.split(line_id, at))
        made.text.flow_asked.connect(lambda at: script.split(line_id, at, opens_block=False))
        made.text.delete_asked.connect(script.delete)
        made.text.join_asked.connect(lambda: script.join_with_previous(line_id))
        made.text.left.connect(script.select_next)
        made.text.cursorPositionChanged.connect(
            lambda: QTimer.singleShot(0, made, lambda: self._follow_cursor(made))
        )
        made.text.pasted.connect(lambda text: script.paste(text, line_id))
        made.selected.connect(lambda: script.select(line_id))
        made.marked.connect(lambda: script.select_also(line_id))
        made.reached.connect(lambda: script.select_to(line_id))
        made.pause_chosen.connect(
            lambda seconds: script.set_pause(script.end_of_block(line_id), seconds)
        )
        made.lock_asked.connect(lambda: script.toggle_lock(line_id))
        made.play_asked.connect(lambda: self.play_asked.emit(line_id))
        made.more_asked.connect(lambda at: self._show_more(line_id, at))
        made.title_changed.connect(lambda title: script.set_section(line_id, title))
        made.menu.aboutToShow.connect(lambda: self._fill_voices(made))
        line = script.line(line_id)
        if line is not None:
            self._show_line(made, line, script.index(line_id) + 1)
        return made

    def _follow_cursor(self, shown: LineRow) -> None:
        """Scroll on where typing leaves the view."""
        if shown.text.hasFocus():
            cursor = shown.text.cursorRect()
            self.area.scroll_to_point(shown.text.viewport(), cursor.center(), 2 * cursor.height())

    def _show_line(self, shown: LineRow, line: Line, number: int) -> None:
        snapshot = self.script.document.snapshot
        assert snapshot is not None
        voice = snapshot.voice_of(line)
        own = line.voice_id is not None
        name = voice.name if voice is not None else tr("No voice")
        if not own and line.speaker:
            name = tr("{speaker} in {voice}", speaker=line.speaker, voice=name)
        before, after = self.script.neighbours(line.id)
        if not line.opens_block and before is not None:
            own = line.voice_id != before.voice_id
        work = ""
        if line.id == self._playing_line:
            work = tr("Now playing")
        elif line.id == self._at_work:
            work = tr("Speaking…")
        elif line.id in self._waiting:
            work = tr("Waits to be spoken")
        text = self.script.text(line.id)
        shown.text.know_voices(snapshot.voice_names)
        shown.show_line(
            LineShown(
                line,
                number,
                text,
                name,
                own,
                after is None or after.opens_block,
                self._pause_of(line),
                settings_words(line),
                work,
                self._differing(line),
                problems(text, snapshot.voice_names),
            )
        )
        shown.set_selected(line.id in self._chosen)
        shown.text.one_of_several = line.id in self._chosen and len(self._chosen) > 1
        shown.set_playing(line.id == self._playing_line)

    def _differing(self, line: Line) -> tuple[tuple[int, int], ...]:
        """Return the words of a line that were heard otherwise, while its text is what
        was spoken.
        """
        found = self.word_checks.differing.get(line.id, ())
        return found if found and self.script.text(line.id) == line.text else ()

    def _pause_of(self, line: Line) -> float:
        """Return the silence after a line, or after the paragraph that it opens."""
        last = self.script.line(self.script.end_of_block(line.id)) if line.opens_block else line
        return last.pause_seconds if last is not None else line.pause_seconds

    def _show_more(self, line_id: str, at: QWidget) -> None:
        """Open the menu of all that can be done with a line."""
        if line_id not in self.script.chosen:
            self.script.select(line_id)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        differs = any(each in self.word_checks.differing for each in self.script.chosen)
        for action_id in (*_DIFFERING, *_MORE) if differs else _MORE:
            if action_id:
                menu.addAction(self.actions_.action(action_id))
            else:
                menu.addSeparator()
        self._fill_voice_menu(menu.addMenu(tr("Voice")), line_id)
        menu.popup(at.mapToGlobal(at.rect().bottomLeft()))

    def _fill_voices(self, shown: LineRow) -> None:
        shown.menu.clear()
        self._fill_voice_menu(shown.menu, shown.line_id)

    def _fill_voice_menu(self, menu: QMenu, line_id: str) -> None:
        line = self.script.line(line_id)
        choices = [("", tr("Voice of the project"))]
        choices += [(voice.id, voice.name) for voice in self.script.voices]
        for voice_id, name in choices:
            action = menu.addAction(literal(name))
            if line is not None and (line.voice_id or "") == voice_id:
                action.setIcon(icons.icon("check", "accent_text"))
            action.triggered.connect(
                lambda _on=False, v=voice_id: self.script.set_voice(line_id, v or None)
            )

    # --- speaking

    def _on_started(self, line_ids: tuple[str, ...]) -> None:
        self._at_work = line_ids[0]
        self._show_work()

    def _on_line(self, line_id: str) -> None:
        self._at_work = line_id
        self._show_work()

    def _on_stopped(self, _takes: tuple[str, ...], _cancelled: bool) -> None:
        self._at_work = ""
        self._show_work()

    def _show_work(self) -> None:
        """Show in the rows what is spoken and what waits."""
        self._waiting = frozenset(self.waiting.line_ids if self.engine.speaking else ())
        self._show_rows()

    # --- dropped texts

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        data = event.mimeData()
        if files_in(data) or (data.hasText() and not data.hasUrls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = files_in(event.mimeData())
        if paths:
            first = next(filter(is_document, paths), paths[0])
            self.text_dropped.emit(str(first), len(paths) - 1)
            take_copies(event)
        else:
            self.script.paste(event.mimeData().text())
            event.acceptProposedAction()
