"""Voices: what their menu does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ditar_studio.services.naming import safe
from ditar_studio.ui.features.voices.samples_dialog import SamplesDialog
from ditar_studio.ui.kit.dialogs.ask import TextDialog
from ditar_studio.ui.kit.dialogs.ask_file import ask_for_file, ask_where_to_save
from ditar_studio.ui.kit.places import Place
from ditar_studio.ui.kit.translate import tr

if TYPE_CHECKING:
    from ditar_studio.ui.features.project.document import Document
    from ditar_studio.ui.features.voices.fine_tuning import FineTuning
    from ditar_studio.ui.features.voices.panel import VoicesPanel
    from ditar_studio.ui.features.voices.view_model import Voices
    from ditar_studio.ui.kit.host import Host


class VoiceCommands:
    """Handles the actions of the voice menu, but for those of a new voice."""

    def __init__(
        self,
        host: Host,
        document: Document,
        voices: Voices,
        panel: VoicesPanel,
        fine_tuning: FineTuning,
    ) -> None:
        self._host = host
        self._document = document
        self._voices = voices
        self._panel = panel
        self._fine_tuning = fine_tuning
        handle = host.actions.handle
        handle("edit.find", self.find)
        handle("voice.samples", self.show_samples)
        handle("voice.rename", self.rename)
        handle("voice.tags", self.edit_tags)
        handle("voice.duplicate", lambda: voices.duplicate(voices.selected))
        handle("voice.delete", self.delete)
        handle("voice.import", self.import_bundle)
        handle("voice.bundle", self.export_bundle)
        panel.record_asked.connect(lambda: host.show_place(Place.REFERENCE))
        panel.bundle_dropped.connect(lambda path: voices.add_bundle(Path(path)))

    def find(self) -> None:
        """Put the cursor into the search for voices."""
        self._host.show_place(Place.VOICES)
        self._panel.search.setFocus()

    def rename(self) -> None:
        """Ask for another name of the selected voice."""
        voice = self._voices.current
        if voice is not None:
            dialog = TextDialog(tr("Rename voice"), "", voice.name, tr("Rename"))
            dialog.answered.connect(lambda name: self._voices.rename(voice.id, name))
            self._host.show_dialog(dialog)

    def edit_tags(self) -> None:
        """Ask for other tags of the selected voice."""
        voice = self._voices.current
        if voice is not None:
            dialog = TextDialog(
                tr("Tags of “{name}”", name=voice.name),
                tr("Separated by commas."),
                ", ".join(voice.tags),
                tr("Save"),
                may_be_empty=True,
            )
            dialog.answered.connect(lambda text: self._voices.set_tags(voice.id, text.split(",")))
            self._host.show_dialog(dialog)

    def show_samples(self) -> None:
        """Show the samples of the selected voice."""
        if self._voices.current is not None:
            self._host.show_dialog(SamplesDialog(self._voices, self._voices.selected))

    def delete(self) -> None:
        """Delete the selected voice; it is no longer fine-tuned then."""
        self._fine_tuning.cancel(self._voices.selected)
        self._voices.delete(self._voices.selected)

    def import_bundle(self) -> None:
        """Ask for a voice bundle and add its voice."""
        ask_for_file(
            self._host.window,
            tr("Import a voice bundle"),
            tr("Voice bundles (*.ditarvoice)"),
            self._voices.add_bundle,
        )

    def export_bundle(self) -> None:
        """Ask for a place and save the selected voice as a bundle there."""
        voice = self._voices.current
        if voice is None:
            return

        def save(path: Path) -> None:
            self._document.submit(
                self._document.library.voices.export_bundle,
                voice.id,
                path,
                done=lambda _made: self._host.toasts.notify(
                    tr("The bundle is saved."), "success", str(path)
                ),
            )

        ask_where_to_save(
            self._host.window,
            tr("Export the voice as a bundle"),
            f"{safe(voice.name)}.ditarvoice",
            tr("Voice bundles (*.ditarvoice)"),
            save,
        )
