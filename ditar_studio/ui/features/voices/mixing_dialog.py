"""Mixing a new voice of others: a share for each, by sliders or on a pad, and a test to hear."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from ditar_studio.services.voice_library import Voice
from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.dialogs.frame import DialogFrame
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import sentence, tr
from ditar_studio.ui.kit.widgets.basics import button, column, icon_button, label, row
from ditar_studio.ui.kit.widgets.choice import Choice
from ditar_studio.ui.kit.widgets.mixing_pad import CORNERS, MixingPad
from ditar_studio.ui.kit.widgets.value_slider import ValueSlider

MOST = 6


class _Part(QWidget):
    """A voice of the mixture and its share."""

    def __init__(self, voices: Sequence[Voice], voice: Voice) -> None:
        super().__init__()
        self.voice = Choice(tr("Voice"))
        for each in voices:
            self.voice.addItem(each.name, each.id)
        self.voice.setCurrentIndex(self.voice.findData(voice.id))
        self.share = ValueSlider(tr("Share"), 0, 100, 50, step=1, suffix=" %")
        self.remove = icon_button("x", tr("Leave this voice out"), size=14)
        inside: QHBoxLayout = row(self.voice, self.share, self.remove, spacing=Space.M)
        inside.setStretch(1, 1)
        self.setLayout(inside)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Controls in the order of Tab."""
        return self.voice, self.share.field, self.share.slider, self.remove

    def name_controls(self) -> None:
        """Have a screen reader say whose share it is."""
        name = self.voice.currentText()
        share = tr("Share of {name}", name=name)
        self.share.slider.setAccessibleName(share)
        self.share.field.setAccessibleName(tr("{name}, value", name=share))
        self.remove.setAccessibleName(tr("Leave {name} out", name=name))


class MixDialog(DialogFrame):
    """Asks for voices, their shares and a name.

    Args:
        voices: those with a reference.
        first: ids of those that are in the mixture at first.

    Signals:
        hear_asked: voices and shares: a sentence of them is to be heard.
        save_asked: name, voices and shares.
    """

    hear_asked = Signal(list)
    save_asked = Signal(str, list)

    def __init__(
        self, voices: Sequence[Voice], first: Sequence[str] = (), parent: QWidget | None = None
    ) -> None:
        text = tr("The new voice lies between others. It is marked as made, and can be fine-tuned.")
        super().__init__(tr("Mix voices"), text, parent)
        self.setMinimumWidth(theme.current().widened(620))
        self._voices = list(voices)
        self.parts: list[_Part] = []
        self._working = False
        self.pad = MixingPad()
        self._rows = column(spacing=Space.S)
        self.add = button(tr("Add a voice"), self.add_part, "ghost", "plus")
        self.name = QLineEdit()
        self.name.setPlaceholderText(tr("Name of the new voice"))
        self.name.setAccessibleName(tr("Name of the new voice"))
        self.name.textChanged.connect(lambda _text: self._show())
        self.body.addLayout(
            column(self._rows, row(self.add, None), self.pad, self.name, spacing=Space.M)
        )
        self.hear = button(tr("Hear it"), lambda: self.hear_asked.emit(self.mixture), icon="play")
        self.working = label("", "small")
        self.save = button(tr("Make the voice"), self._save, "primary")
        self.save.setDefault(True)
        self.cancel = button(tr("Cancel"), self.reject)
        self.add_buttons(self.hear, self.working, None, self.cancel, self.save)
        self.pad.changed.connect(self._set_shares)
        by_id = {voice.id: voice for voice in self._voices}
        chosen = [by_id[each] for each in first if each in by_id]
        chosen += [voice for voice in self._voices if voice not in chosen]
        for voice in chosen[:2]:
            self._add(voice)
        self._show()
        if self.parts:
            self.parts[0].voice.setFocus()

    @property
    def mixture(self) -> list[tuple[Voice, float]]:
        """The voices with their shares."""
        by_id = {voice.id: voice for voice in self._voices}
        return [(by_id[part.voice.currentData()], part.share.value) for part in self.parts]

    def add_part(self) -> None:
        """Add a voice that isn't in the mixture yet."""
        used = {part.voice.currentData() for part in self.parts}
        voice = next((each for each in self._voices if each.id not in used), None)
        if voice is not None and len(self.parts) < MOST:
            self._add(voice)
            self._show()

    def set_working(self, on: bool) -> None:
        """Show that the voice is being made."""
        self._working = on
        self._show()

    def _add(self, voice: Voice) -> None:
        part = _Part(self._voices, voice)
        part.share.set_value(50)
        part.share.changed.connect(lambda _value: self._show())
        part.voice.activated.connect(lambda _index: self._show())
        part.remove.clicked.connect(partial(self._remove, part))
        self.parts.append(part)
        self._rows.addWidget(part)
        order = [control for each in self.parts for control in each.controls]
        order += [self.add, self.pad, self.name, self.hear, self.cancel, self.save]
        for one, following in pairwise(order):
            QWidget.setTabOrder(one, following)

    def _remove(self, part: _Part) -> None:
        self.parts.remove(part)
        part.deleteLater()
        self._show()

    def _set_shares(self, shares: list[float]) -> None:
        for part, share in zip(self.parts, shares, strict=True):
            part.share.blockSignals(True)
            part.share.set_value(round(100 * share))
            part.share.blockSignals(False)
        self._show(pad=False)

    def _show(self, *, pad: bool = True) -> None:
        mixture = self.mixture
        ids = [voice.id for voice, share in mixture if share > 0]
        self.pad.setVisible(len(mixture) in CORNERS)
        if len(mixture) in CORNERS:
            self.pad.set_voices([voice.name for voice, _ in mixture])
            if pad:
                self.pad.show_shares([share for _, share in mixture])
        twice = len(set(ids)) < len(ids)
        usable = len(ids) > 1 and not twice and not self._working
        problem = sentence("A voice is in the mixture twice.") if twice else ""
        self.working.setText(tr("The voice is being made…") if self._working else problem)
        self.hear.setEnabled(usable)
        self.save.setEnabled(usable and bool(self.name.text().strip()))
        self.add.setEnabled(len(mixture) < min(MOST, len(self._voices)))
        for part in self.parts:
            part.remove.setEnabled(len(mixture) > 2)
            part.name_controls()

    def _save(self) -> None:
        self.save_asked.emit(self.name.text().strip(), self.mixture)
