"""What a crash left unfinished, to be offered at the next start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ditar_studio.store import files
from ditar_studio.store.changes import Outcome
from ditar_studio.store.database import Database, serial


@dataclass(frozen=True)
class Recoverable:
    """A take or a recording that was being made, or was not saved, when the application ended.

    Args:
        text: what was being spoken, or the passage being read.
        seconds: how much of it is on disk.
        created: when it was begun, in seconds since 1970.
    """

    kind: Literal["take", "recording"]
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
        """Everything an earlier run left unfinished that has sound in it, newest first.

        What has no sound in it was never heard; it is put away without a question.
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
        return found

    @serial
    def keep(self, item: Recoverable) -> Outcome[None]:
        """Keep it: a take becomes a partial take; a recording stays and is offered no more."""
        with self.database.operation() as work:
            if item.kind == "take":
                work.update("takes", item.id, status="partial", seconds=item.seconds)
            else:
                work.update("recordings", item.id, status="kept", seconds=item.seconds)
        return work.outcome(None)

    @serial
    def discard(self, item: Recoverable) -> Outcome[None]:
        """Put it into the trash; undo brings it back."""
        with self.database.operation("Discard recovered audio") as work:
            work.hide("takes" if item.kind == "take" else "recordings", item.id)
        return work.outcome(None)
