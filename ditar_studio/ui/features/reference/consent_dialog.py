"""Saving a voice: its name, its tags, and by what right it is cloned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from PySide6.QtWidgets import QButtonGroup, QCheckBox, QLineEdit, QRadioButton, QWidget

from ditar_studio.ui.kit.dialogs.frame import DialogFrame
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import mark, tr
from ditar_studio.ui.kit.widgets.basics import button, column, label, surface

GROUNDS: tuple[tuple[str, str], ...] = (
    ("own", mark("It is my own voice.")),
    ("permission", mark("The speaker gave me permission to clone it.")),
    ("free", mark("It is synthetic, or its licence allows cloning.")),
)
"""Rights on which a voice may be cloned: key and sentence."""


@dataclass(frozen=True)
class NewVoice:
    """The entries of the dialog.

    Attributes:
        name: of the voice.
        tags: without duplicates, in the order given.
        consent: the statement to be stored with the voice, in English, with its date.
    """

    name: str
    tags: tuple[str, ...]
    consent: str


class ConsentDialog(DialogFrame):
    """Asks for a name and a consent statement; can be accepted only with both.

    Args:
        name: proposed name.
        parent: the window.
        today: date of the statement; today by default.
    """

    def __init__(
        self, name: str = "", parent: QWidget | None = None, today: date | None = None
    ) -> None:
        super().__init__(
            tr("Save as a voice"),
            tr(
                "A voice belongs to a person. Say by what right you clone it; the statement is "
                "kept with the voice and travels with its bundle."
            ),
            parent,
        )
        self._today = today or date.today()
        self.name = QLineEdit(name)
        self.name.setPlaceholderText(tr("e.g. Anna, calm"))
        self.name.setAccessibleName(tr("Name of the voice"))
        self.tags = QLineEdit()
        self.tags.setPlaceholderText(tr("e.g. narration, warm"))
        self.tags.setAccessibleName(tr("Tags, separated by commas"))
        self.body.addLayout(column(label(tr("Name"), "section"), self.name, spacing=Space.XS))
        self.body.addLayout(
            column(label(tr("Tags, separated by commas"), "section"), self.tags, spacing=Space.XS)
        )
        self._grounds: dict[str, QRadioButton] = {}
        group = QButtonGroup(self)
        choices = column(label(tr("Whose voice is it?"), "section"), spacing=Space.XS)
        for key, words in GROUNDS:
            choice = QRadioButton(tr(words))
            choice.toggled.connect(self._check)
            group.addButton(choice)
            self._grounds[key] = choice
            choices.addWidget(choice)
        self.promise = QCheckBox(tr("I will not use it to deceive or to harm anybody."))
        self.promise.toggled.connect(self._check)
        choices.addSpacing(Space.XS)
        choices.addWidget(self.promise)
        self.body.addWidget(surface("card", choices, Space.L))
        self.save = button(tr("Save the voice"), self.accept, "primary", "check")
        self.save.setDefault(True)
        self.add_buttons(None, button(tr("Cancel"), self.reject), self.save)
        self.name.textChanged.connect(self._check)
        self._check()
        self.name.setFocus()

    def choose_ground(self, key: str) -> None:
        """Choose one of GROUNDS by its key."""
        self._grounds[key].setChecked(True)

    def result_voice(self) -> NewVoice:
        """Return what was entered; to be asked after the dialog was accepted."""
        tags = (part.strip() for part in self.tags.text().split(","))
        ground = next(key for key, choice in self._grounds.items() if choice.isChecked())
        statement = dict(GROUNDS)[ground]
        return NewVoice(
            self.name.text().strip(),
            tuple(dict.fromkeys(tag for tag in tags if tag)),
            f"{statement} I will not use it to deceive or to harm anybody. "
            f"({self._today.isoformat()})",
        )

    def _check(self) -> None:
        self.save.setEnabled(
            bool(self.name.text().strip())
            and any(choice.isChecked() for choice in self._grounds.values())
            and self.promise.isChecked()
        )
