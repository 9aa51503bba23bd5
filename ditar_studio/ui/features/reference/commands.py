"""A new voice: what the actions of its reference do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from ditar_studio.services.voice_library import Voice
from ditar_studio.ui.features.reference.consent_dialog import ConsentDialog
from ditar_studio.ui.features.reference.panel import SOUND_SUFFIXES, ReferencePanel
from ditar_studio.ui.kit.dialogs.ask_file import ask_for_file
from ditar_studio.ui.kit.dropped import left_out
from ditar_studio.ui.kit.places import Place
from ditar_studio.ui.kit.translate import counted, tr
from ditar_studio.ui.kit.widgets.messages import Banner

if TYPE_CHECKING:
    from ditar_studio.services.library import Recoverable
    from ditar_studio.ui.features.player.devices import Devices
    from ditar_studio.ui.features.player.playback import Playback
    from ditar_studio.ui.features.reference.view_model import ReferenceMaker
    from ditar_studio.ui.features.speaking.engine import Engine
    from ditar_studio.ui.features.voices.view_model import Voices
    from ditar_studio.ui.kit.host import Host


class ReferenceCommands:
    """Handles the actions of the voice menu that make a new voice."""

    def __init__(
        self,
        host: Host,
        maker: ReferenceMaker,
        panel: ReferencePanel,
        voices: Voices,
        engine: Engine,
        playback: Playback,
        devices: Devices,
    ) -> None:
        self._host = host
        self._maker = maker
        self._panel = panel
        self._voices = voices
        self._engine = engine
        self._playback = playback
        handle = host.actions.handle
        handle("voice.record", self.record)
        handle("voice.monitor", lambda: maker.set_monitoring(not maker.monitoring))
        handle("voice.open_audio", self.choose)
        handle("voice.rescan", devices.rescan)
        handle("voice.play_reference", self.play)
        handle("voice.trim", self.trim)
        handle("voice.normalise", maker.normalise)
        handle("voice.save", self.save)
        handle("voice.try", self.try_out)
        handle("voice.add_sample", lambda: maker.add_to(voices.selected))
        panel.open_asked.connect(self.choose)
        panel.save_asked.connect(self.save)
        panel.sound_dropped.connect(self.open_dropped)
        maker.saved.connect(self._on_saved)
        maker.came_back.connect(lambda: host.show_place(Place.REFERENCE))

    def record(self) -> None:
        """Begin to record a reference, or end it."""
        self._host.show_place(Place.REFERENCE)
        self._playback.pause()
        self._maker.toggle_recording(self._panel.chosen_passage)

    def choose(self) -> None:
        """Ask for a sound file to be the reference."""
        kinds = " ".join(f"*{suffix}" for suffix in SOUND_SUFFIXES)
        ask_for_file(
            self._host.window,
            tr("Open an audio file as reference"),
            tr("Sound files ({kinds});;All files (*)", kinds=kinds),
            lambda path: self.open(str(path)),
        )

    def open(self, path: str) -> None:
        """Take a sound file as the reference."""
        self._host.show_place(Place.REFERENCE)
        self._maker.open(Path(path))

    def open_dropped(self, path: str, others: int) -> None:
        """Take a sound file as the reference that was dropped with so many others."""
        if others:
            self._host.add_message(Banner("info", left_out(others)))
        self.open(path)

    def offer_recordings(self, recordings: Sequence[Recoverable]) -> None:
        """Go on with the newest of recordings that an earlier run left, and show the others."""
        newest, *others = sorted(recordings, key=lambda each: -each.created)
        self._host.show_place(Place.REFERENCE)
        self._maker.use_recording(newest.id, newest.path, newest.text)
        if others:
            folder = newest.path.parent
            self._host.toasts.notify(
                counted(
                    "{count} more recording is kept.",
                    "{count} more recordings are kept.",
                    len(others),
                ),
                "info",
                str(folder),
                (
                    tr("Show in folder"),
                    lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))),
                ),
                seconds=12.0,
            )

    def play(self) -> None:
        """Play the reference from the selection on, or pause it."""
        clip = self._maker.clip
        if clip is None:
            return
        if self._playback.shown_clip is clip:
            self._playback.toggle()
            return
        self._playback.load(clip, tr("New reference"), "reference")
        selection = self._panel.wave.selection
        if selection is not None:
            self._playback.seek(selection[0])

    def trim(self) -> None:
        """Keep only what is selected of the reference."""
        selection = self._panel.wave.selection
        if selection is not None:
            self._maker.trim(*selection)

    def try_out(self) -> None:
        """Speak a test sentence like the reference that isn't saved yet."""
        if self._maker.clip is not None and self._engine.try_voice(
            self._maker.clip, self._maker.transcript
        ):
            self._host.toasts.notify(tr("The test sentence is being made…"), "info")

    def save(self) -> None:
        """Ask for name and consent, and save the reference as a voice."""
        if not self._maker.usable:
            return
        dialog = ConsentDialog(self._maker.name)

        def save() -> None:
            voice = dialog.result_voice()
            self._maker.save(voice.name, voice.tags, voice.consent)

        dialog.accepted.connect(save)
        self._host.show_dialog(dialog)

    def _on_saved(self, voice: Voice) -> None:
        self._voices.select(voice.id)
        self._voices.use(voice.id)
        self._host.show_place(Place.VOICES)
        self._host.toasts.notify(
            tr("“{name}” is saved, and the project speaks in it.", name=voice.name), "success"
        )
