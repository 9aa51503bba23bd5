"""The samples of a voice: which one it speaks from, what is said in each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QPlainTextEdit, QWidget

from ditar_studio.ui.features.voices.view_model import Voices
from ditar_studio.ui.kit import theme
from ditar_studio.ui.kit.dialogs.frame import DialogFrame
from ditar_studio.ui.kit.translate import number, tr
from ditar_studio.ui.kit.widgets.basics import button, label, row

if TYPE_CHECKING:
    from ditar_studio.services.voice_library import Sample


class SamplesDialog(DialogFrame):
    """Shows the samples of a voice as they are in the library; changes take effect at once and
    can be undone.

    Args:
        voices: the library's voices.
        voice_id: of the voice with the samples.
    """

    def __init__(self, voices: Voices, voice_id: str, parent: QWidget | None = None) -> None:
        self._voices, self._voice_id = voices, voice_id
        self._listed: tuple[Sample, ...] = ()
        voice = voices.voice(voice_id)
        super().__init__(
            tr("Samples of “{name}”", name=voice.name if voice else ""),
            tr(
                "The voice speaks from its first sample, and from the others as far as there is "
                "room. To add one, open or record a new reference and choose “Add to the "
                "selected voice” in the Voice menu."
            ),
            parent,
        )
        self.setMinimumWidth(theme.current().widened(520))
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Samples"))
        self.list.setFixedHeight(120)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.words = QPlainTextEdit()
        self.words.setAccessibleName(tr("What is said in the sample"))
        self.words.setPlaceholderText(
            tr("Every word that is said in it, in order. May stay empty.")
        )
        self.words.setTabChangesFocus(True)
        self.words.setFixedHeight(84)
        self.play = button(tr("Play"), self._play, icon="play")
        self.prefer = button(tr("Speak from this one"), self._prefer, icon="check")
        self.remove = button(tr("Remove"), self._remove, icon="trash")
        self.body.addWidget(self.list)
        self.body.addLayout(row(self.play, self.prefer, None, self.remove))
        self.body.addWidget(label(tr("What is said in it"), "section"))
        self.body.addWidget(self.words)
        self.add_buttons(None, button(tr("Close"), self.accept, "primary"))
        self.list.currentItemChanged.connect(self._leave)
        self.finished.connect(lambda _result: self._keep_words(self.current))
        voices.changed.connect(self._refresh)
        self._refresh()
        self.list.setFocus()

    @property
    def current(self) -> Sample | None:
        """The selected sample, as it was when it was listed."""
        return _sample(self.list.currentItem())

    def _refresh(self) -> None:
        voice = self._voices.voice(self._voice_id)
        if voice is None:
            self.reject()
            return
        if voice.samples == self._listed:
            return  # something else changed: words that are being written stay
        self._listed = voice.samples
        chosen = self.current.id if self.current is not None else ""
        self.list.blockSignals(True)
        self.list.clear()
        for place, sample in enumerate(voice.samples):
            said = " ".join(sample.transcript.split()) or tr("words not written down")
            name = tr("{seconds} s: {words}", seconds=number(sample.seconds, 1), words=said)
            item = QListWidgetItem(name if place else tr("Speaks from: {sample}", sample=name))
            item.setData(Qt.ItemDataRole.UserRole, sample)
            item.setToolTip(said)
            self.list.addItem(item)
            if sample.id == chosen or not place:
                self.list.setCurrentItem(item)
        self.list.blockSignals(False)
        self._show()

    def _leave(self, _item: QListWidgetItem | None, before: QListWidgetItem | None) -> None:
        self._keep_words(_sample(before))
        self._show()

    def _show(self) -> None:
        sample = self.current
        only = self.list.count() < 2
        self.play.setEnabled(sample is not None)
        self.prefer.setEnabled(sample is not None and self.list.currentRow() > 0)
        self.remove.setEnabled(not only)
        self.remove.setToolTip(tr("A voice keeps at least one sample.") if only else "")
        words = sample.transcript if sample is not None else ""
        if self.words.toPlainText() != words:
            self.words.setPlainText(words)

    def _keep_words(self, sample: Sample | None) -> None:
        words = " ".join(self.words.toPlainText().split())
        if sample is not None and words != sample.transcript:
            self._voices.write_down(sample, words)

    def _play(self) -> None:
        if self.current is not None:
            self._voices.play_sample(self.current)

    def _prefer(self) -> None:
        if self.current is not None:
            self._keep_words(self.current)
            self._voices.speak_from(self.current)

    def _remove(self) -> None:
        if self.current is not None:
            self._voices.remove_sample(self.current)


def _sample(item: QListWidgetItem | None) -> Sample | None:
    sample: Sample | None = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
    return sample
