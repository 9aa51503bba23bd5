"""The pronunciation lists: the project's own, and the one of all projects."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPlainTextEdit, QStackedWidget, QWidget

from ditar_studio.errors import StudioError
from ditar_studio.services.files import replacing
from ditar_studio.text import lexicon, lexicon_files
from ditar_studio.ui.kit.dialogs.ask_file import ask_for_file, ask_where_to_save
from ditar_studio.ui.kit.dialogs.frame import DialogFrame
from ditar_studio.ui.kit.translate import counted, sentence, tr
from ditar_studio.ui.kit.widgets.basics import button, label, row
from ditar_studio.ui.kit.widgets.segmented import Segmented

EXAMPLE = "Nguyen = win\nDiTAR = dee tar\nWorcester = /ˈwʊstɚ/"

Scope = Literal["project", "all"]


class PronunciationsDialog(DialogFrame):
    """One word a line, with how it is said; can be accepted only if all of it can be read.

    Args:
        project: the project's list as text.
        general: that of all projects.

    Signals:
        changed: the project's list as text, if it was changed.
        general_changed: that of all projects, if it was changed.
    """

    changed = Signal(str)
    general_changed = Signal(str)

    def __init__(self, project: str, general: str, parent: QWidget | None = None) -> None:
        super().__init__(
            tr("Pronunciations"),
            tr(
                "One word a line: the word, an equals sign, and how it is said, respelled or in "
                "IPA between slashes. A project's own go before those of all projects."
            ),
            parent,
        )
        self._before = {"project": project, "all": general}
        self.scope = Segmented(
            tr("Which list"), {"project": tr("This project"), "all": tr("All projects")}
        )
        self.fields: dict[str, QPlainTextEdit] = {}
        self.stack = QStackedWidget()
        for scope, text in self._before.items():
            field = QPlainTextEdit(text)
            field.setPlaceholderText(EXAMPLE)
            name = tr("Pronunciations of this project")
            field.setAccessibleName(name if scope == "project" else tr("Pronunciations of all"))
            field.setTabChangesFocus(True)
            field.setMinimumHeight(220)
            field.textChanged.connect(self._check)
            self.fields[scope] = field
            self.stack.addWidget(field)
        self.problem = label("", "small", "danger", wrap=True)
        self.read_button = button(tr("Import…"), self._choose_file, "ghost", "import")
        self.read_button.setAccessibleName(tr("Import pronunciations from a file"))
        self.write_button = button(tr("Export…"), self._choose_target, "ghost", "export")
        self.write_button.setAccessibleName(tr("Export pronunciations into a file"))
        self.body.addLayout(row(self.scope, None, self.read_button, self.write_button))
        self.body.addWidget(self.stack, 1)
        self.body.addWidget(self.problem)
        self.ok = button(tr("Save"), self.accept, "primary", "check")
        self.add_buttons(None, button(tr("Cancel"), self.reject), self.ok)
        self.scope.chosen.connect(lambda scope: self.stack.setCurrentWidget(self.fields[scope]))
        self.scope.choose("project")
        self.accepted.connect(self._answer)
        self._check()
        self.fields["project"].setFocus()

    def read_file(self, path: Path) -> None:
        """Put the pronunciations of a file into the list that is shown."""
        field = self._shown
        try:
            found = lexicon_files.read(path)
            field.setPlainText(lexicon_files.merged(field.toPlainText(), found.entries))
        except StudioError as error:
            self._show_problem(error)
            return
        words = counted("{count} word was read.", "{count} words were read.", len(found.entries))
        if found.refused:
            words += " " + tr("Left out: {words}", words=", ".join(found.refused[:12]))
        self.problem.setText(words)

    def write_file(self, path: Path) -> None:
        """Write the list that is shown into a file."""
        try:
            entries = lexicon.parse(self._shown.toPlainText()).entries
            with replacing(path) as partial:
                lexicon_files.write(entries, partial)
        except StudioError as error:
            self._show_problem(error)
        else:
            words = counted(
                "{count} word is exported.", "{count} words are exported.", len(entries)
            )
            self.problem.setText(words)

    @property
    def _shown(self) -> QPlainTextEdit:
        return self.fields[self.scope.choice]

    def _choose_file(self) -> None:
        kinds = " ".join(f"*{suffix}" for suffix in lexicon_files.SUFFIXES)
        ask_for_file(
            self,
            tr("Import pronunciations from a file"),
            tr("Pronunciations ({kinds});;All files (*)", kinds=kinds),
            self.read_file,
        )

    def _choose_target(self) -> None:
        ask_where_to_save(
            self,
            tr("Export pronunciations into a file"),
            "pronunciations.pls",
            tr("Pronunciations ({kinds});;All files (*)", kinds="*.pls *.txt *.csv *.tsv"),
            self.write_file,
        )

    def _answer(self) -> None:
        for scope, signal in (("project", self.changed), ("all", self.general_changed)):
            text = self.fields[scope].toPlainText()
            if text != self._before[scope]:
                signal.emit(text)

    def _check(self) -> None:
        try:
            for field in self.fields.values():
                lexicon.parse(field.toPlainText())
        except StudioError as error:
            self._show_problem(error)
            self.ok.setEnabled(False)
        else:
            self.problem.setText("")
            self.ok.setEnabled(True)

    def _show_problem(self, error: StudioError) -> None:
        self.problem.setText(sentence(f"{error.message} {error.remedy}"))
