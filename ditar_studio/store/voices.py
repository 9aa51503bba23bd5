"""The voices of a library: found, saved, edited, deleted, carried in and out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ditar_studio.errors import StudioError
from ditar_studio.store import files
from ditar_studio.store.bundle import Bundle, write_bundle
from ditar_studio.store.changes import Outcome
from ditar_studio.store.database import Database, serial
from ditar_studio.store.voice import NewSample, Sample, Voice
from ditar_studio.store.voice_rows import VoiceRows
from ditar_studio.text.markup import rename_voices

if TYPE_CHECKING:
    from ditar_studio.sample_voices import SampleVoice

__all__ = ["NewSample", "Sample", "Voice", "Voices"]


class Voices:
    """The voices of a library."""

    def __init__(self, database: Database, root: Path) -> None:
        self.database = database
        self._rows = VoiceRows(database, root)

    # --- reading

    @serial
    def all(self, search: str = "", tag: str = "") -> list[Voice]:
        """Return voices by name; `search` looks into name, tags, note and transcripts, word by
        word.
        """
        words = search.casefold().split()
        found = [
            voice
            for voice in self._rows.load("voices.hidden IS NULL")
            if (not tag or tag in voice.tags) and _matches(voice, words)
        ]
        return sorted(found, key=lambda voice: (voice.name.casefold(), voice.created))

    @serial
    def get(self, voice_id: str) -> Voice:
        """Return a voice by id; StudioError when it has been deleted."""
        found = self._rows.load("voices.id = ? AND voices.hidden IS NULL", voice_id)
        if not found:
            raise StudioError(
                "This voice is no longer there.", "Undo its deletion, or choose another."
            )
        return found[0]

    @serial
    def find(self, name: str) -> Voice | None:
        """Find the voice of this name, letter case aside; None when there is none."""
        wanted = name.strip().casefold()
        return next((voice for voice in self.all() if voice.name.casefold() == wanted), None)

    @serial
    def tags(self) -> list[str]:
        """Return all tags in use, sorted."""
        return sorted({tag for voice in self.all() for tag in voice.tags}, key=str.casefold)

    # --- changing

    @serial
    def create(
        self,
        name: str,
        samples: Sequence[NewSample] = (),
        *,
        consent: str = "",
        tags: Iterable[str] = (),
        note: str = "",
        origin: str = "",
        adapter: Path | None = None,
        made_of: Sequence[tuple[str, float]] = (),
        undoable: bool = True,
    ) -> Outcome[Voice]:
        """Save a voice with its samples, and with what it was fine-tuned to if there is such a
        file. A name already taken gets a number behind it."""
        voice_id = files.new_id()
        paths = [sample.path for sample in samples] + ([adapter] if adapter else [])
        with (
            self._rows.copies(paths) as copied,
            self.database.operation("Save voice" if undoable else "") as work,
        ):
            work.insert(
                "voices",
                voice_id,
                name=self._free_name(name),
                tags=_tags(tags),
                note=note,
                consent=consent,
                origin=origin,
                made_of=json.dumps([list(each) for each in made_of], ensure_ascii=False),
                created=work.now,
            )
            for position, sample in enumerate(samples):
                self._rows.insert_sample(work, voice_id, sample, copied[position], position)
            if adapter is not None:
                self._rows.insert_adapter(work, voice_id, copied[-1])
        return work.outcome(self.get(voice_id))

    @serial
    def add_sample(self, voice_id: str, sample: NewSample) -> Outcome[Voice]:
        """Add one more sample to a voice, behind the others."""
        voice = self.get(voice_id)
        with (
            self._rows.copies([sample.path]) as [copy],
            self.database.operation("Add sample") as work,
        ):
            position = 1 + max((self._position(s.id) for s in voice.samples), default=-1)
            self._rows.insert_sample(work, voice_id, sample, copy, position)
        return work.outcome(self.get(voice_id))

    @serial
    def edit_sample(
        self,
        sample_id: str,
        *,
        transcript: str | None = None,
        verdict: Mapping[str, object] | None = None,
    ) -> Outcome[Voice]:
        """Correct a sample's transcript or its verdict."""
        voice_id = self._voice_of(sample_id)
        with self.database.operation("Edit sample", merge=f"sample {sample_id}") as work:
            if transcript is not None:
                work.update("samples", sample_id, voice_id, transcript=transcript)
            if verdict is not None:
                work.update("samples", sample_id, voice_id, verdict=json.dumps(dict(verdict)))
        return work.outcome(self.get(voice_id))

    @serial
    def use_as_reference(self, sample_id: str) -> Outcome[Voice]:
        """Put a sample first: it becomes what the voice speaks from."""
        voice_id = self._voice_of(sample_id)
        others = [sample.id for sample in self.get(voice_id).samples if sample.id != sample_id]
        with self.database.operation("Choose reference") as work:
            for position, identifier in enumerate([sample_id, *others]):
                work.update("samples", identifier, voice_id, position=position)
        return work.outcome(self.get(voice_id))

    @serial
    def delete_sample(self, sample_id: str) -> Outcome[Voice]:
        """Take a sample away from its voice."""
        voice_id = self._voice_of(sample_id)
        with self.database.operation("Delete sample") as work:
            work.hide("samples", sample_id, voice_id)
        return work.outcome(self.get(voice_id))

    @serial
    def fine_tune(self, voice_id: str, path: Path) -> Outcome[Voice]:
        """Keep a copy of what a voice was fine-tuned to, in place of an earlier one.

        Raises:
            StudioError: the file is no such thing.
        """
        voice = self.get(voice_id)
        with (
            self._rows.copies([path]) as [copy],
            self.database.operation("Fine-tune voice") as work,
        ):
            if voice.adapter is not None:
                work.hide("adapters", voice.adapter.id, voice_id)
            self._rows.insert_adapter(work, voice_id, copy)
        return work.outcome(self.get(voice_id))

    @serial
    def make_instant(self, voice_id: str) -> Outcome[Voice]:
        """Take away what a voice was fine-tuned to."""
        voice = self.get(voice_id)
        with self.database.operation("Make voice instant") as work:
            if voice.adapter is not None:
                work.hide("adapters", voice.adapter.id, voice_id)
        return work.outcome(self.get(voice_id))

    @serial
    def rename(self, voice_id: str, name: str) -> Outcome[Voice]:
        """Give a voice another name, in the marks of all lines too; a name already taken gets a
        number behind it.
        """
        before = self.get(voice_id).name.casefold()
        marked = "SELECT id, text FROM lines WHERE hidden IS NULL AND text LIKE '%[voice%'"
        with self.database.operation("Rename voice") as work:
            name = self._free_name(name, voice_id)
            work.update("voices", voice_id, name=name)
            if name.casefold() != before:
                for row in self.database.rows(marked):
                    work.update("lines", row["id"], text=rename_voices(row["text"], {before: name}))
        return work.outcome(self.get(voice_id))

    @serial
    def edit(
        self,
        voice_id: str,
        *,
        tags: Iterable[str] | None = None,
        note: str | None = None,
        consent: str | None = None,
    ) -> Outcome[Voice]:
        """Change a voice's tags, note or consent statement; what is None stays."""
        self.get(voice_id)
        with self.database.operation("Edit voice", merge=f"voice {voice_id}") as work:
            if tags is not None:
                work.update("voices", voice_id, tags=_tags(tags))
            if note is not None:
                work.update("voices", voice_id, note=note)
            if consent is not None:
                work.update("voices", voice_id, consent=consent)
        return work.outcome(self.get(voice_id))

    @serial
    def duplicate(self, voice_id: str) -> Outcome[Voice]:
        """Make a second voice with copies of all that the first has, "Anna 2" from "Anna"."""
        voice = self.get(voice_id)
        samples = [NewSample(s.path, s.transcript, s.verdict) for s in voice.samples]
        return self.create(
            voice.name,
            samples,
            consent=voice.consent,
            tags=voice.tags,
            note=voice.note,
            adapter=voice.adapter.path if voice.adapter else None,
            made_of=voice.made_of,
        )

    @serial
    def delete(self, voice_id: str) -> Outcome[None]:
        """Delete a voice; undo brings it back."""
        self.get(voice_id)
        with self.database.operation("Delete voice") as work:
            work.hide("voices", voice_id)
        return work.outcome(None)

    # --- in and out

    @serial
    def export_bundle(self, voice_id: str, path: Path) -> None:
        """Write a voice to one portable file (`.ditarvoice`)."""
        write_bundle(self.get(voice_id), path)

    @serial
    def import_bundle(self, path: Path) -> Outcome[Voice]:
        """Add the voice in a portable file, after verifying it.

        Raises:
            StudioError: it is no voice file, or damaged.
        """
        with Bundle(path) as bundle:
            return self.create(
                bundle.name,
                bundle.samples,
                consent=bundle.consent,
                tags=bundle.tags,
                note=bundle.note,
                adapter=bundle.adapter,
                made_of=bundle.made_of,
            )

    @serial
    def install_samples(self, shipped: Iterable[SampleVoice], tag: str = "sample") -> list[Voice]:
        """Add the voices that come with the application, those that were not added before.

        A sample voice that the user deleted stays deleted.

        Args:
            tag: that they get, in the user's language.
        """
        row = self.database.row("SELECT value FROM meta WHERE id = 'sample_voices'")
        known: set[str] = set(json.loads(row["value"])) if row else set()
        known |= {row["origin"] for row in self.database.rows("SELECT origin FROM voices")}
        voices = []
        for sample in shipped:
            origin = sample.path.stem
            if origin in known:
                continue
            created = self.create(
                sample.name,
                [NewSample(sample.path, sample.transcript)],
                consent=f"{sample.licence}: {sample.attribution}",
                tags=[tag],
                origin=origin,
                undoable=False,
            )
            voices.append(created.value)
            known.add(origin)
        with self.database.operation() as work:
            work.execute(
                "INSERT OR REPLACE INTO meta VALUES ('sample_voices', ?)",
                json.dumps(sorted(known - {""})),
            )
        return voices

    # --- inside

    def _voice_of(self, sample_id: str) -> str:
        row = self.database.row("SELECT voice_id FROM samples WHERE id = ?", sample_id)
        if row is None:
            raise StudioError("This sample is no longer there.", "Choose another sample.")
        return str(row["voice_id"])

    def _position(self, sample_id: str) -> int:
        row = self.database.row("SELECT position FROM samples WHERE id = ?", sample_id)
        return int(row["position"]) if row else 0

    def _free_name(self, name: str, but: str = "") -> str:
        wanted = " ".join(name.split())
        if not wanted:
            raise StudioError("A voice needs a name.", "Type a name.")
        taken = {
            row["name"].casefold()
            for row in self.database.rows(
                "SELECT name FROM voices WHERE hidden IS NULL AND id != ?", but
            )
        }
        number, free = 1, wanted
        while free.casefold() in taken:
            number += 1
            free = f"{wanted} {number}"
        return free


def _tags(tags: Iterable[str]) -> str:
    kept = dict.fromkeys(" ".join(tag.split()) for tag in tags)
    return json.dumps([tag for tag in kept if tag], ensure_ascii=False)


def _matches(voice: Voice, words: list[str]) -> bool:
    parts = [voice.name, voice.note, *voice.tags, *(s.transcript for s in voice.samples)]
    text = "\n".join(parts).casefold()
    return all(word in text for word in words)
