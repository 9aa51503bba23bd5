"""The fine-tuning of voices: what its actions do, and its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ditar_studio.ui.features.player.compare_dialog import CompareDialog
from ditar_studio.ui.features.voices.fine_tuning import FineTuning, Fit
from ditar_studio.ui.features.voices.fine_tuning_dialog import FineTuneDialog
from ditar_studio.ui.kit.translate import sentence, tr

if TYPE_CHECKING:
    from ditar_studio.audio.clips.compare import Comparison
    from ditar_studio.services.voice_library import Voice
    from ditar_studio.ui.features.player.playback import Playback
    from ditar_studio.ui.features.voices.view_model import Voices
    from ditar_studio.ui.kit.host import Host


class FineTuningCommands:
    """Handles the actions that fine-tune a voice, compare it with before, and undo it."""

    def __init__(
        self,
        host: Host,
        voices: Voices,
        fine_tuning: FineTuning,
        playback: Playback,
    ) -> None:
        self._host = host
        self._voices = voices
        self._fine_tuning = fine_tuning
        self._playback = playback
        self._toasts = host.toasts
        handle = host.actions.handle
        handle("voice.fine_tune", self.ask)
        handle("voice.compare", self.compare)
        handle("voice.instant", lambda: self._fine_tuning.make_instant(self._voices.selected))
        self._voices.changed.connect(self._show_facts)
        self._fine_tuning.changed.connect(self._show_facts)
        self._fine_tuning.tuned.connect(self._on_tuned)
        self._fine_tuning.stayed.connect(self._on_stayed)
        self._fine_tuning.compared.connect(self._show_pair)
        self._fine_tuning.failed.connect(host.show_failure)

    def ask(self) -> None:
        """Ask how thoroughly the selected voice is to be fine-tuned."""
        voice = self._voices.current
        if voice is not None:
            dialog = FineTuneDialog(voice, self._fine_tuning.is_short)
            dialog.chosen.connect(lambda level: self._fine_tuning.start(voice.id, level))
            self._host.show_dialog(dialog)

    def compare(self) -> None:
        """Have the selected voice speak as it was before and as it is, and play both."""
        if self._voices.current is not None:
            self._toasts.notify(tr("The voice speaks twice, to be compared…"))
            self._fine_tuning.compare(self._voices.current)

    def _show_pair(self, voice_id: str, pair: Comparison) -> None:
        voice = self._voices.voice(voice_id)
        if voice is None:
            return
        dialog = CompareDialog(
            tr("“{name}” before and after fine-tuning", name=voice.name),
            (tr("Instant"), tr("Fine-tuned")),
            pair,
            self._playback,
        )

        def prefer(which: int) -> None:
            if which == 0:
                self._fine_tuning.make_instant(voice_id)
            else:
                self._toasts.notify(tr("The fine-tuned voice stays."), "success")

        dialog.preferred.connect(prefer)
        self._toasts.clear()
        self._host.show_dialog(dialog)

    def _show_facts(self) -> None:
        voice, tuning = self._voices.current, self._fine_tuning
        fit = tuning.fit(voice) if voice is not None else Fit.INSTANT
        idle = voice is not None and tuning.of(voice.id) is None
        can = tuning.available and idle and voice is not None and voice.reference is not None
        here = fit in (Fit.FINE_TUNED, Fit.OTHER_SAMPLES)
        self._host.actions.set_facts(
            can_fine_tune=can,
            fine_tuned=fit is not Fit.INSTANT and idle,
            speaks_fine_tuned=here and can,
        )

    def on_saved(self, voice: Voice) -> None:
        """Fine-tune a new voice if the settings say so."""
        new = len(voice.samples) == 1
        wanted = self._host.preferences.value.fine_tune_new_voices
        if new and wanted and self._fine_tuning.is_short:
            self._fine_tuning.start(voice.id, "quick")

    def _on_tuned(self, voice_id: str) -> None:
        voice = self._voices.voice(voice_id)
        if voice is not None:
            self._toasts.notify(
                tr("“{name}” is fine-tuned.", name=voice.name),
                "success",
                action=(tr("Compare"), lambda: self._compare(voice_id)),
                seconds=12.0,
            )

    def _compare(self, voice_id: str) -> None:
        self._voices.select(voice_id)
        self.compare()

    def _on_stayed(self, voice_id: str) -> None:
        voice = self._voices.voice(voice_id)
        if voice is not None:
            self._toasts.notify(
                tr("“{name}” stays as it is.", name=voice.name),
                "info",
                sentence(self._fine_tuning.reason(voice)),
                seconds=12.0,
            )
