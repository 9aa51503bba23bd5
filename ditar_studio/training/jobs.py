"""Lists of what is to be said in whose voice: JSONL, a row a sentence.

The development sets in `resources/models/dev` are such lists.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ditar_studio.errors import StudioError
from ditar_studio.text_file import read_text

_NEEDED: Final = ("id", "text", "reference", "transcript")
_OPTIONAL: Final = ("speaker", "accent", "half", "other", "other_transcript")


@dataclass(frozen=True)
class Recording:
    """A clip and what is said in it."""

    path: Path
    transcript: str


@dataclass(frozen=True)
class Job:
    """One thing to say in one voice.

    Attributes:
        id: names the produced file, `ID.wav`.
        text: what is to be said.
        reference: the clip whose voice is to be cloned.
        transcript: what is said in the reference.
        speaker: who speaks in the reference; rows of one speaker are one voice to identify.
        accent: of the speaker; empty if it isn't known.
        half: `a`, on which settings are chosen, or `b`; empty where a list isn't divided.
        other: a second recording of the speaker.
        other_transcript: what is said in it; empty if it isn't known.
        more: further recordings of the speaker, to fine-tune the voice on.
    """

    id: str
    text: str
    reference: Path
    transcript: str
    speaker: str
    accent: str = ""
    half: str = ""
    other: Path | None = None
    other_transcript: str = ""
    more: tuple[Recording, ...] = ()


def read_jobs(path: Path) -> list[Job]:
    """Read the jobs of a list. Paths in it are relative to its folder.

    Raises:
        StudioError: the file can't be read, or a row of it can't be used; its line is named.
    """
    try:
        lines = read_text(path).split("\n")
    except (OSError, ValueError) as error:
        raise StudioError(f"The list of jobs {path} can't be read.", "Check the path.") from error
    jobs: dict[str, Job] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        job = _job(line, f"Line {number} of {path}", path.parent)
        if job.id in jobs:
            raise StudioError(
                f"Line {number} of {path} has an id that was used before: {job.id}.",
                "Give every row its own id.",
            )
        jobs[job.id] = job
    if not jobs:
        raise StudioError(f"The list of jobs {path} is empty.", "Add at least one row.")
    return list(jobs.values())


def _job(line: str, where: str, folder: Path) -> Job:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise StudioError(f"{where} is not a JSON object.", "Write one object a line.")
    for field in _NEEDED:
        if not isinstance(row.get(field), str) or not row[field].strip():
            raise StudioError(f"{where} has no text in “{field}”.", f"Set {', '.join(_NEEDED)}.")
    given = {field: row[field] for field in _OPTIONAL if row.get(field) is not None}
    for field, value in given.items():
        if not isinstance(value, str):
            raise StudioError(f"“{field}” in {where} is not a text.", "Write it in quotes.")
    if Path(row["id"]).name != row["id"]:
        raise StudioError(f"{where} has an id that is no file name.", "Leave out slashes.")
    if "other" in given:
        given["other"] = folder / given["other"]
    given.setdefault("speaker", row["reference"])
    return Job(
        id=row["id"],
        text=row["text"],
        reference=folder / row["reference"],
        transcript=row["transcript"],
        more=_recordings(row.get("more", []), where, folder),
        **given,
    )


def _recordings(rows: Any, where: str, folder: Path) -> tuple[Recording, ...]:
    try:
        return tuple(Recording(folder / row["reference"], str(row["transcript"])) for row in rows)
    except (TypeError, KeyError) as error:
        raise StudioError(
            f"“more” in {where} is not a list of recordings.",
            'Write [{"reference": ..., "transcript": ...}, ...].',
        ) from error
