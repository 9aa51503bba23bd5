"""The strip that tells how many lines don't say what is written, and has them spoken again."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from ditar_studio.ui.features.script.word_checks import WordChecks
from ditar_studio.ui.features.speaking.engine import Engine
from ditar_studio.ui.kit import icons
from ditar_studio.ui.kit.actions import Actions
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import counted, tr
from ditar_studio.ui.kit.widgets.basics import announce, button, icon_button, label, row
from ditar_studio.ui.kit.widgets.fitting_button import FittingButton


class DifferencesBar(QWidget):
    """Shown while words of a line were heard otherwise than written, and nothing is spoken."""

    def __init__(self, word_checks: WordChecks, engine: Engine, actions: Actions) -> None:
        super().__init__()
        self.word_checks = word_checks
        self.engine = engine
        a = actions.action
        self.words = label("", "small", tone="warning", wrap=True)
        self.show_button = button(tr("Show"), a("speak.next_difference").trigger, "link")
        self.show_button.setToolTip(a("speak.next_difference").toolTip())
        self.redo_button = FittingButton((tr("Redo what differs"), tr("Redo")))
        self.redo_button.setIcon(icons.icon("refresh"))
        self.redo_button.setToolTip(a("speak.redo").toolTip())
        self.redo_button.clicked.connect(a("speak.redo").trigger)
        redo = a("speak.redo")
        redo.changed.connect(lambda: self.redo_button.setEnabled(redo.isEnabled()))
        self.redo_button.setEnabled(redo.isEnabled())
        self.accept_button = icon_button(
            "check", tr("They are right"), lambda: word_checks.accept(word_checks.line_ids), size=14
        )
        strip = row(self.words, self.show_button, self.redo_button, self.accept_button)
        strip.setStretch(0, 1)
        strip.setContentsMargins(Space.L, Space.XS, Space.L, Space.XS)
        self.setLayout(strip)
        word_checks.changed.connect(self.refresh)
        engine.started.connect(lambda _lines: self.refresh())
        engine.stopped.connect(lambda _takes, _cancelled: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        """Show how things stand."""
        count = len(self.word_checks.line_ids)
        words = counted(
            "{count} line may not say what is written.",
            "{count} lines may not say what is written.",
            count,
        )
        shown = count > 0 and not self.engine.speaking
        if shown and (words != self.words.text() or self.isHidden()):
            announce(self, words)
        self.words.setText(words)
        self.setVisible(shown)
