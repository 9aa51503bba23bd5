"""The rows of a job file: one JSON object a line, each checked by itself."""

from __future__ import annotations

import dataclasses
import json
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from ditar_studio.errors import StudioError
from ditar_studio.services.generation_settings import GenerationSettings
from ditar_studio.services.naming import is_reserved
from ditar_studio.text_file import read_bytes

_SETTINGS = ("seed", "temperature", "guidance", "steps")
_KEYS = ("id", "text", "reference", "transcript", *_SETTINGS)
_OF_EVALUATION = ("speaker", "accent", "half", "other", "other_transcript", "more")
"""Further keys of lists to evaluate, which may be spoken too."""
_LARGEST = 256 << 20
_LONGEST_ID = 120  # bytes; names of up to 255 are allowed everywhere, and some are made from it
_ID = re.compile(r"\w[\w .,+-]*")


@dataclass(frozen=True)
class Job:
    """A row: what to say, how, and the name of its file.

    Attributes:
        number: of its line, from 1.
        id: the file's name without “.wav”.
        text: what to say.
        reference: path of the recording.
        transcript: the words in it.
        changes: settings of this row alone.
    """

    number: int
    id: str
    text: str
    reference: Path
    transcript: str
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BadRow:
    """A row that can't be used, and why."""

    number: int
    error: StudioError


def read_jobs(path: Path) -> list[Job | BadRow]:
    """Read the rows of a job file; empty lines are passed over.

    A relative reference is looked for beside the file first.

    Raises:
        StudioError: the file itself can't be read, or has no rows.
    """
    try:
        content = read_bytes(path, _LARGEST)
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise ValueError("UTF-16")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise StudioError(
            f"The job file “{path}” can't be read: {reason}.",
            "Give a text file in UTF-8 with one JSON object a line.",
        ) from error
    rows: list[Job | BadRow] = []
    seen: set[str] = set()
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            try:
                rows.append(_job(number, _values(line), path.parent, seen))
            except StudioError as error:
                rows.append(BadRow(number, error))
    if not rows:
        raise StudioError(f"“{path.name}” is empty.", "Write one JSON object a line.")
    return rows


def _values(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line.decode(), object_pairs_hook=_unique, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", "") or getattr(error, "reason", "") or str(error)
        raise StudioError(
            f"it is not a JSON object in UTF-8 ({reason}).", "Write one JSON object a line."
        ) from error
    if not isinstance(row, dict):
        raise StudioError("it is not a JSON object.", 'Write {"id": ..., "text": ..., ...}.')
    return row


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key is there twice")
    return values


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _job(number: int, row: dict[str, Any], folder: Path, seen: set[str]) -> Job:
    for name in row:
        if name not in (*_KEYS, *_OF_EVALUATION):
            raise StudioError(f"there is no “{name[:40]}” in rows.", f"Use {', '.join(_KEYS)}.")
    for name in ("id", "text", "reference"):
        _check_text(name, row.get(name))
        if not row[name].strip():
            raise StudioError(f"“{name}” is empty.", "Complete the row.")
    _check_text("transcript", row.get("transcript", ""))
    _check_id(row["id"], seen)
    changes = {name: row[name] for name in _SETTINGS if name in row}
    dataclasses.replace(GenerationSettings(), **changes)
    reference = Path(row["reference"])
    if not reference.is_absolute() and (folder / reference).exists():
        reference = folder / reference
    return Job(
        number,
        row["id"],
        row["text"],
        reference,
        row.get("transcript", ""),
        changes,
    )


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise StudioError(f"“{name}” is missing or not a text.", "Complete the row.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise StudioError(
            f"“{name}” has half a character in it.", "Write it with whole characters."
        ) from None
    if "\0" in value:
        raise StudioError(f"“{name}” has a zero byte in it.", "Leave it out.")


def _check_id(name: str, seen: set[str]) -> None:
    """Refuse what can't be a file's name on every system, or is one already."""
    if not _ID.fullmatch(name) or len(name.encode()) > _LONGEST_ID or is_reserved(name):
        raise StudioError(
            f"the id “{name[:40]}” can't be a file's name.",
            f"Use letters, digits, - and _, {_LONGEST_ID} at most.",
        )
    spelled = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    if spelled in seen:
        raise StudioError(f"the id “{name}” is used twice.", "Give each row its own.")
    seen.add(spelled)
