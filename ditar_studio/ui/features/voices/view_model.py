"""The voices as they are listed: searched, filtered by tags, one of them selected."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from ditar_studio.audio.clips.files import read_clip
from ditar_studio.services.voice_library import Sample, Voice
from ditar_studio.ui.features.player.playback import Playback
from ditar_studio.ui.features.project.document import Document
from ditar_studio.ui.features.project.snapshot import Snapshot
from ditar_studio.ui.kit.translate import tr


class Voices(QObject):
    """The voices that are shown and the one that is selected.

    Signals:
        changed: the list, the filter, the selection or the project's voice changed.
    """

    changed = Signal()

    def __init__(
        self, document: Document, playback: Playback, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.document = document
        self.playback = playback
        self.selected = ""
        self._words: tuple[str, ...] = ()
        self._tags: frozenset[str] = frozenset()
        document.loaded.connect(self._on_loaded)

    # --- what is there

    @property
    def all(self) -> tuple[Voice, ...]:
        """All voices, by name."""
        snapshot = self.document.snapshot
        return snapshot.voices if snapshot is not None else ()

    @property
    def shown(self) -> tuple[Voice, ...]:
        """The voices that the search and the tags let through."""
        return tuple(
            voice
            for voice in self.all
            if self._tags <= set(voice.tags) and _matches(voice, self._words)
        )

    @property
    def tags(self) -> list[str]:
        """All tags in use."""
        return sorted({tag for voice in self.all for tag in voice.tags}, key=str.casefold)

    @property
    def current(self) -> Voice | None:
        """The selected voice."""
        return self.voice(self.selected)

    def voice(self, voice_id: str) -> Voice | None:
        """Return the voice of this id, if it is there."""
        return next((voice for voice in self.all if voice.id == voice_id), None)

    def speaks(self, voice: Voice) -> bool:
        """Return whether the project is spoken in this voice."""
        snapshot = self.document.snapshot
        return snapshot is not None and snapshot.project.settings.voice_id == voice.id

    # --- choosing

    def search(self, text: str) -> None:
        """Show only voices in whose name, tags, note or transcripts all words occur."""
        self._words = tuple(text.casefold().split())
        self.changed.emit()

    def filter(self, tags: Iterable[str]) -> None:
        """Show only voices that have all these tags."""
        self._tags = frozenset(tags)
        self.changed.emit()

    def select(self, voice_id: str) -> None:
        """Make a voice the selected one."""
        if voice_id != self.selected:
            self.selected = voice_id
            self.changed.emit()

    # --- what is done to voices

    def use(self, voice_id: str) -> None:
        """Speak the project in a voice; lines with one of their own keep it."""
        snapshot = self.document.snapshot
        if snapshot is not None:
            self.document.submit(
                self.document.library.projects.change_settings,
                snapshot.project.id,
                label=tr("Choose voice"),
                voice_id=voice_id,
            )

    def play(self, voice_id: str) -> None:
        """Play the reference of a voice."""
        voice = self.voice(voice_id)
        if voice is not None and voice.reference is not None:
            self.play_sample(voice.reference)

    def play_sample(self, sample: Sample) -> None:
        """Play one sample of a voice."""
        voice = self.voice(sample.voice_id)
        if voice is not None:
            self.playback.load_later(
                lambda: read_clip(sample.path),
                tr("Reference of {name}", name=voice.name),
                f"voice {voice.id}",
            )

    def speak_from(self, sample: Sample) -> None:
        """Let a voice speak from this one of its samples."""
        self.document.submit(self.document.library.voices.use_as_reference, sample.id)

    def write_down(self, sample: Sample, words: str) -> None:
        """Correct what is said in a sample."""
        self.document.submit(self.document.library.voices.edit_sample, sample.id, transcript=words)

    def remove_sample(self, sample: Sample) -> None:
        """Take a sample away from its voice."""
        self.document.submit(self.document.library.voices.delete_sample, sample.id)

    def rename(self, voice_id: str, name: str) -> None:
        """Give a voice another name."""
        self.document.submit(self.document.library.voices.rename, voice_id, name)

    def set_tags(self, voice_id: str, tags: Iterable[str]) -> None:
        """Give a voice other tags."""
        self.document.submit(self.document.library.voices.edit, voice_id, tags=list(tags))

    def duplicate(self, voice_id: str) -> None:
        """Make a second voice of the same samples, and select it."""
        self.document.submit(
            self.document.library.voices.duplicate,
            voice_id,
            done=lambda made: self.select(made.value.id),
        )

    def delete(self, voice_id: str) -> None:
        """Delete a voice; undo brings it back."""
        self.document.submit(self.document.library.voices.delete, voice_id)

    def add_bundle(self, path: Path) -> None:
        """Add the voice in a bundle, and select it."""
        self.document.submit(
            self.document.library.voices.import_bundle,
            path,
            done=lambda made: self.select(made.value.id),
        )

    def _on_loaded(self, snapshot: Snapshot) -> None:
        if snapshot.voice(self.selected) is None:
            wanted = snapshot.project.settings.voice_id
            first = snapshot.voice(wanted) or (snapshot.voices[0] if snapshot.voices else None)
            self.selected = first.id if first is not None else ""
        self.changed.emit()


def _matches(voice: Voice, words: tuple[str, ...]) -> bool:
    parts = [voice.name, voice.note, *voice.tags, *(s.transcript for s in voice.samples)]
    text = "\n".join(parts).casefold()
    return all(word in text for word in words)
