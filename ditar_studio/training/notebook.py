"""Verdicts of before: judging takes longer than speaking, so that it is not done twice either."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ditar_studio.training.evaluation import Verdict
from ditar_studio.training.judges import EDITION

if TYPE_CHECKING:
    from ditar_studio.training.evaluation import Take
    from ditar_studio.training.jobs import Job


class Notebook:
    """Keeps each verdict, for as long as take, job and judges are the same.

    Args:
        path: JSONL, a line a verdict, appended to; lines that can't be read are passed over.
        recognisers: names of those who hear the words.
        among: the jobs whose speakers a voice could be mistaken for.
    """

    def __init__(self, path: Path, recognisers: Iterable[str], among: Iterable[Job]) -> None:
        self._path = path
        self._digests: dict[Path, str] = {}
        speakers = [(job.speaker, self._digest(job.reference)) for job in among]
        self._judges = [EDITION, list(recognisers), sorted(set(speakers))]
        self._known: dict[str, Verdict] = {}
        for line in path.read_text("utf-8", "replace").splitlines() if path.is_file() else ():
            try:
                row = json.loads(line)
                self._known[row["key"]] = Verdict(**row["verdict"])
            except (ValueError, KeyError, TypeError):
                continue

    def find(self, take: Take) -> Verdict | None:
        """Find the verdict on a take, if it was noted."""
        return self._known.get(self._key(take))

    def note(self, take: Take, verdict: Verdict) -> None:
        """Keep a verdict."""
        row = {"key": self._key(take), "verdict": asdict(verdict)}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def _key(self, take: Take) -> str:
        job = take.job
        values = [
            [job.id, job.text, job.transcript, job.speaker, job.accent, job.half, take.group],
            [self._digest(path) for path in (take.path, job.reference, job.other) if path],
            self._judges,
        ]
        return hashlib.sha256(json.dumps(values).encode()).hexdigest()

    def _digest(self, path: Path) -> str:
        """Hash a file's content; empty if it isn't there."""
        if path not in self._digests:
            content = path.read_bytes() if path.is_file() else b""
            self._digests[path] = hashlib.sha256(content).hexdigest() if content else ""
        return self._digests[path]
