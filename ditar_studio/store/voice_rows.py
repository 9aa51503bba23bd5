"""The rows of voices, of their samples and of what they were fine-tuned to, with their files."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from ditar_studio.store import files
from ditar_studio.store.adapter import Adapter, read_card
from ditar_studio.store.changes import Value
from ditar_studio.store.database import Database, Transaction
from ditar_studio.store.own_settings import OwnSettings
from ditar_studio.store.voice import NewSample, Sample, Voice, sample_hash, voice_hash

FOLDER = "voices"


class RowSource(Protocol):
    """A source of rows."""

    def rows(self, query: str, *values: Value) -> list[sqlite3.Row]:
        """Return all rows that a query finds."""


class VoiceRows:
    """Reads and writes them; on the database's thread."""

    def __init__(self, database: RowSource, root: Path) -> None:
        self._database = database
        self._root = root

    def load(self, condition: str, *values: str) -> list[Voice]:
        """Load the voices that meet a condition on their row."""
        samples: dict[str, list[Sample]] = {}
        for row in self._owned("samples", condition, *values):
            samples.setdefault(row["voice_id"], []).append(self._sample(row))
        adapters = {
            row["voice_id"]: self._adapter(row)
            for row in self._owned("adapters", condition, *values)
        }
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
                adapter=adapters.get(row["id"]),
                settings=json.loads(row["settings"]),
                made_of=tuple((name, share) for name, share in json.loads(row["made_of"])),
            )
            for row in self._database.rows(f"SELECT * FROM voices WHERE {condition}", *values)
        ]

    def _owned(self, table: str, condition: str, *values: str) -> list[sqlite3.Row]:
        order = "position, " if table == "samples" else ""
        return self._database.rows(
            f"SELECT {table}.* FROM {table} JOIN voices ON voices.id = voice_id "
            f"WHERE {table}.hidden IS NULL AND {condition} "
            f"ORDER BY {order}{table}.created, {table}.id",
            *values,
        )

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

    def _adapter(self, row: sqlite3.Row) -> Adapter:
        return Adapter(
            id=row["id"],
            path=self._root / row["file"],
            sha256=row["sha256"],
            card=json.loads(row["card"]),
            created=row["created"],
        )

    @contextlib.contextmanager
    def copies(self, paths: Iterable[Path]) -> Iterator[list[tuple[str, Path]]]:
        """Yield copies of files with new ids; they are removed again if what is to own
        them fails.
        """
        copied: list[tuple[str, Path]] = []
        try:
            for path in paths:
                copied.append(self._copy(path))
            yield copied
        except BaseException:
            for _, path in copied:
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            raise

    def _copy(self, source: Path) -> tuple[str, Path]:
        identifier = files.new_id()
        path = self._root / FOLDER / f"{identifier}{source.suffix.lower() or '.wav'}"
        files.copy_in(source, path)
        return identifier, path

    def insert_sample(
        self,
        work: Transaction,
        voice_id: str,
        sample: NewSample,
        copy: tuple[str, Path],
        position: int,
    ) -> None:
        """Have a voice own the copy of a sample."""
        sample_id, path = copy
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

    def insert_adapter(self, work: Transaction, voice_id: str, copy: tuple[str, Path]) -> None:
        """Have a voice own the copy of what it was fine-tuned to.

        Raises:
            StudioError: the file is no such thing.
        """
        adapter_id, path = copy
        work.insert(
            "adapters",
            adapter_id,
            voice_id,
            voice_id=voice_id,
            file=self._stored(path),
            sha256=files.sha256(path),
            card=json.dumps(read_card(path)),
            created=work.now,
        )

    def _stored(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()


def reference_hashes(database: Database) -> dict[str, str]:
    """Return `Voice.hash` of every voice that has a sample, by voice id; on the
    database's thread.
    """
    adapters = {
        row["voice_id"]: row["sha256"]
        for row in database.rows("SELECT voice_id, sha256 FROM adapters WHERE hidden IS NULL")
    }
    samples: dict[str, list[str]] = {}
    for row in database.rows(
        "SELECT voice_id, sha256, transcript FROM samples WHERE hidden IS NULL "
        "ORDER BY position, created, id"
    ):
        digest = sample_hash(row["sha256"], row["transcript"])
        samples.setdefault(row["voice_id"], []).append(digest)
    return {
        voice_id: voice_hash(hashes, adapters.get(voice_id, ""))
        for voice_id, hashes in samples.items()
    }


def voice_settings(database: Database) -> dict[str, OwnSettings]:
    """Return the generation settings of every voice that has any, by voice id."""
    rows = database.rows("SELECT id, settings FROM voices WHERE settings != '{}'")
    return {row["id"]: json.loads(row["settings"]) for row in rows}
