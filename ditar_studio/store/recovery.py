"""Unfinished work that a crash left, offered at the next start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ditar_studio.store import files
from ditar_studio.store.changes import Outcome
from ditar_studio.store.database import Database, Transaction, serial
from ditar_studio.store.recordings import FOLDER as RECORDINGS
from ditar_studio.store.takes import FOLDER as TAKES
from ditar_studio.store.voice_rows import FOLDER as VOICES

FOLDERS = (RECORDINGS, TAKES, VOICES)


@dataclass(frozen=True)
class Recoverable:
    """A take or a recording that was being made, or was not saved, when the application ended.

    Args:
        kind: "orphan" is a sound file that the library knows nothing of, after a damage.
        text: what was being spoken, or the passage being read.
        seconds: how much of it is on disk.
        created: when it was begun, in seconds since 1970.
    """

    kind: Literal["take", "recording", "orphan"]
    id: str
    path: Path
    text: str
    seconds: float
    created: float


class Recovery:
    """Finds and settles what earlier runs left: unfinished takes, recordings in no voice."""

    def __init__(self, database: Database, root: Path) -> None:
        self.database = database
        self._root = root

    @serial
    def find(self) -> list[Recoverable]:
        """Return everything an earlier run left unfinished that has sound in it, newest first.

        What has no sound in it is discarded without a question.
        """
        found: list[Recoverable] = []
        empty: list[tuple[Literal["take", "recording"], str]] = []
        for row in self.database.rows(
            "SELECT 'take' AS kind, id, file, text, created FROM takes "
            "WHERE status = 'recording' AND hidden IS NULL "
            "UNION ALL SELECT 'recording', id, file, transcript, created FROM recordings "
            "WHERE status != 'kept' AND hidden IS NULL "
            "ORDER BY created DESC",
        ):
            if row["id"] in self.database.begun:
                continue
            path = self._root / row["file"]
            seconds = files.audio_seconds(path)
            if seconds > 0:
                found.append(
                    Recoverable(row["kind"], row["id"], path, row["text"], seconds, row["created"])
                )
            else:
                empty.append((row["kind"], row["id"]))
        if empty:
            with self.database.operation() as work:
                for kind, identifier in empty:
                    work.hide("takes" if kind == "take" else "recordings", identifier)
        return found + self._orphans()

    @serial
    def keep(self, item: Recoverable) -> Outcome[None]:
        """Keep it: a take becomes a partial take; a recording is offered again by the next run,
        until it is saved or discarded."""
        with self.database.operation() as work:
            if item.kind == "orphan":
                self._adopt(work, item)
            elif item.kind == "take":
                work.update("takes", item.id, status="partial", seconds=item.seconds)
            else:
                work.update("recordings", item.id, status="finished", seconds=item.seconds)
                self.database.begun.add(item.id)
        return work.outcome(None)

    @serial
    def discard(self, *items: Recoverable) -> Outcome[None]:
        """Put them into the bin; undo brings them back."""
        for item in items:
            if item.kind == "orphan":
                self.keep(item)
        with self.database.operation("Discard recovered audio") as work:
            for item in items:
                work.hide("takes" if item.kind == "take" else "recordings", item.id)
        return work.outcome(None)

    def _adopt(self, work: Transaction, item: Recoverable) -> None:
        """Enter a recording that no row owns as a kept one."""
        work.insert(
            "recordings",
            item.id,
            file=item.path.relative_to(self._root).as_posix(),
            status="kept",
            seconds=item.seconds,
            created=item.created,
        )

    def _orphans(self) -> list[Recoverable]:
        query = "SELECT file FROM {}"
        known = {
            row["file"]
            for table in ("takes", "recordings", "samples", "doomed_files")
            for row in self.database.rows(query.format(table))
        }
        found = []
        for path in sorted(self._root.glob("*/[!.]*")):
            if path.parent.name in FOLDERS and path.relative_to(self._root).as_posix() not in known:
                seconds = files.audio_seconds(path)
                if seconds > 0:
                    made = path.stat().st_mtime
                    found.append(Recoverable("orphan", path.stem, path, "", seconds, made))
        return found
