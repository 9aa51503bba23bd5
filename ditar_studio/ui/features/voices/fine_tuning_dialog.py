"""The dialog of a fine-tuning: how thorough it is to be, and what more speech would bring."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QRadioButton, QWidget

from ditar_studio.services.fine_tuning import Level
from ditar_studio.services.voice_library import Voice
from ditar_studio.ui.kit.dialogs.frame import DialogFrame
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import duration, tr
from ditar_studio.ui.kit.widgets.basics import button, column, label, surface

_MUCH = 45.0
"""Seconds of speech from which on more of it wasn't measured to help."""


class FineTuneDialog(DialogFrame):
    """Asks for the level.

    Signals:
        chosen: a `Level`.
    """

    chosen = Signal(str)

    def __init__(self, voice: Voice, short: bool = True, parent: QWidget | None = None) -> None:
        """
        Args:
            voice: to be fine-tuned.
            short: whether that takes minutes at most; else nobody knows yet how long.
            parent: of the dialog.
        """
        super().__init__(
            tr("Fine-tune “{name}”", name=voice.name),
            tr(
                "The model trains on the voice's samples, on this computer, to come closer to it. "
                "If the words suffered, the voice stays as it is. You can speak meanwhile."
            ),
            parent,
        )
        seconds = sum(sample.seconds for sample in voice.samples)
        quick, thorough = tr("Quick"), tr("Thorough, on all samples")
        if short:
            quick = tr("Quick: about 20 seconds")
            thorough = tr("Thorough: up to 5 minutes, on all samples")
        self.choices: dict[Level, QRadioButton] = {
            "quick": QRadioButton(quick),
            "thorough": QRadioButton(thorough),
        }
        group = QButtonGroup(self)
        for choice in self.choices.values():
            group.addButton(choice)
        level: Level = "quick" if seconds < _MUCH else "thorough"
        self.choices[level].setChecked(True)
        words = expected_result(seconds)
        if not short:
            words = tr(
                "How long it takes is measured first and shown on the voice's card, where you can "
                "pause and cancel it: without a graphics card it can be hours. It trains on the "
                "samples whose words are written down."
            )
        self.expected_result = label(words, "small", wrap=True)
        self.body.addWidget(
            surface("card", column(*self.choices.values(), spacing=Space.S), Space.L)
        )
        self.body.addWidget(self.expected_result)
        self.ok = button(tr("Fine-tune"), self.accept, "primary", "sparkle")
        self.ok.setDefault(True)
        self.add_buttons(None, button(tr("Cancel"), self.reject), self.ok)
        self.accepted.connect(self._choose)
        self.choices[level].setFocus()

    def _choose(self) -> None:
        self.chosen.emit(next(key for key, choice in self.choices.items() if choice.isChecked()))


def expected_result(seconds: float) -> str:
    """Return what so many seconds of speech bring, and what more would, as it was measured."""
    have = duration(seconds)
    if seconds < _MUCH:
        return tr(
            "With {have} of speech a voice comes about a fifth of the way to a real recording "
            "of the person; with a minute, half of it. Add samples if you have more.",
            have=have,
        )
    return tr(
        "With {have} of speech a voice comes about half of the way to a real recording of the "
        "person; what more would bring isn't measured.",
        have=have,
    )
