"""The project's pronunciation list."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from ditar_studio.errors import StudioError
from ditar_studio.text import lexicon
from ditar_studio.ui.dialogs.frame import DialogFrame
from ditar_studio.ui.translate import sentence, tr
from ditar_studio.ui.widgets.basics import button, label

EXAMPLE = "Nguyen = win\nDiTAR = dee tar\nWorcester = /ˈwʊstɚ/"


class PronunciationsDialog(DialogFrame):
    """One word a line, with how it is said; can be accepted only if all of it can be read.

    Signals:
        changed: the list as text.
    """

    changed = Signal(str)

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(
            tr("Pronunciations"),
            tr(
                "One word a line: the word, an equals sign, and how it is said, respelled or in "
                "IPA between slashes. They hold for the whole project."
            ),
            parent,
        )
        self.field = QPlainTextEdit(text)
        self.field.setPlaceholderText(EXAMPLE)
        self.field.setAccessibleName(tr("Pronunciations"))
        self.field.setTabChangesFocus(True)
        self.field.setMinimumHeight(220)
        self.problem = label("", "small", "danger", wrap=True)
        self.body.addWidget(self.field, 1)
        self.body.addWidget(self.problem)
        self.ok = button(tr("Save"), self.accept, "primary", "check")
        self.add_buttons(None, button(tr("Cancel"), self.reject), self.ok)
        self.field.textChanged.connect(self._check)
        self.accepted.connect(lambda: self.changed.emit(self.field.toPlainText()))
        self._check()
        self.field.setFocus()

    def _check(self) -> None:
        try:
            lexicon.parse(self.field.toPlainText())
        except StudioError as error:
            self.problem.setText(sentence(f"{error.message} {error.remedy}"))
            self.ok.setEnabled(False)
        else:
            self.problem.setText("")
            self.ok.setEnabled(True)
