"""The dialog of a word's pronunciation: hear it, choose among its readings, or write another."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QWidget

from ditar_studio.errors import StudioError
from ditar_studio.text.lexicon import Lexicon
from ditar_studio.text.readings import Kind, WordReading, readings
from ditar_studio.ui.kit.dialogs.frame import DialogFrame
from ditar_studio.ui.kit.translate import mark, sentence, tr
from ditar_studio.ui.kit.widgets.basics import button, label, row
from ditar_studio.ui.kit.widgets.segmented import Segmented

_KINDS: dict[Kind, str] = {
    "now": mark("as it is said now"),
    "noun": mark("as a noun"),
    "verb": mark("as a verb"),
    "other": mark("another reading"),
    "letters": mark("letter by letter"),
    "spelt": mark("as it is spelt"),
}


class WordDialog(DialogFrame):
    """Shows the readings of a word.

    Args:
        word: may be empty, and changed.
        known: the pronunciations in force.

    Signals:
        play_asked: word and pronunciation that are to be spoken.
        chosen: word, pronunciation, and whether it is for all projects.
    """

    play_asked = Signal(str, str)
    chosen = Signal(str, str, bool)

    def __init__(self, word: str, known: Lexicon, parent: QWidget | None = None) -> None:
        super().__init__(
            tr("Pronunciation of a word"),
            tr("Choose a reading, or write how it sounds: “dee tar”, or IPA between slashes."),
            parent,
        )
        self._known = known
        self.word = QLineEdit(word)
        self.word.setAccessibleName(tr("Word"))
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Readings"))
        self.list.setMinimumHeight(130)
        self.said = QLineEdit()
        self.said.setAccessibleName(tr("How it is said"))
        self.hear = button(tr("Hear"), self._play, icon="play")
        self.problem = label("", "small", "danger", wrap=True)
        self.scope = Segmented(
            tr("Where it holds"), {"project": tr("This project"), "all": tr("All projects")}
        )
        self.scope.choose("project")
        for name, field in ((tr("Word"), self.word), (tr("Readings"), self.list)):
            words = label(name, "strong")
            words.setBuddy(field)
            self.body.addWidget(words)
            self.body.addWidget(field)
        name_label = label(tr("How it is said"), "strong")
        name_label.setBuddy(self.said)
        self.body.addWidget(name_label)
        self.body.addLayout(row(self.said, self.hear))
        self.body.addWidget(self.problem)
        self.body.addWidget(self.scope)
        self.ok = button(tr("Save"), self.accept, "primary", "check")
        self.ok.setDefault(True)
        self.add_buttons(None, button(tr("Cancel"), self.reject), self.ok)
        self.word.textChanged.connect(lambda _text: self._show_readings())
        self.list.currentItemChanged.connect(self._use_reading)
        self.list.itemActivated.connect(lambda _item: self._play())
        self.said.textEdited.connect(lambda _text: self._check())
        self.accepted.connect(
            lambda: self.chosen.emit(self._spelled, self._pronunciation, self._for_all)
        )
        self._show_readings()
        (self.list if word else self.word).setFocus()

    @property
    def _spelled(self) -> str:
        return " ".join(self.word.text().split())

    @property
    def _pronunciation(self) -> str:
        return self.said.text().strip()

    @property
    def _for_all(self) -> bool:
        return self.scope.choice == "all"

    def _show_readings(self) -> None:
        found: list[WordReading] = []
        if self._spelled:
            try:
                found = readings(self._spelled, self._known)
            except StudioError as error:
                self._show_problem(error)
        self.list.clear()
        for reading in found:
            item = QListWidgetItem(f"{reading.pronunciation}  –  {tr(_KINDS[reading.kind])}")
            item.setData(Qt.ItemDataRole.UserRole, reading.pronunciation)
            self.list.addItem(item)
        if found:
            self.list.setCurrentRow(0)
        else:
            self.said.clear()
        self._check()

    def _use_reading(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.said.setText(item.data(Qt.ItemDataRole.UserRole))
            self._check()

    def _check(self) -> None:
        try:
            if self._spelled or self._pronunciation:
                Lexicon({self._spelled: self._pronunciation})
        except StudioError as error:
            self._show_problem(error)
            usable = False
        else:
            self.problem.setText("")
            usable = bool(self._spelled)
        self.ok.setEnabled(usable)
        self.hear.setEnabled(usable)

    def _play(self) -> None:
        if self.hear.isEnabled():
            self.play_asked.emit(self._spelled, self._pronunciation)

    def _show_problem(self, error: StudioError) -> None:
        self.problem.setText(sentence(f"{error.message} {error.remedy}"))
