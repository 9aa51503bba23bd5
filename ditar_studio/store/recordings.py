"""Recordings from the microphone, on disk from the first block."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ditar_studio.errors import StudioError
from ditar_studio.store import files
from ditar_studio.store.changes import Outcome
from ditar_studio.store.database import Database, serial

FOLDER = "recordings"


@dataclass(frozen=True)
class Recording:
    """A recording that is no voice's sample yet.

    Args:
        path: a WAV that grows while `status` is "recording".
        status: "kept" when it was found without an entry; recovery offers it no more.
    """

    id: str
    path: Path
    transcript: str
    status: Literal["recording", "finished", "kept"]
    seconds: float
    created: float


class Recordings:
    """The recordings that are not (yet) samples of a voice (see `NewSample.recording_id`)."""

    def __init__(self, database: Database, root: Path) -> None:
        self.database = database
        self._root = root

    @serial
    def all(self) -> list[Recording]:
        """Return all of them, newest first."""
        query = "SELECT * FROM recordings WHERE hidden IS NULL ORDER BY rowid DESC"
        return [self._recording(row) for row in self.database.rows(query)]

    @serial
    def get(self, recording_id: str) -> Recording:
        """Return a recording by id; StudioError when it has been deleted."""
        query = "SELECT * FROM recordings WHERE id = ? AND hidden IS NULL"
        row = self.database.row(query, recording_id)
        if row is None:
            raise StudioError("This recording is no longer there.", "Record it again.")
        return self._recording(row)

    @serial
    def begin(self, transcript: str = "") -> Outcome[Recording]:
        """Enter a recording that is about to be made; record to its `path`, then `finish`.

        Args:
            transcript: the passage that will be read aloud, when it is known.
        """
        recording_id = files.new_id()
        file = f"{FOLDER}/{recording_id}.wav"
        with self.database.operation() as work:
            work.insert(
                "recordings",
                recording_id,
                file=file,
                transcript=transcript,
                status="recording",
                created=work.now,
            )
            files.make_private(self._root / file)
        self.database.begun.add(recording_id)
        return work.outcome(self.get(recording_id))

    @serial
    def finish(self, recording_id: str) -> Outcome[Recording]:
        """Note that a recording's file is whole."""
        path = self.get(recording_id).path
        seconds = files.audio_seconds(path)
        files.sound_to_disk(path)
        with self.database.operation() as work:
            work.update("recordings", recording_id, status="finished", seconds=seconds)
        return work.outcome(self.get(recording_id))

    @serial
    def delete(self, recording_id: str) -> Outcome[None]:
        """Delete a recording; undo brings it back."""
        self.get(recording_id)
        with self.database.operation("Delete recording") as work:
            work.hide("recordings", recording_id)
        return work.outcome(None)

    def _recording(self, row: sqlite3.Row) -> Recording:
        return Recording(
            id=row["id"],
            path=self._root / row["file"],
            transcript=row["transcript"],
            status=row["status"],
            seconds=row["seconds"],
            created=row["created"],
        )
