"""Voices and references: what their menu does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

from ditar_studio.services.naming import safe
from ditar_studio.services.voice_library import Voice
from ditar_studio.ui.features.reference.consent_dialog import ConsentDialog
from ditar_studio.ui.features.reference.panel import SOUND_SUFFIXES
from ditar_studio.ui.features.voices.samples_dialog import SamplesDialog
from ditar_studio.ui.kit.dialogs.ask import TextDialog
from ditar_studio.ui.kit.places import Place
from ditar_studio.ui.kit.translate import tr

if TYPE_CHECKING:
    from ditar_studio.ui.shell.workspace import Workspace


class VoiceCommands:
    """Handles the actions of the voice menu."""

    def __init__(self, studio: Workspace) -> None:
        self.studio = studio
        self.window = studio.window
        self.voices = studio.voices
        self.maker = studio.maker
        self.playback = studio.playback
        self.toasts = studio.toasts
        handle = studio.actions_.handle
        handle("edit.find", self.find)
        handle("voice.record", self.record)
        handle("voice.monitor", lambda: self.maker.set_monitoring(not self.maker.monitoring))
        handle("voice.open_audio", self.choose_reference)
        handle("voice.rescan", studio.devices.rescan)
        handle("voice.play_reference", self.play_reference)
        handle("voice.trim", self.trim)
        handle("voice.normalise", self.maker.normalise)
        handle("voice.save", self.save)
        handle("voice.try", self.try_reference)
        handle("voice.add_sample", lambda: self.maker.add_to(self.voices.selected))
        handle("voice.samples", self.show_samples)
        handle("voice.rename", self.rename)
        handle("voice.tags", self.edit_tags)
        handle("voice.duplicate", lambda: self.voices.duplicate(self.voices.selected))
        handle("voice.delete", self.delete)
        handle("voice.import", self.import_bundle)
        handle("voice.bundle", self.export_bundle)
        panel = studio.voices_panel
        panel.record_asked.connect(lambda: self.window.show_place(Place.REFERENCE))
        panel.bundle_dropped.connect(lambda path: self.voices.add_bundle(Path(path)))
        panel.audio_dropped.connect(self.open_reference)
        studio.reference_panel.open_asked.connect(self.choose_reference)
        studio.reference_panel.save_asked.connect(self.save)
        self.maker.saved.connect(self._on_saved)

    def find(self) -> None:
        """Puts the cursor into the search for voices."""
        self.window.show_place(Place.VOICES)
        self.studio.voices_panel.search.setFocus()

    def record(self) -> None:
        """Begins to record a reference, or ends it."""
        self.window.show_place(Place.REFERENCE)
        self.playback.pause()
        self.maker.toggle_recording(self.studio.reference_panel.chosen_passage)

    def choose_reference(self) -> None:
        """Asks for a sound file to be the reference."""
        kinds = " ".join(f"*{suffix}" for suffix in SOUND_SUFFIXES)
        path, _kind = QFileDialog.getOpenFileName(
            self.window,
            tr("Open an audio file as reference"),
            "",
            tr("Sound files ({kinds});;All files (*)", kinds=kinds),
        )
        if path:
            self.open_reference(path)

    def open_reference(self, path: str) -> None:
        """Takes a sound file as the reference."""
        self.window.show_place(Place.REFERENCE)
        self.maker.open(Path(path))

    def play_reference(self) -> None:
        """Plays the reference from the selection on, or pauses it."""
        clip = self.maker.clip
        if clip is None:
            return
        if self.playback.shown_clip is clip:
            self.playback.toggle()
            return
        self.playback.load(clip, tr("New reference"), "reference")
        selection = self.studio.reference_panel.wave.selection
        if selection is not None:
            self.playback.seek(selection[0])

    def trim(self) -> None:
        """Keeps only what is selected of the reference."""
        selection = self.studio.reference_panel.wave.selection
        if selection is not None:
            self.maker.trim(*selection)

    def try_reference(self) -> None:
        """Speaks a test sentence like the reference that isn't saved yet."""
        if self.maker.clip is not None and self.studio.engine.try_voice(
            self.maker.clip, self.maker.transcript
        ):
            self.toasts.notify(tr("The test sentence is being made…"), "info")

    def save(self) -> None:
        """Asks for name and consent, and saves the reference as a voice."""
        if not self.maker.usable:
            return
        dialog = ConsentDialog(self.maker.name)

        def save() -> None:
            voice = dialog.result_voice()
            self.maker.save(voice.name, voice.tags, voice.consent)

        dialog.accepted.connect(save)
        self.studio.shell.show_dialog(dialog)

    def rename(self) -> None:
        """Asks for another name of the selected voice."""
        voice = self.voices.current
        if voice is not None:
            dialog = TextDialog(tr("Rename voice"), "", voice.name, tr("Rename"))
            dialog.answered.connect(lambda name: self.voices.rename(voice.id, name))
            self.studio.shell.show_dialog(dialog)

    def edit_tags(self) -> None:
        """Asks for other tags of the selected voice."""
        voice = self.voices.current
        if voice is not None:
            dialog = TextDialog(
                tr("Tags of “{name}”", name=voice.name),
                tr("Separated by commas."),
                ", ".join(voice.tags),
                tr("Save"),
                may_be_empty=True,
            )
            dialog.answered.connect(lambda text: self.voices.set_tags(voice.id, text.split(",")))
            self.studio.shell.show_dialog(dialog)

    def show_samples(self) -> None:
        """Shows the samples of the selected voice."""
        if self.voices.current is not None:
            self.studio.shell.show_dialog(SamplesDialog(self.voices, self.voices.selected))

    def delete(self) -> None:
        """Deletes the selected voice; it is no longer fine-tuned then."""
        self.studio.fine_tuning.cancel(self.voices.selected)
        self.voices.delete(self.voices.selected)

    def import_bundle(self) -> None:
        """Asks for a voice bundle and adds its voice."""
        path, _kind = QFileDialog.getOpenFileName(
            self.window, tr("Import a voice bundle"), "", tr("Voice bundles (*.ditarvoice)")
        )
        if path:
            self.voices.add_bundle(Path(path))

    def export_bundle(self) -> None:
        """Asks for a place and saves the selected voice as a bundle there."""
        voice = self.voices.current
        if voice is None:
            return
        path, _kind = QFileDialog.getSaveFileName(
            self.window,
            tr("Export the voice as a bundle"),
            str(Path.home() / f"{safe(voice.name)}.ditarvoice"),
            tr("Voice bundles (*.ditarvoice)"),
        )
        if path:
            self.studio.document.ask(
                self.studio.library.voices.export_bundle,
                voice.id,
                Path(path),
                done=lambda _made: self.toasts.notify(tr("The bundle is saved."), "success", path),
            )

    def _on_saved(self, voice: Voice) -> None:
        self.voices.select(voice.id)
        self.voices.use(voice.id)
        self.window.show_place(Place.VOICES)
        self.toasts.notify(
            tr("“{name}” is saved, and the project speaks in it.", name=voice.name), "success"
        )
