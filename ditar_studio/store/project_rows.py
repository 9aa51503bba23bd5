"""Rows of projects and lines, and what they stand for."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from ditar_studio.errors import StudioError
from ditar_studio.store.database import Database, Transaction
from ditar_studio.store.own_settings import OwnSettings
from ditar_studio.store.project import Line, LineState, NewLine, Project, ProjectSettings
from ditar_studio.store.recipe import PronunciationList, fingerprint


def project_row(database: Database, project_id: str) -> sqlite3.Row:
    """Return the row of a project.

    Raises:
        StudioError: it has been deleted.
    """
    query = "SELECT * FROM projects WHERE id = ? AND hidden IS NULL"
    row = database.row(query, project_id)
    if row is None:
        raise StudioError("This project is no longer there.", "Undo its deletion, or open another.")
    return row


def stamp(work: Transaction, project_id: str) -> None:
    """Note that a project has changed."""
    work.execute("UPDATE projects SET modified = ? WHERE id = ?", work.now, project_id)


def stamp_of(work: Transaction, line_ids: Sequence[str]) -> None:
    """Note that the project of lines has changed."""
    for line_id in line_ids[:1]:  # all are of one project
        work.execute(
            "UPDATE projects SET modified = ? "
            "WHERE id = (SELECT project_id FROM lines WHERE id = ?)",
            work.now,
            line_id,
        )


def insert_line(work: Transaction, project_id: str, line_id: str, line: NewLine) -> None:
    """Write a line into the database."""
    work.insert(
        "lines",
        line_id,
        project_id=project_id,
        voice_id=line.voice_id,
        speaker=line.speaker,
        text=line.text,
        pause_seconds=line.pause_seconds,
        opens_block=int(line.opens_block),
        section=line.section,
        settings=json.dumps(dict(line.settings)),
        block_settings=json.dumps(dict(line.block_settings)),
        starts=line.starts,
        ends=line.ends,
        created=work.now,
    )


def as_new(line: Line) -> NewLine:
    """Return a line like another one."""
    return NewLine(
        line.text,
        line.voice_id,
        line.speaker,
        line.pause_seconds,
        line.opens_block,
        line.section,
        line.settings,
        line.block_settings if line.opens_block else {},
        line.starts,
        line.ends,
    )


def line_of(
    row: sqlite3.Row,
    before: Line | None,
    takes: Sequence[sqlite3.Row],
    project: Project,
    inherited: OwnSettings,
    voice_hash: str,
    spoken: str,
    pronunciations: PronunciationList,
) -> Line:
    """Return a line with its state.

    Args:
        before: the line before it; None for the first.
        takes: its finished ones, newest first.
        inherited: the generation settings of its project and voice.
        voice_hash: of the voice that speaks where no mark names another.
        spoken: its text, which stays the same when a voice that its marks name is renamed.
        pronunciations: the list that is in force.
    """
    opens = before is None or bool(row["opens_block"])
    block = (
        _read_settings(row["block_settings"])
        if before is None or opens
        else (before.block_settings)
    )
    own = _read_settings(row["settings"])
    generation = {**inherited, **block, **own} if block or own else inherited
    expected = fingerprint(
        project.model_hash,
        voice_hash,
        spoken,
        generation,
        pronunciations.entries_in(spoken),
    )
    standing = next((take for take in takes if take["id"] == row["take_id"]), None)
    if standing is None:
        standing = next((take for take in takes if take["starred"]), takes[0] if takes else None)
    state: LineState
    if row["failure"]:
        state = "failed"
    elif standing is None:
        state = "empty"
    else:
        current = standing["fingerprint"] == expected and standing["status"] == "complete"
        state = "rendered" if current else "stale"
    return Line(
        id=row["id"],
        project_id=row["project_id"],
        text=row["text"],
        voice_id=row["voice_id"],
        speaker=row["speaker"],
        pause_seconds=row["pause_seconds"],
        locked=bool(row["locked"]),
        take_id=standing["id"] if standing else None,
        state=state,
        failure=row["failure"],
        fingerprint=expected,
        opens_block=opens,
        section=row["section"],
        settings=own,
        block_settings=block,
        generation=generation,
        starts=row["starts"],
        ends=row["ends"],
    )


@lru_cache(1000)
def _read_settings(text: str) -> OwnSettings:
    """Return settings of a line or block; what is returned is shared and not to be changed."""
    settings: OwnSettings = json.loads(text)
    return settings


def project_of(row: sqlite3.Row) -> Project:
    """Read a project from its row."""
    return Project(
        id=row["id"],
        name=row["name"],
        settings=settings_of(row["settings"]),
        model_hash=row["model_hash"],
        created=row["created"],
        modified=row["modified"],
        opened=row["opened"],
    )


def settings_text(values: Mapping[str, Any]) -> str:
    """Write settings, plain values of this or an earlier version, as they are stored."""
    known = ProjectSettings.__dataclass_fields__
    return settings_json(ProjectSettings(**{n: v for n, v in values.items() if n in known}))


def settings_of(text: str) -> ProjectSettings:
    """Read a project's settings from JSON; unknown ones of a later version are left out."""
    values = json.loads(text)
    known = ProjectSettings.__dataclass_fields__
    return ProjectSettings(**{name: values[name] for name in known if name in values})


def settings_json(settings: ProjectSettings) -> str:
    """Write a project's settings as JSON."""
    return json.dumps(asdict(settings), ensure_ascii=False, sort_keys=True)


def general_lexicon(database: Database) -> str:
    """Return the pronunciation list of all projects."""
    row = database.row("SELECT value FROM meta WHERE id = 'lexicon'")
    return row["value"] if row is not None else ""


def free_name(database: Database, name: str, but: str = "") -> str:
    """Return a name that no other project than `but` has: this one, or with a number behind it."""
    wanted = " ".join(name.split())
    query = "SELECT name FROM projects WHERE hidden IS NULL AND id != ?"
    taken = {row["name"].casefold() for row in database.rows(query, but)}
    number, free = 1, wanted
    while free.casefold() in taken:
        number += 1
        free = f"{wanted} {number}"
    return free
