"""The bar below the script: the model, its progress, and the lines that wait."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QProgressBar, QStackedWidget, QWidget

from ditar_studio.ui.features.script.view_model import Script
from ditar_studio.ui.features.speaking.engine import Engine, Flow
from ditar_studio.ui.features.speaking.waiting import WaitingLines
from ditar_studio.ui.kit import icons, theme
from ditar_studio.ui.kit.actions import Actions
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import counted, duration, tr
from ditar_studio.ui.kit.widgets.basics import (
    announce,
    button,
    column,
    icon_button,
    label,
    row,
    set_progress,
)
from ditar_studio.ui.kit.widgets.fitting_button import FittingButton

_TELLING_SECONDS = 10.0
"""Less time left than this is not worth a word."""


class SpeakingBar(QWidget):
    """Buttons while nothing is spoken, progress while something is, a strip for what waits."""

    def __init__(
        self, script: Script, engine: Engine, waiting: WaitingLines, actions: Actions
    ) -> None:
        super().__init__()
        self.script = script
        self.engine = engine
        self.waiting = waiting
        self.actions_ = actions
        self._flow: Flow | None = None
        self._playing_line = ""
        a = actions.action
        self.add_button = button(tr("Add line"), a("script.add").trigger, "ghost", "plus")
        self.count = label("", "small")
        self.play_button = button("", a("speak.script").trigger, "ghost", "play-script")
        self.play_button.setAccessibleName(tr("Play script"))
        self.play_button.setToolTip(a("speak.script").toolTip())
        self.all_button = FittingButton((tr("Speak all changed"),))
        self.all_button.clicked.connect(a("speak.stale").trigger)
        self.all_button.setToolTip(a("speak.stale").toolTip())
        self.add_button.setAccessibleName(tr("Add line"))
        self.add_button.setToolTip(a("script.add").toolTip())
        self.speak_button = FittingButton((tr("Speak line"), tr("Speak")))
        self.speak_button.setProperty("kind", "primary")
        self.speak_button.setIcon(icons.icon("sparkle", "on_accent"))
        self.speak_button.setIconSize(QSize(20, 16))
        self.speak_button.clicked.connect(a("speak.line").trigger)
        self.speak_button.setToolTip(a("speak.line").toolTip())
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setAccessibleName(tr("Progress of speaking"))
        self.doing = label("", "small")
        self.queue_button = icon_button(
            "layers", a("speak.queue").text().rstrip("…"), a("speak.queue").trigger
        )
        self.pause_button = icon_button("pause", tr("Pause"), a("speak.pause").trigger)
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
                self.queue_button,
                self.pause_button,
                self.stop_button,
            )
        )
        self.stack = QStackedWidget()
        self.stack.addWidget(resting)
        self.stack.addWidget(working)
        self.stack.setContentsMargins(Space.L, Space.S, Space.L, Space.M)
        self.left = label("", "small", wrap=True)
        self.go_on_button = button(tr("Go on"), a("speak.pause").trigger)
        self.list_button = button(tr("Show"), a("speak.queue").trigger, "link")
        self.away_button = icon_button("x", tr("Don't speak them"), waiting.clear, size=14)
        self.strip = QWidget()
        strip = row(self.left, self.list_button, self.go_on_button, self.away_button)
        strip.setStretch(0, 1)
        strip.setContentsMargins(Space.L, Space.XS, Space.L, Space.XS)
        self.strip.setLayout(strip)
        self.setLayout(column(self.strip, self.stack, spacing=0))
        for action_id, tool in (
            ("speak.line", self.speak_button),
            ("speak.stale", self.all_button),
            ("speak.script", self.play_button),
            ("speak.pause", self.go_on_button),
        ):
            action = a(action_id)
            action.changed.connect(lambda t=tool, x=action: t.setEnabled(x.isEnabled()))
            tool.setEnabled(action.isEnabled())
        engine.started.connect(self._on_started)
        engine.flowed.connect(self._on_flow)
        engine.line_begun.connect(lambda _line_id: self._show_doing())
        engine.stopped.connect(lambda _takes, _cancelled: self.refresh())
        engine.state_changed.connect(lambda _state: self.refresh())
        waiting.changed.connect(self.refresh)
        theme.manager.changed.connect(self._fit_text)
        self._fit_text()

    def show_playing(self, line_id: str) -> None:
        """Show which line is heard while others are made."""
        self._playing_line = line_id
        self._show_doing()

    def refresh(self) -> None:
        """Show how things stand."""
        lines, stale = self.script.lines, self.script.stale_count
        count = len(self.script.chosen)
        words = counted("{count} line", "{count} lines", len(lines)) if lines else ""
        if count > 1:
            words = tr("{count} of {all} lines selected", count=count, all=len(lines))
        if words != self.count.text():
            self.count.setText(words)
            if count > 1:
                announce(self, words)
        self.all_button.setVisible(count < 2)
        speak = tr("Speak {count} lines", count=count) if count > 1 else tr("Speak line")
        self.speak_button.set_texts((speak, tr("Speak")))
        if stale > 1:
            long = tr("Speak all changed ({count})", count=stale)
            short = tr("All ({count})", count=stale)
        else:
            long, short = tr("Speak all changed"), tr("All")
        self.all_button.set_texts((long, short))
        for wordy in (3, 2, 1, 0):
            self.add_button.setText(tr("Add line") if wordy == 3 else "")
            self.play_button.setText(tr("Play script") if wordy >= 2 else "")
            self.count.setVisible(wordy > 0)
            self._resting.invalidate()
            if self._resting.sizeHint().width() <= self.width() - 2 * Space.L:
                break
        self.stack.setCurrentIndex(1 if self.engine.speaking else 0)
        self._show_waiting()
        self._show_doing()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.refresh()

    def _fit_text(self) -> None:
        self.stack.setFixedHeight(theme.current().sized(58))

    # --- inside

    def _show_waiting(self) -> None:
        waiting, paused = len(self.waiting.line_ids), self.waiting.paused
        self.strip.setVisible(paused and waiting > 0 and not self.engine.speaking)
        self.left.setText(
            counted(
                "{count} line still waits to be spoken.",
                "{count} lines still wait to be spoken.",
                waiting,
            )
        )
        several = waiting > 0
        self.queue_button.setVisible(several)
        self.pause_button.setVisible(several)
        words = tr("Go on") if paused else tr("Pause after this line")
        self.pause_button.setIcon(icons.icon("play" if paused else "pause", "muted"))
        self.pause_button.setAccessibleName(words)
        self.pause_button.setToolTip(words)

    def _on_started(self, _line_ids: tuple[str, ...]) -> None:
        self._flow = None
        self.progress.setValue(0)
        self.doing.setText(tr("Getting ready…"))
        self.refresh()

    def _on_flow(self, flow: Flow) -> None:
        self._flow = flow
        set_progress(self.progress, round(1000 * flow.fraction))
        self._show_doing()

    def _show_doing(self) -> None:
        """Show the line that is made, the one that is heard, and the time left."""
        flow, engine = self._flow, self.engine
        if not engine.speaking or flow is None:
            return
        number = self.script.index(engine.line_at_work) + 1  # 0 in another project
        parts = []
        if flow.total > 1:
            parts.append(tr("{number} of {total}", number=flow.number, total=flow.total))
        parts.append(
            tr("Speaking line {number}", number=number) if number else tr("In another project")
        )
        heard = self.script.index(self._playing_line) + 1
        if heard and number and heard != number:
            parts.append(tr("hearing line {number}", number=heard))
        if flow.seconds_left is not None and flow.seconds_left >= _TELLING_SECONDS:
            parts.append(tr("about {time} left", time=duration(flow.seconds_left)))
        if engine.queue.paused:
            parts.append(tr("pauses after this line"))
        words = " · ".join(parts)
        if words != self.doing.text():
            self.doing.setText(words)
