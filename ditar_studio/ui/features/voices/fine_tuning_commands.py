"""The fine-tuning of voices: what its actions do, and its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ditar_studio.ui.features.player.compare_dialog import CompareDialog
from ditar_studio.ui.features.voices.fine_tuning import Fit
from ditar_studio.ui.features.voices.fine_tuning_dialog import FineTuneDialog
from ditar_studio.ui.kit.translate import sentence, tr

if TYPE_CHECKING:
    from ditar_studio.audio.clips.compare import Comparison
    from ditar_studio.services.voice_library import Voice
    from ditar_studio.ui.shell.workspace import Workspace


class FineTuningCommands:
    """Handles the actions that fine-tune a voice, compare it with before, and undo it."""

    def __init__(self, studio: Workspace) -> None:
        self.studio = studio
        self.voices = studio.voices
        self.fine_tuning = studio.fine_tuning
        self.toasts = studio.toasts
        handle = studio.actions_.handle
        handle("voice.fine_tune", self.ask)
        handle("voice.compare", self.compare)
        handle("voice.instant", lambda: self.fine_tuning.make_instant(self.voices.selected))
        self.voices.changed.connect(self._show_facts)
        self.fine_tuning.changed.connect(self._show_facts)
        self.fine_tuning.tuned.connect(self._on_tuned)
        self.fine_tuning.stayed.connect(self._on_stayed)
        self.fine_tuning.compared.connect(self._show_pair)
        self.fine_tuning.failed.connect(studio.report_failure)
        studio.maker.saved.connect(self._on_saved)

    def ask(self) -> None:
        """Asks how thoroughly the selected voice is to be fine-tuned."""
        voice = self.voices.current
        if voice is not None:
            dialog = FineTuneDialog(voice)
            dialog.chosen.connect(lambda level: self.fine_tuning.start(voice.id, level))
            self.studio.shell.show_dialog(dialog)

    def compare(self) -> None:
        """Has the selected voice speak as it was before and as it is, and plays both."""
        if self.voices.current is not None:
            self.toasts.notify(tr("The voice speaks twice, to be compared…"))
            self.fine_tuning.compare(self.voices.current)

    def _show_pair(self, voice_id: str, pair: Comparison) -> None:
        voice = self.voices.voice(voice_id)
        if voice is None:
            return
        dialog = CompareDialog(
            tr("“{name}” before and after fine-tuning", name=voice.name),
            (tr("Instant"), tr("Fine-tuned")),
            pair,
            self.studio.playback,
        )

        def prefer(which: int) -> None:
            if which == 0:
                self.fine_tuning.make_instant(voice_id)
            else:
                self.toasts.notify(tr("The fine-tuned voice stays."), "success")

        dialog.preferred.connect(prefer)
        self.toasts.clear()
        self.studio.shell.show_dialog(dialog)

    def _show_facts(self) -> None:
        voice, tuning = self.voices.current, self.fine_tuning
        fit = tuning.fit(voice) if voice is not None else Fit.INSTANT
        idle = voice is not None and tuning.of(voice.id) is None
        can = tuning.available and idle and voice is not None and voice.reference is not None
        here = fit in (Fit.FINE_TUNED, Fit.OTHER_SAMPLES)
        self.studio.actions_.set_facts(
            can_fine_tune=can,
            fine_tuned=fit is not Fit.INSTANT and idle,
            speaks_fine_tuned=here and can,
        )
        self.studio.show_idle()

    def _on_saved(self, voice: Voice) -> None:
        new = len(voice.samples) == 1
        if new and self.studio.preferences.value.fine_tune_new_voices:
            self.fine_tuning.start(voice.id, "quick")

    def _on_tuned(self, voice_id: str) -> None:
        voice = self.voices.voice(voice_id)
        if voice is not None:
            self.toasts.notify(
                tr("“{name}” is fine-tuned.", name=voice.name),
                "success",
                action=(tr("Compare"), lambda: self._compare(voice_id)),
                seconds=12.0,
            )

    def _compare(self, voice_id: str) -> None:
        self.voices.select(voice_id)
        self.compare()

    def _on_stayed(self, voice_id: str) -> None:
        voice = self.voices.voice(voice_id)
        if voice is not None:
            self.toasts.notify(
                tr("“{name}” stays as it is.", name=voice.name),
                "info",
                sentence(self.fine_tuning.reason(voice)),
                seconds=12.0,
            )
