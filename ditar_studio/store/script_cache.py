"""The lines of the script that was read last: what changed since is read anew, the rest is kept.

A book has tens of thousands of lines, and each edit of one of them is followed by a reading of all.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ditar_studio.store.changes import ChangeSet
from ditar_studio.store.database import Database
from ditar_studio.store.line_order import changed_stretch
from ditar_studio.store.own_settings import OwnSettings
from ditar_studio.store.project import Line, Project
from ditar_studio.store.project_rows import general_lexicon, line_of, project_of
from ditar_studio.store.recipe import PronunciationList, merged_pronunciations
from ditar_studio.store.voice_rows import reference_hashes, voice_settings
from ditar_studio.text.markup import rename_voices

_TAKES = (
    "SELECT id, line_id, fingerprint, starred, status FROM takes WHERE {condition} "
    "AND line_id IS NOT NULL AND hidden IS NULL AND status != 'recording' "
    "ORDER BY rowid DESC"
)
_AT_ONCE = 500
"""Ids in one query."""
_FEW = 16
"""So many lines are looked for in the order one by one."""


@dataclass(frozen=True)
class _Around:
    """The surroundings that lines depend on besides themselves and their takes.

    Attributes:
        project: with the pronunciations of all projects in its list.
        order: the ids of its lines, as they are stored.
        hashes, settings: of all voices, by their ids.
        voices: how many there are, deleted ones included.
        named: the hashes of voices that are not deleted, by their names in lower case.
    """

    project: Project
    order: str
    hashes: Mapping[str, str]
    settings: Mapping[str, OwnSettings]
    voices: int
    named: Mapping[str, str]

    def same_but_order(self, other: _Around) -> bool:
        """Return whether a line of the one is the same line in the other."""
        a, b = self.project, other.project
        return (a.id, a.settings, a.model_hash) == (b.id, b.settings, b.model_hash) and (
            (self.hashes, self.settings, self.voices, self.named)
            == (other.hashes, other.settings, other.voices, other.named)
        )


@dataclass
class StoredScript:
    """A script as it was read.

    Attributes:
        order: the ids of its lines, deleted ones among them.
        lines: from top to bottom.
        line_ids: of the lines.
        by_id: the same lines by their ids; changed in place by the next reading.
    """

    around: _Around
    rows: dict[str, sqlite3.Row]
    takes: dict[str, list[sqlite3.Row]]
    pronunciations: PronunciationList
    order: Sequence[str] = ()
    lines: tuple[Line, ...] = ()
    line_ids: tuple[str, ...] = ()
    by_id: dict[str, Line] = field(default_factory=dict)

    @property
    def project_id(self) -> str:
        """Id of the project that it is of."""
        return self.around.project.id

    def places_of(self, line_ids: Iterable[str]) -> list[int]:
        """Return the places of those lines that are there, from the top."""
        wanted = self.by_id.keys() & line_ids
        if len(wanted) <= _FEW:
            return sorted(map(self.line_ids.index, wanted))
        return [place for place, line_id in enumerate(self.line_ids) if line_id in wanted]


class ScriptCache:
    """Reads scripts; on the database's thread, and not inside an operation."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._script: StoredScript | None = None
        self._lines: set[str] = set()
        self._takes: set[str] = set()
        self._stale = False
        database.subscribe(self._on_changes)

    def read(self, project: sqlite3.Row) -> StoredScript:
        """Read the script of a project, by its row."""
        script = self._script
        if script is not None and not self._stale and project["id"] == script.around.project.id:
            return script
        around = self._around(project)
        if script is None or not around.same_but_order(script.around):
            script = self._whole(around)
        elif self._lines or self._takes or around.order != script.around.order:
            script = self._renewed(script, around)
        self._script, self._stale = script, False
        self._lines.clear()
        self._takes.clear()
        return script

    # --- inside

    def _on_changes(self, changes: ChangeSet) -> None:
        self._stale = True  # by what is not told, too: a purge
        self._lines |= changes.lines
        self._takes |= changes.takes

    def _around(self, row: sqlite3.Row) -> _Around:
        database = self._database
        project = project_of(row)
        lexicon = merged_pronunciations(project.settings.lexicon, [general_lexicon(database)])
        hashes = reference_hashes(database)
        voices = database.rows("SELECT id, name FROM voices WHERE hidden IS NULL")
        return _Around(
            replace(project, settings=replace(project.settings, lexicon=lexicon)),
            row["line_order"],
            hashes,
            voice_settings(database),
            database.rows("SELECT count(*) FROM voices")[0][0],
            {each["name"].casefold(): hashes.get(each["id"], "") for each in voices},
        )

    def _whole(self, around: _Around) -> StoredScript:
        project_id = around.project.id
        found = self._database.rows(
            "SELECT * FROM lines WHERE project_id = ? AND hidden IS NULL", project_id
        )
        rows = {row["id"]: row for row in found}
        pronunciations = PronunciationList(around.project.settings.lexicon)
        script = StoredScript(around, rows, {}, pronunciations)
        query = _TAKES.format(condition="project_id = ?")
        for take in self._database.rows(query, project_id):
            script.takes.setdefault(take["line_id"], []).append(take)
        return self._in_order(script, script.rows.keys())

    def _renewed(self, before: StoredScript, around: _Around) -> StoredScript:
        renewed = set(self._lines)
        if self._takes:
            renewed |= {
                line_id
                for line_id, takes in before.takes.items()
                if any(take["id"] in self._takes for take in takes)
            }
            renewed |= {
                row["line_id"]
                for row in self._of("SELECT line_id FROM takes WHERE {condition}", self._takes)
                if row["line_id"] is not None
            }
        for line_id in renewed:
            before.rows.pop(line_id, None)
            before.takes.pop(line_id, None)
        query = "SELECT * FROM lines WHERE {condition} AND project_id = ? AND hidden IS NULL"
        for row in self._of(query, renewed, around.project.id):
            before.rows[row["id"]] = row
        there = renewed & before.rows.keys()
        for take in self._of(_TAKES, there, column="line_id"):
            before.takes.setdefault(take["line_id"], []).append(take)
        script = replace(before, around=around)
        if around.order == before.around.order and there == renewed & before.by_id.keys():
            return self._in_place(script, there)
        return self._in_order(script, renewed)

    def _of(
        self, query: str, ids: Iterable[str], *values: str, column: str = "id"
    ) -> Iterator[sqlite3.Row]:
        """Return what a query finds whose condition is that a column is one of these ids."""
        wanted = list(ids)
        for begin in range(0, len(wanted), _AT_ONCE):
            some = wanted[begin : begin + _AT_ONCE]
            condition = f"{column} IN ({', '.join('?' * len(some))})"
            yield from self._database.rows(query.format(condition=condition), *some, *values)

    def _in_place(self, script: StoredScript, renewed: Iterable[str]) -> StoredScript:
        """Make some lines anew, and those that flow on from them; all stay where they are."""
        lines = list(script.lines)
        for place in script.places_of(renewed):
            lines[place] = self._line(script, lines[place].id, lines[place - 1] if place else None)
            below = place + 1
            while below < len(lines) and not lines[below].opens_block:
                lines[below] = self._line(script, lines[below].id, lines[below - 1])
                below += 1
            script.by_id.update((line.id, line) for line in lines[place:below])
        return replace(script, lines=tuple(lines))

    def _in_order(self, script: StoredScript, renewed: Collection[str]) -> StoredScript:
        """Put lines into their order; the `renewed` and those that flow on are made anew."""
        old, by_id = script.line_ids, script.by_id
        order: list[str] = json.loads(script.around.order)
        stretch = slice(0, len(order))
        if len(renewed) <= _FEW:
            stretch = changed_stretch(script.order, order, renewed)
        for line_id in renewed:
            by_id.pop(line_id, None)
        last_above = next((i for i in reversed(order[: stretch.start]) if i in by_id), "")
        first_below = next((i for i in order[stretch.stop :] if i in by_id), "")
        above = old.index(last_above) + 1 if last_above else 0
        below = old.index(first_below) if first_below else len(old)
        first = script.lines[0] if script.lines else None  # opens a block whatever its row says
        before = script.lines[above - 1] if above else None
        middle: list[Line] = []

        def add(line_id: str) -> bool:
            """Add a line; return whether it is the one that was there."""
            nonlocal before
            line = by_id.get(line_id)
            stays = before is not None and line is not None and line is not first
            if line is None or before is None or not stays or not _flows(line, before):
                line, stays = self._line(script, line_id, before), False
                by_id[line_id] = line
            middle.append(line)
            before = line
            return stays

        for line_id in order[stretch]:
            if line_id in script.rows:
                add(line_id)
        while below < len(old) and not add(old[below]):
            below += 1
        ids = *old[:above], *(line.id for line in middle), *old[below + 1 :]
        lines = (*script.lines[:above], *middle, *script.lines[below + 1 :])
        return replace(script, order=order, lines=lines, line_ids=ids)

    def _line(self, script: StoredScript, line_id: str, before: Line | None) -> Line:
        row, around = script.rows[line_id], script.around
        settings = around.project.settings
        voice_id = row["voice_id"] or settings.voice_id or ""
        of_voice = around.settings.get(voice_id)
        return line_of(
            row,
            before,
            script.takes.get(line_id, ()),
            around.project,
            {**settings.generation, **of_voice} if of_voice else settings.generation,
            around.hashes.get(voice_id, ""),
            _spoken(row["text"], around.named),
            script.pronunciations,
        )


def _spoken(text: str, named: Mapping[str, str]) -> str:
    """Return a text with the hashes of the voices that its marks name in place of their names."""
    return rename_voices(text, named) if "[" in text else text


def _flows(line: Line, before: Line) -> bool:
    """Return whether what a line has from the one before it is still so."""
    return line.opens_block or line.block_settings == before.block_settings
