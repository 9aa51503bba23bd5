"""The box about the fine-tuning of the selected voice, with what can be done about it."""

from __future__ import annotations

from PySide6.QtWidgets import QProgressBar, QWidget

from ditar_studio.services.voice_library import Voice
from ditar_studio.ui.features.voices.fine_tuning import FineTuning, Fit, Tuning
from ditar_studio.ui.kit.actions import Actions
from ditar_studio.ui.kit.theme import Space
from ditar_studio.ui.kit.translate import duration, sentence, tr
from ditar_studio.ui.kit.widgets.basics import (
    button,
    column,
    icon_button,
    label,
    row,
    set_progress,
    set_property,
)

_PARTS = 1000


class FineTuningBox(QWidget):
    """Offers to fine-tune a voice, shows how far that is, and lets it be compared and undone."""

    def __init__(self, fine_tuning: FineTuning, actions: Actions) -> None:
        super().__init__()
        self.fine_tuning = fine_tuning
        self._voice_id = ""
        self.words = label("", "small", wrap=True)
        self.bar = QProgressBar()
        self.bar.setRange(0, _PARTS)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Progress of the fine-tuning"))
        self.pause = icon_button("pause", tr("Pause the fine-tuning"), self._pause, size=16)
        self.resume = icon_button("play", tr("Go on with the fine-tuning"), self._resume, size=16)
        self.cancel = icon_button("x", tr("Cancel the fine-tuning"), self._cancel, size=16)
        self.start = button("", actions.action("voice.fine_tune").trigger, icon="sparkle")
        self.compare = button(tr("Compare"), actions.action("voice.compare").trigger, icon="a-b")
        self.compare.setAccessibleName(tr("Compare before and after fine-tuning"))
        self.compare.setToolTip(self.compare.accessibleName())
        make_instant = actions.action("voice.instant").trigger
        self.undo = icon_button("undo", tr("Back to the instant voice"), make_instant, size=16)
        line = row(self.words, self.pause, self.resume, self.cancel, spacing=Space.HAIR)
        line.setStretch(0, 1)
        rest = row(self.compare, self.undo, spacing=Space.HAIR)
        rest.setStretch(0, 1)
        self.setLayout(column(self.bar, line, self.start, rest, spacing=Space.XS))

    def show_voice(self, voice: Voice) -> None:
        """Show how it is with a voice now."""
        self._voice_id = voice.id
        tuning, fit = self.fine_tuning.of(voice.id), self.fine_tuning.fit(voice)
        going, idle = tuning is not None, tuning is None
        words, tone = (_progress(tuning), "") if tuning else self._state(voice, fit)
        self.words.setText(words)
        set_property(self.words, "tone", tone)
        self.words.setVisible(bool(words))
        self.bar.setVisible(going)
        self.pause.setVisible(tuning is not None and not tuning.paused)
        self.resume.setVisible(tuning is not None and tuning.paused)
        self.cancel.setVisible(going)
        progress = tuning.progress if tuning is not None else None
        set_progress(self.bar, round(_PARTS * progress.fraction) if progress is not None else 0)
        self.start.setVisible(idle and fit is not Fit.FINE_TUNED)
        self.start.setText(tr("Fine-tune…") if fit is Fit.INSTANT else tr("Fine-tune it again…"))
        self.start.setEnabled(self.fine_tuning.available and voice.reference is not None)
        self.compare.setVisible(idle and fit is Fit.FINE_TUNED)
        self.compare.setEnabled(self.fine_tuning.available)
        self.undo.setVisible(idle and fit is Fit.FINE_TUNED)

    def _state(self, voice: Voice, fit: Fit) -> tuple[str, str]:
        """Return what is to be said of a voice that is not being fine-tuned, and its tone."""
        reason = self.fine_tuning.reason(voice)
        if reason and fit is Fit.INSTANT:
            return tr("The instant voice was kept: {reason}", reason=sentence(reason)), ""
        if reason:
            return tr("It was kept as it is: {reason}", reason=sentence(reason)), ""
        if fit is Fit.OTHER_MODEL:
            words = tr("Fine-tuned for another model; with this one the instant voice speaks.")
            return words, "warning"
        if fit is Fit.OTHER_SAMPLES:
            return tr("Its samples have changed since it was fine-tuned."), "warning"
        return "", ""

    def _pause(self) -> None:
        self.fine_tuning.pause(self._voice_id)
        self.resume.setFocus()

    def _resume(self) -> None:
        self.fine_tuning.resume(self._voice_id)
        self.pause.setFocus()

    def _cancel(self) -> None:
        self.fine_tuning.cancel(self._voice_id)


def _progress(tuning: Tuning) -> str:
    """Return how far a fine-tuning is, in words."""
    progress = tuning.progress
    if tuning.paused:
        return tr("Fine-tuning is paused.")
    if progress is None:
        return tr("To be fine-tuned when the engine is free.")
    if progress.remaining is None:
        return tr("Fine-tuning…")
    return tr("Fine-tuning: {time} left", time=duration(progress.remaining))
