"""Mixing voices: the dialog, a test to hear, and the voice that is made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from ditar_studio.services.speech_events import Failed
from ditar_studio.services.voice_library import Voice
from ditar_studio.ui.features.voices.mixing_dialog import MixDialog
from ditar_studio.ui.kit.translate import sentence, tr

if TYPE_CHECKING:
    from ditar_studio.audio.clips.clip import Clip
    from ditar_studio.services.worker import Job
    from ditar_studio.ui.features.player.playback import Playback
    from ditar_studio.ui.features.project.document import Document
    from ditar_studio.ui.features.speaking.engine import Engine
    from ditar_studio.ui.features.voices.view_model import Voices
    from ditar_studio.ui.kit.host import Host


@dataclass(frozen=True, eq=False)
class _TestSpoken:
    clip: Clip | None


@dataclass(frozen=True)
class _Made:
    voice: Voice | None


class MixingCommands:
    """Handles the action that mixes voices."""

    def __init__(
        self,
        host: Host,
        document: Document,
        voices: Voices,
        engine: Engine,
        playback: Playback,
    ) -> None:
        self._host = host
        self._library = document.library
        self._voices = voices
        self._engine = engine
        self._playback = playback
        self._job: Job | None = None
        host.actions.handle("voice.mix", self.open)

    def open(self) -> None:
        """Open the dialog, the selected voice first."""
        voices = [voice for voice in self._voices.all if voice.samples]
        if len(voices) < 2:
            self._host.toasts.notify(
                tr("A mixture needs two voices."), "info", tr("Record or import another one.")
            )
            return
        dialog = MixDialog(voices, (self._voices.selected,))
        dialog.hear_asked.connect(lambda mixture: self._play_test(dialog, mixture))
        dialog.save_asked.connect(lambda name, mixture: self._save(dialog, name, mixture))
        dialog.finished.connect(lambda _result: self._cancel())
        self._host.show_dialog(dialog)

    def _play_test(self, dialog: MixDialog, mixture: Sequence[tuple[Voice, float]]) -> None:
        def work(cancel: threading.Event) -> Iterator[_TestSpoken]:
            from ditar_studio.services.mixing import Ingredient, mix_clip

            model, voices = self._engine.in_memory()
            ingredients = [Ingredient(voice, share) for voice, share in mixture]
            yield _TestSpoken(mix_clip(model, ingredients, cancel, voices))

        self._run(dialog, work)

    def _save(self, dialog: MixDialog, name: str, mixture: Sequence[tuple[Voice, float]]) -> None:
        library = self._library

        def work(cancel: threading.Event) -> Iterator[_Made]:
            from ditar_studio.services.mixing import Ingredient, mix_voice

            model, voices = self._engine.in_memory()
            ingredients = [Ingredient(voice, share) for voice, share in mixture]
            yield _Made(mix_voice(library, model, name, ingredients, cancel, voices))

        self._run(dialog, work)

    def _run(
        self, dialog: MixDialog, work: Callable[[threading.Event], Iterator[_TestSpoken | _Made]]
    ) -> None:
        """Run work on the engine's thread, and show its result in the dialog."""
        if self._engine.speaking:
            dialog.toasts.notify(
                tr("Something is being spoken."), "info", tr("Wait for it, or stop it.")
            )
            return

        def report(event: _TestSpoken | _Made | Failed) -> None:
            self._job = None
            dialog.set_working(False)
            match event:
                case _TestSpoken(clip):
                    if clip is not None:  # else it was cancelled
                        self._playback.load(clip, tr("Mixed voice"), "mixed voice")
                case _Made(voice):
                    if voice is not None:
                        self._on_made(dialog, voice)
                case Failed(message, remedy):
                    dialog.toasts.notify(sentence(message), "danger", sentence(remedy))
                case _:
                    assert_never(event)

        dialog.set_working(True)
        self._job = self._host.bridge.generate(work, report, owner=dialog)

    def _on_made(self, dialog: MixDialog, voice: Voice) -> None:
        dialog.accept()
        self._voices.select(voice.id)
        self._host.toasts.notify(
            tr("“{name}” is made of {mixture}.", name=voice.name, mixture=voice.mixture), "success"
        )

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
