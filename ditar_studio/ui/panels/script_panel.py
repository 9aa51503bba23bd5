"""The script: a row for each line, and the buttons that speak it."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QMenu, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from ditar_studio.store.projects import Line
from ditar_studio.ui import icons, theme
from ditar_studio.ui.actions import Actions
from ditar_studio.ui.panels.line_row import LineRow
from ditar_studio.ui.theme import Space
from ditar_studio.ui.translate import counted, tr
from ditar_studio.ui.view_models.engine import Engine, Flow
from ditar_studio.ui.view_models.script import Script
from ditar_studio.ui.widgets.basics import (
    action_button,
    announce,
    button,
    column,
    label,
    row,
)
from ditar_studio.ui.widgets.empty_state import EmptyState
from ditar_studio.ui.widgets.lazy_column import LazyColumn

_USUAL_HEIGHT = 84


class ScriptPanel(QWidget):
    """All lines, and what speaks them.

    Signals:
        play_asked: id of a line whose take is to be heard.
        text_dropped: path of a text file.
    """

    play_asked = Signal(str)
    text_dropped = Signal(str)

    def __init__(self, script: Script, engine: Engine, actions: Actions) -> None:
        super().__init__()
        self.script = script
        self.engine = engine
        self.actions_ = actions
        self._queued: tuple[str, ...] = ()
        self._chosen: frozenset[str] = frozenset()
        self._playing_line = ""
        self._fraction = 0.0
        self.area = LazyColumn(self._make_row, self._guess_height)
        self.empty = EmptyState(
            "script",
            tr("Nothing to say yet"),
            tr("Type a line, paste a text, or drop a text file here."),
            (tr("Add a line"), actions.action("script.add").trigger),
        )
        self.stack = QStackedWidget()
        self.stack.addWidget(self.area)
        self.stack.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.stack, 1)
        layout.addWidget(self._make_bar())
        self.setAcceptDrops(True)
        script.changed.connect(self.refresh)
        script.focus_wanted.connect(self.focus_line)
        engine.started.connect(self._on_started)
        engine.flowed.connect(self._on_flow)
        engine.line_begun.connect(self._on_line)
        engine.stopped.connect(self._on_stopped)
        engine.state_changed.connect(lambda _state: self._show_bar())
        theme.manager.changing.connect(self.area.drop_unused)
        self.refresh()

    def _make_bar(self) -> QWidget:
        a = self.actions_.action
        self.add_button = button(tr("Add line"), a("script.add").trigger, "ghost", "plus")
        self.count = label("", "small")
        self.play_button = button("", a("speak.script").trigger, "ghost", "play-script")
        self.play_button.setAccessibleName(tr("Play script"))
        self.play_button.setToolTip(a("speak.script").toolTip())
        self.all_button = button(tr("Speak all changed"), a("speak.stale").trigger)
        self.all_button.setToolTip(a("speak.stale").toolTip())
        self.add_button.setAccessibleName(tr("Add line"))
        self.add_button.setToolTip(a("script.add").toolTip())
        self.speak_button = button(tr("Speak line"), a("speak.line").trigger, "primary", "sparkle")
        self.speak_button.setToolTip(a("speak.line").toolTip())
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setAccessibleName(tr("Progress of speaking"))
        self.doing = label("", "small")
        self.stop_button = button(tr("Stop"), a("speak.stop").trigger, "danger", "stop")
        self.stop_button.setToolTip(a("speak.stop").toolTip())
        resting, working = QWidget(), QWidget()
        self._resting = row(
            self.add_button, self.count, None, self.play_button, self.all_button, self.speak_button
        )
        resting.setLayout(self._resting)
        working.setLayout(
            row(
                column(self.doing, self.progress, spacing=Space.XS),
                Space.M,
                self.stop_button,
            )
        )
        self.bar = QStackedWidget()
        self.bar.addWidget(resting)
        self.bar.addWidget(working)
        self.bar.setContentsMargins(Space.L, Space.S, Space.L, Space.M)
        self.bar.setFixedHeight(58)
        for action_id, tool in (
            ("speak.line", self.speak_button),
            ("speak.stale", self.all_button),
            ("speak.script", self.play_button),
        ):
            action = a(action_id)
            action.changed.connect(lambda t=tool, x=action: t.setEnabled(x.isEnabled()))
            tool.setEnabled(action.isEnabled())
        return self.bar

    def tools(self) -> list[QWidget]:
        """Small buttons for the title line of the region."""
        a = self.actions_.action
        return [
            action_button(a("speak.here")),
            action_button(a("script.import")),
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
        """Shows the script as it is now."""
        lines = self.script.lines
        self._chosen = frozenset(self.script.chosen)
        for place, line in enumerate(lines):
            shown = self.rows.get(line.id)
            if shown is not None:
                self._show_line(shown, line, place + 1)
        self.area.set_keys(line.id for line in lines)
        self.stack.setCurrentWidget(self.area if lines else self.empty)
        self._show_bar()

    def show_playing_line(self, line_id: str) -> None:
        """Marks the line that is played now, and brings it into view unless one is typing."""
        before, self._playing_line = self._playing_line, line_id
        if line_id and not self.script.typing:
            self.area.bring(line_id)
        for each in {before, line_id}:
            shown, line = self.rows.get(each), self.script.line(each)
            if shown is not None and line is not None:
                self._show_line(shown, line, self.script.index(each) + 1)

    def focus_line(self, line_id: str, cursor: int = -1) -> None:
        """Puts the keyboard focus and the cursor into a line."""
        shown = self.area.bring(line_id)
        if shown is not None:
            shown.text.setFocus(Qt.FocusReason.OtherFocusReason)
            shown.text.put_cursor(cursor)
            QTimer.singleShot(0, shown, lambda: self.area.ensureWidgetVisible(shown, 0, 24))

    def _guess_height(self, line_id: str, width: int) -> int:
        like = next(iter(self.rows.values()), None)
        return like.height_with(self.script.text(line_id), width) if like else _USUAL_HEIGHT

    def _make_row(self, line_id: str) -> LineRow:
        made = LineRow(line_id)
        script = self.script
        made.text.typed.connect(lambda text: script.edit(line_id, text))
        made.text.split_asked.connect(lambda at: script.split(line_id, at))
        made.text.join_asked.connect(lambda: script.join_with_previous(line_id))
        made.text.left.connect(script.select_next)
        made.text.cursorPositionChanged.connect(
            lambda: QTimer.singleShot(0, made, lambda: self._follow_cursor(made))
        )
        made.text.pasted.connect(lambda text: script.paste(text, line_id))
        made.selected.connect(lambda: script.select(line_id))
        made.marked.connect(lambda: script.select_also(line_id))
        made.reached.connect(lambda: script.select_to(line_id))
        made.voice_chosen.connect(lambda voice: script.set_voice(line_id, voice or None))
        made.pause_chosen.connect(lambda seconds: script.set_pause(line_id, seconds))
        made.lock_asked.connect(lambda: script.toggle_lock(line_id))
        made.play_asked.connect(lambda: self.play_asked.emit(line_id))
        made.menu.aboutToShow.connect(lambda: self._fill_voices(made))
        line = script.line(line_id)
        if line is not None:
            self._show_line(made, line, script.index(line_id) + 1)
        return made

    def _follow_cursor(self, shown: LineRow) -> None:
        """Scrolls on where typing leaves the view."""
        if shown.text.hasFocus():
            cursor = shown.text.cursorRect()
            self.area.bring_point(shown.text.viewport(), cursor.center(), 2 * cursor.height())

    def _show_line(self, shown: LineRow, line: Line, number: int) -> None:
        snapshot = self.script.document.snapshot
        assert snapshot is not None
        voice = snapshot.voice_of(line)
        own = line.voice_id is not None
        name = voice.name if voice is not None else tr("No voice")
        if not own and line.speaker:
            name = tr("{speaker} in {voice}", speaker=line.speaker, voice=name)
        work = ""
        if line.id == self._playing_line:
            work = tr("Now playing")
        elif line.id in self._queued:
            work = tr("Speaking…") if line.id == self._queued[0] else tr("Waits to be spoken")
        shown.show_line(line, number, self.script.text(line.id), name, own, work)
        shown.set_selected(line.id in self._chosen)
        shown.set_playing(line.id == self._playing_line)

    def _fill_voices(self, shown: LineRow) -> None:
        menu: QMenu = shown.menu
        menu.clear()
        line = self.script.line(shown.line_id)
        choices = [("", tr("Voice of the project"))]
        choices += [(voice.id, voice.name) for voice in self.script.voices]
        for voice_id, name in choices:
            action = menu.addAction(name)
            if line is not None and (line.voice_id or "") == voice_id:
                action.setIcon(icons.icon("check", "accent_text"))
            action.triggered.connect(lambda _on=False, v=voice_id: shown.voice_chosen.emit(v))

    def _show_bar(self) -> None:
        lines, stale = self.script.lines, self.script.stale()
        count = len(self._chosen)
        words = counted("{count} line", "{count} lines", len(lines)) if lines else ""
        if count > 1:
            words = tr("{count} of {all} lines selected", count=count, all=len(lines))
        if words != self.count.text():
            self.count.setText(words)
            if count > 1:
                announce(self, words)
        self.all_button.setVisible(count < 2)
        self.speak_button.setText(
            tr("Speak {count} lines", count=count) if count > 1 else tr("Speak line")
        )
        if len(stale) > 1:
            long = tr("Speak all changed ({count})", count=len(stale))
            short = tr("All ({count})", count=len(stale))
        else:
            long, short = tr("Speak all changed"), tr("All")
        self.all_button.setAccessibleName(long)
        for wordy in (3, 2, 1, 0):
            self.add_button.setText(tr("Add line") if wordy == 3 else "")
            self.play_button.setText(tr("Play script") if wordy >= 2 else "")
            self.all_button.setText(long if wordy else short)
            self.count.setVisible(wordy > 0)
            self._resting.invalidate()
            if self._resting.sizeHint().width() <= self.width() - 2 * Space.L:
                break
        self.bar.setCurrentIndex(1 if self.engine.speaking else 0)

    # --- speaking

    def _on_started(self, line_ids: tuple[str, ...]) -> None:
        self._queued = line_ids
        self.progress.setValue(0)
        self.doing.setText(tr("Getting ready…"))
        self.refresh()

    def _on_line(self, line_id: str) -> None:
        if line_id in self._queued:
            self._queued = self._queued[self._queued.index(line_id) :]
        number = self.script.index(line_id) + 1  # 0 in another project
        words = tr("Speaking line {number}", number=number) if number else tr("Speaking…")
        self.doing.setText(words)
        self.refresh()

    def _on_flow(self, flow: Flow) -> None:
        self.progress.setValue(round(1000 * flow.fraction))

    def _on_stopped(self, _takes: tuple[str, ...], _cancelled: bool) -> None:
        self._queued = ()
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_bar()

    # --- dropped texts

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _text_in(event) or event.mimeData().hasText():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = _text_in(event)
        if path:
            self.text_dropped.emit(path)
        elif event.mimeData().hasText():
            self.script.paste(event.mimeData().text())
        event.acceptProposedAction()


def _text_in(event: QDropEvent) -> str:
    """The path of a text file that is being dropped, or empty."""
    for url in event.mimeData().urls():
        path = url.toLocalFile()
        if path.lower().endswith((".txt", ".md", ".text")):
            return path
    return ""
