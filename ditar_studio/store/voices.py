"""The voices of a library: found, saved, edited, deleted, carried in and out."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ditar_studio.errors import StudioError
from ditar_studio.store import files
from ditar_studio.store.bundle import Bundle, write_bundle
from ditar_studio.store.changes import Outcome
from ditar_studio.store.database import Database, Transaction, serial
from ditar_studio.store.voice import NewSample, Sample, Voice, sample_hash

if TYPE_CHECKING:
    from ditar_studio.sample_voices import SampleVoice

__all__ = ["NewSample", "Sample", "Voice", "Voices", "reference_hashes"]

FOLDER = "voices"


class Voices:
    """The voices of a library."""

    def __init__(self, database: Database, root: Path) -> None:
        self.database = database
        self._root = root

    # --- reading

    @serial
    def all(self, search: str = "", tag: str = "") -> list[Voice]:
        """Voices by name; `search` looks into name, tags, note and transcripts, word by word."""
        words = search.casefold().split()
        found = [
            voice
            for voice in self._load("voices.hidden IS NULL")
            if (not tag or tag in voice.tags) and _matches(voice, words)
        ]
        return sorted(found, key=lambda voice: (voice.name.casefold(), voice.created))

    @serial
    def get(self, voice_id: str) -> Voice:
        """A voice by id; StudioError when it has been deleted."""
        found = self._load("voices.id = ? AND voices.hidden IS NULL", voice_id)
        if not found:
            raise StudioError(
                "This voice is no longer there.", "Undo its deletion, or choose another."
            )
        return found[0]

    @serial
    def find(self, name: str) -> Voice | None:
        """The voice of this name, letter case aside; None when there is none."""
        wanted = name.strip().casefold()
        return next((voice for voice in self.all() if voice.name.casefold() == wanted), None)

    @serial
    def tags(self) -> list[str]:
        """All tags in use, sorted."""
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
        undoable: bool = True,
    ) -> Outcome[Voice]:
        """Save a voice with its samples. A name already taken gets a number behind it."""
        voice_id = files.new_id()
        with (
            self._copies(samples) as copied,
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
                created=work.now,
            )
            for position, (sample, sample_id, path) in enumerate(copied):
                self._insert_sample(work, voice_id, sample, sample_id, path, position)
        return work.outcome(self.get(voice_id))

    @serial
    def add_sample(self, voice_id: str, sample: NewSample) -> Outcome[Voice]:
        """Add one more sample to a voice, behind the others."""
        voice = self.get(voice_id)
        with (
            self._copies([sample]) as [(_, sample_id, path)],
            self.database.operation("Add sample") as work,
        ):
            position = 1 + max((self._position(s.id) for s in voice.samples), default=-1)
            self._insert_sample(work, voice_id, sample, sample_id, path, position)
        return work.outcome(self.get(voice_id))

    @serial
    def edit_sample(
        self,
        sample_id: str,
        *,
        transcript: str | None = None,
        verdict: Mapping[str, Any] | None = None,
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
    def rename(self, voice_id: str, name: str) -> Outcome[Voice]:
        """Give a voice another name; a name already taken gets a number behind it."""
        self.get(voice_id)
        with self.database.operation("Rename voice") as work:
            work.update("voices", voice_id, name=self._free_name(name, voice_id))
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
        """A second voice with copies of the samples, "Anna 2" from "Anna"."""
        voice = self.get(voice_id)
        samples = [NewSample(s.path, s.transcript, s.verdict) for s in voice.samples]
        return self.create(
            voice.name, samples, consent=voice.consent, tags=voice.tags, note=voice.note
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
            )

    @serial
    def install_samples(self, shipped: Iterable[SampleVoice]) -> list[Voice]:
        """Add the voices that come with the application, those that were not added before.

        A sample voice that the user deleted stays deleted.
        """
        row = self.database.row("SELECT value FROM meta WHERE key = 'sample_voices'")
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
                tags=["sample"],
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

    def _load(self, condition: str, *values: str) -> list[Voice]:
        samples: dict[str, list[Sample]] = {}
        for row in self.database.rows(
            "SELECT samples.* FROM samples JOIN voices ON voices.id = voice_id "
            f"WHERE samples.hidden IS NULL AND {condition} "
            "ORDER BY position, samples.created, samples.id",
            *values,
        ):
            samples.setdefault(row["voice_id"], []).append(self._sample(row))
        return [
            Voice(
                id=row["id"],
                name=row["name"],
                tags=tuple(json.loads(row["tags"])),
                note=row["note"],
                consent=row["consent"],
                origin=row["origin"],
                created=row["created"],
                samples=tuple(samples.get(row["id"], ())),
            )
            for row in self.database.rows(f"SELECT * FROM voices WHERE {condition}", *values)
        ]

    def _sample(self, row: sqlite3.Row) -> Sample:
        return Sample(
            id=row["id"],
            voice_id=row["voice_id"],
            path=self._root / row["file"],
            transcript=row["transcript"],
            seconds=row["seconds"],
            sha256=row["sha256"],
            verdict=json.loads(row["verdict"]),
            created=row["created"],
        )

    @contextlib.contextmanager
    def _copies(self, samples: Iterable[NewSample]) -> Iterator[list[tuple[NewSample, str, Path]]]:
        """Copies of samples with their ids; removed again if what is to own them fails."""
        copied: list[tuple[NewSample, str, Path]] = []
        try:
            for sample in samples:
                copied.append((sample, *self._copy(sample)))
            yield copied
        except BaseException:
            for *_, path in copied:
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            raise

    def _copy(self, sample: NewSample) -> tuple[str, Path]:
        sample_id = files.new_id()
        path = self._root / FOLDER / f"{sample_id}{sample.path.suffix.lower() or '.wav'}"
        files.copy_in(sample.path, path)
        return sample_id, path

    def _insert_sample(
        self,
        work: Transaction,
        voice_id: str,
        sample: NewSample,
        sample_id: str,
        path: Path,
        position: int,
    ) -> None:
        work.insert(
            "samples",
            sample_id,
            voice_id,
            voice_id=voice_id,
            position=position,
            file=self._stored(path),
            sha256=files.sha256(path),
            transcript=sample.transcript,
            seconds=files.audio_seconds(path),
            verdict=json.dumps(dict(sample.verdict)),
            created=work.now,
        )
        if sample.recording_id is not None:
            work.hide("recordings", sample.recording_id)

    def _stored(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()

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


def reference_hashes(database: Database) -> dict[str, str]:
    """`Voice.hash` of every voice that has a sample, by voice id; on the database's thread."""
    hashes: dict[str, str] = {}
    for row in database.rows(
        "SELECT voice_id, sha256, transcript FROM samples WHERE hidden IS NULL "
        "ORDER BY position, created, id"
    ):
        if row["voice_id"] not in hashes:
            hashes[row["voice_id"]] = sample_hash(row["sha256"], row["transcript"])
    return hashes


def _tags(tags: Iterable[str]) -> str:
    kept = dict.fromkeys(" ".join(tag.split()) for tag in tags)
    return json.dumps([tag for tag in kept if tag], ensure_ascii=False)


def _matches(voice: Voice, words: list[str]) -> bool:
    parts = [voice.name, voice.note, *voice.tags, *(s.transcript for s in voice.samples)]
    text = "\n".join(parts).casefold()
    return all(word in text for word in words)
