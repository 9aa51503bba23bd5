"""Projects: a script of lines, the settings it is spoken with, and what is up to date."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from ditar_studio.errors import StudioError
from ditar_studio.store import files
from ditar_studio.store.changes import Outcome
from ditar_studio.store.database import Database, Transaction, serial
from ditar_studio.store.openings import openings_after_loss, openings_after_move
from ditar_studio.store.recipe import (
    Recipe,
    fingerprint,
    merged_pronunciations,
    pronunciations_in,
)
from ditar_studio.store.voice_rows import reference_hashes, voice_settings

LineState = Literal["empty", "rendered", "stale", "failed"]


@dataclass(frozen=True)
class ProjectSettings:
    """What a project is spoken and exported with.

    Args:
        model: name of the model.
        voice_id: the voice of lines that name none.
        generation: generation settings as plain values; a seed of None is rolled for each take.
        speed: tempo after generation, pitch kept.
        lexicon: the pronunciation list as text.
        export: the export dialog's last choices as plain values.
    """

    model: str = "builtin"
    voice_id: str | None = None
    generation: Mapping[str, Any] = field(default_factory=dict)
    speed: float = 1.0
    lexicon: str = ""
    export: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Project:
    """A project without its lines.

    Args:
        model_hash: hash of the model's weights when they were last seen; empty before.
        created, modified, opened: in seconds since 1970.
    """

    id: str
    name: str
    settings: ProjectSettings
    model_hash: str
    created: float
    modified: float
    opened: float


@dataclass(frozen=True)
class NewLine:
    """A line to be added.

    Args:
        opens_block: whether a paragraph begins with it; else it flows on from the line before.
        section: title of the chapter that begins with it; empty if none does.
        settings: generation settings of its own, as plain values.
        block_settings: those of the block that it opens.
    """

    text: str
    voice_id: str | None = None
    speaker: str = ""
    pause_seconds: float = 0.25
    opens_block: bool = True
    section: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    block_settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """A line of a script.

    Args:
        voice_id: its voice; None means the project's.
        speaker: the name it was pasted with ("Anna: ...").
        pause_seconds: silence after it.
        locked: not to be spoken anew by "speak all that is stale".
        take_id: the take that stands for it: the chosen one, else the newest starred one,
            else the newest.
        state: "empty" (never spoken), "rendered", "stale" (something changed since,
            or it was stopped), "failed".
        failure: what went wrong when `state` is "failed".
        fingerprint: of what would be spoken now; given to `Takes.begin`.
        opens_block: whether a paragraph (block) begins with it; the first line always opens one.
        section: title of the chapter that begins with it; empty if none does.
        settings: generation settings that it has of its own.
        block_settings: those of the block that it is in.
        generation: the settings in force: the project's, changed by those of its voice, of its
            block and its own.
    """

    id: str
    project_id: str
    text: str
    voice_id: str | None
    speaker: str
    pause_seconds: float
    locked: bool
    take_id: str | None
    state: LineState
    failure: str
    fingerprint: str
    opens_block: bool = True
    section: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    block_settings: Mapping[str, Any] = field(default_factory=dict)
    generation: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_due(self) -> bool:
        """Whether "speak all that is stale" speaks it."""
        return not self.locked and bool(self.text.strip()) and self.state != "rendered"


class Projects:
    """The projects of a library and their lines."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # --- projects

    @serial
    def all(self) -> list[Project]:
        """All projects, the most recently opened first."""
        query = "SELECT * FROM projects WHERE hidden IS NULL ORDER BY opened DESC, created DESC"
        return [_project(row) for row in self.database.rows(query)]

    @serial
    def recent(self, count: int = 10) -> list[Project]:
        return self.all()[:count]

    @serial
    def get(self, project_id: str) -> Project:
        return _project(self._row(project_id))

    @serial
    def create(
        self,
        name: str = "",
        settings: ProjectSettings | None = None,
        *,
        undoable: bool = True,
    ) -> Outcome[Project]:
        """A new, empty project; "Untitled" when it has no name. Undo takes it away."""
        project_id = files.new_id()
        with self.database.operation("New project" if undoable else "") as work:
            work.insert(
                "projects",
                project_id,
                name=self._free_name(name or "Untitled"),
                settings=_settings_json(settings or ProjectSettings()),
                created=work.now,
                modified=work.now,
                opened=work.now,
            )
        return work.outcome(self.get(project_id))

    @serial
    def open(self, project_id: str) -> Outcome[Project]:
        """Put a project on top of the recent ones."""
        self._row(project_id)
        with self.database.operation() as work:
            work.update("projects", project_id, opened=work.now)
        return work.outcome(self.get(project_id))

    @serial
    def open_last(self) -> Outcome[Project]:
        """The project opened last, or a new one in an empty library: what a window starts with."""
        projects = self.recent(1)
        return self.open(projects[0].id) if projects else self.create(undoable=False)

    @serial
    def rename(self, project_id: str, name: str) -> Outcome[Project]:
        self._row(project_id)
        if not name.strip():
            raise StudioError("A project needs a name.", "Type a name.")
        with self.database.operation("Rename project") as work:
            work.update("projects", project_id, name=self._free_name(name, project_id))
            self._stamp(work, project_id)
        return work.outcome(self.get(project_id))

    @serial
    def change_settings(
        self, project_id: str, /, label: str = "Change settings", merge: str = "", **changes: Any
    ) -> Outcome[Project]:
        """Change fields of the project's settings; `generation` and `export` are merged into.

        Args:
            label: what the undo menu says ("Change temperature").
            merge: changes with the same key in quick succession (a slider) undo as one.
        """
        settings = self.get(project_id).settings
        for name in ("generation", "export"):
            if name in changes:
                changes[name] = {**getattr(settings, name), **changes[name]}
        with self.database.operation(label, merge and f"{project_id} {merge}") as work:
            text = _settings_json(replace(settings, **changes))
            work.update("projects", project_id, settings=text)
            self._stamp(work, project_id)
        return work.outcome(self.get(project_id))

    @serial
    def set_model_hash(self, project_id: str, model_hash: str) -> Outcome[None]:
        """Note the hash of the model that speaks the project now; other takes become stale."""
        self._row(project_id)
        with self.database.operation() as work:
            work.update("projects", project_id, model_hash=model_hash)
        return work.outcome(None)

    @serial
    def queue(self, project_id: str) -> tuple[str, ...]:
        """Ids of the lines that were still to be spoken when the studio was closed."""
        order = json.loads(self._row(project_id)["queue"])
        there = {line.id for line in self.lines(project_id)}
        return tuple(line_id for line_id in order if line_id in there)

    @serial
    def set_queue(self, project_id: str, line_ids: Sequence[str]) -> Outcome[None]:
        """Note which lines are still to be spoken, so that it can go on after a restart."""
        self._row(project_id)
        with self.database.operation() as work:
            queue = json.dumps(list(line_ids))
            work.execute("UPDATE projects SET queue = ? WHERE id = ?", queue, project_id)
        return work.outcome(None)

    @serial
    def duplicate(self, project_id: str) -> Outcome[Project]:
        """A second project with the same script and settings, without the takes."""
        old = self.get(project_id)
        lines = self.lines(project_id)
        new_project = files.new_id()
        with self.database.operation("Duplicate project") as work:
            identifiers = [files.new_id() for _ in lines]
            work.insert(
                "projects",
                new_project,
                name=self._free_name(old.name),
                settings=_settings_json(old.settings),
                model_hash=old.model_hash,
                line_order=json.dumps(identifiers),
                created=work.now,
                modified=work.now,
                opened=work.now,
            )
            for identifier, line in zip(identifiers, lines, strict=True):
                _insert_line(work, new_project, identifier, _as_new(line))
        return work.outcome(self.get(new_project))

    @serial
    def delete(self, project_id: str) -> Outcome[None]:
        """Delete a project with its lines and takes; undo brings it back."""
        self._row(project_id)
        with self.database.operation("Delete project") as work:
            work.hide("projects", project_id)
        return work.outcome(None)

    # --- lines

    @serial
    def lines(self, project_id: str) -> list[Line]:
        """The script from top to bottom, with the state of each line."""
        project = self._row(project_id)
        rows = {
            row["id"]: row
            for row in self.database.rows(
                "SELECT * FROM lines WHERE project_id = ? AND hidden IS NULL", project_id
            )
        }
        takes: dict[str, list[sqlite3.Row]] = {}
        for take in self.database.rows(
            "SELECT id, line_id, fingerprint, starred, status FROM takes WHERE project_id = ? "
            "AND line_id IS NOT NULL AND hidden IS NULL AND status != 'recording' "
            "ORDER BY created DESC, rowid DESC",
            project_id,
        ):
            takes.setdefault(take["line_id"], []).append(take)
        hashes = reference_hashes(self.database)
        of_voices = voice_settings(self.database)
        parent = _project(project)
        found: list[Line] = []
        for identifier in json.loads(project["line_order"]):
            if identifier in rows:
                row, before = rows[identifier], found[-1] if found else None
                voice_id = row["voice_id"] or parent.settings.voice_id or ""
                inherited = {**parent.settings.generation, **of_voices.get(voice_id, {})}
                standing = takes.get(identifier, [])
                found.append(
                    _line(row, before, standing, parent, inherited, hashes.get(voice_id, ""))
                )
        return found

    @serial
    def line(self, line_id: str) -> Line:
        """One line; StudioError when it has been deleted."""
        row = self.database.row("SELECT project_id FROM lines WHERE id = ?", line_id)
        found = self.lines(row["project_id"]) if row else []
        for line in found:
            if line.id == line_id:
                return line
        raise StudioError("This line is no longer there.", "Undo its deletion.")

    @serial
    def add_lines(
        self, project_id: str, lines: Sequence[NewLine], at: int | None = None
    ) -> Outcome[list[Line]]:
        """Insert lines before position `at`, or at the end."""
        order = self._order(project_id)
        at = len(order) if at is None else at
        identifiers = [files.new_id() for _ in lines]
        label = "Add line" if len(lines) == 1 else "Add lines"
        with self.database.operation(label) as work:
            for identifier, line in zip(identifiers, lines, strict=True):
                _insert_line(work, project_id, identifier, line)
            self._set_order(work, project_id, order[:at] + identifiers + order[at:])
        added = set(identifiers)
        return work.outcome([line for line in self.lines(project_id) if line.id in added])

    @serial
    def restore(
        self, recipes: Sequence[Recipe], name: str, settings: ProjectSettings
    ) -> Outcome[Project]:
        """A new project of lines that will be spoken as recipes say.

        Text, voices, pronunciations and generation settings are theirs. Voices are known again by
        their id, else by the sound of their reference; a line whose voice is not in this library
        has its name as speaker and no voice. A seed is pinned only if all recipes have the same.

        Args:
            settings: where the recipes say nothing: model, voice of further lines, export.
        """
        if not recipes:
            raise StudioError("There is no recipe in it.", "Choose a file that was exported.")
        by_hash = {digest: voice for voice, digest in self._usable_voices().items()}
        known = set(by_hash.values())
        seeds = {recipe.settings.get("seed") for recipe in recipes}
        generation = {**recipes[0].settings, "seed": seeds.pop() if len(seeds) == 1 else None}
        lexicon = merged_pronunciations("", (recipe.pronunciations for recipe in recipes))
        settings = replace(settings, generation=generation, lexicon=lexicon, speed=1.0)
        project_id = files.new_id()
        identifiers = [files.new_id() for _ in recipes]
        with self.database.operation("Open recipe") as work:
            work.insert(
                "projects",
                project_id,
                name=self._free_name(name),
                settings=_settings_json(settings),
                line_order=json.dumps(identifiers),
                created=work.now,
                modified=work.now,
                opened=work.now,
            )
            for identifier, recipe in zip(identifiers, recipes, strict=True):
                same = recipe.voice_id in known
                voice = recipe.voice_id if same else by_hash.get(recipe.voice_hash)
                line = NewLine(recipe.text, voice, recipe.voice_name)
                _insert_line(work, project_id, identifier, line)
        return work.outcome(self.get(project_id))

    @serial
    def replace_script(self, project_id: str, lines: Sequence[NewLine]) -> Outcome[list[Line]]:
        """Put other lines in place of all there are (paste over, open a text)."""
        identifiers = [files.new_id() for _ in lines]
        with self.database.operation("Replace script") as work:
            for identifier in self._order(project_id):
                work.hide("lines", identifier)
            for identifier, line in zip(identifiers, lines, strict=True):
                _insert_line(work, project_id, identifier, line)
            self._set_order(work, project_id, identifiers)
        return work.outcome(self.lines(project_id))

    @serial
    def set_text(self, line_id: str, text: str) -> Outcome[Line]:
        """Change what a line says; typing in quick succession undoes as one."""
        return self._edit(line_id, "Edit line", f"text {line_id}", text=text, failure="")

    @serial
    def set_voice(self, line_ids: Sequence[str], voice_id: str | None) -> Outcome[list[Line]]:
        """Give lines a voice; None for the project's."""
        with self.database.operation("Choose voice") as work:
            for line_id in line_ids:
                work.update("lines", line_id, voice_id=voice_id)
            self._stamp_of(work, line_ids)
        return work.outcome(self._these(line_ids))

    @serial
    def set_pause(self, line_id: str, seconds: float) -> Outcome[Line]:
        """Set the silence after a line, in seconds (0..60)."""
        if not 0 <= seconds <= 60:
            raise StudioError("A pause is between 0 and 60 seconds.", "Type a shorter pause.")
        return self._edit(line_id, "Change pause", f"pause {line_id}", pause_seconds=seconds)

    @serial
    def set_locked(self, line_ids: Sequence[str], locked: bool) -> Outcome[list[Line]]:
        with self.database.operation("Lock line" if locked else "Unlock line") as work:
            for line_id in line_ids:
                work.update("lines", line_id, locked=int(locked))
            self._stamp_of(work, line_ids)
        return work.outcome(self._these(line_ids))

    @serial
    def choose_take(self, line_id: str, take_id: str | None) -> Outcome[Line]:
        """Let a take stand for the line; None for the newest."""
        return self._edit(line_id, "Choose take", "", take_id=take_id)

    @serial
    def split_line(self, line_id: str, at: int, *, opens_block: bool = True) -> Outcome[list[Line]]:
        """Cut a line in two at a character; the first half keeps the takes.

        Args:
            opens_block: whether the second half begins a paragraph, or flows on.
        """
        line = self.line(line_id)
        before, behind = line.text[:at].rstrip(), line.text[at:].lstrip()
        if not before or not behind:
            raise StudioError(
                "There is nothing to split here.", "Put the cursor between two words."
            )
        order = self._order(line.project_id)
        place = order.index(line_id) + 1
        second = files.new_id()
        with self.database.operation("Split line") as work:
            work.update("lines", line_id, text=before)
            new = replace(_as_new(line), text=behind, opens_block=opens_block, section="")
            _insert_line(work, line.project_id, second, new)
            self._set_order(work, line.project_id, [*order[:place], second, *order[place:]])
        return work.outcome([self.line(line_id), self.line(second)])

    @serial
    def join_lines(self, line_ids: Sequence[str]) -> Outcome[Line]:
        """Make one line of several, in script order; the first keeps its voice and takes."""
        chosen = self._these(line_ids)
        if len(chosen) < 2:
            raise StudioError("Joining needs two lines or more.", "Select more lines.")
        first, *others = chosen
        with self.database.operation("Join lines") as work:
            text = " ".join(line.text.strip() for line in chosen)
            work.update("lines", first.id, text=text, pause_seconds=others[-1].pause_seconds)
            for line in others:
                work.hide("lines", line.id)
            self._stamp(work, first.project_id)
        return work.outcome(self.line(first.id))

    @serial
    def move_lines(self, line_ids: Sequence[str], to: int) -> Outcome[list[Line]]:
        """Move lines, kept in script order, to position `to` among the lines that stay."""
        lines = self._same_project(line_ids)
        moved = set(line_ids)
        project_id = lines[0].project_id
        staying = [line.id for line in lines if line.id not in moved]
        going = [line.id for line in lines if line.id in moved]
        order = staying[:to] + going + staying[to:]
        with self.database.operation("Move line" if len(going) == 1 else "Move lines") as work:
            self._set_order(work, project_id, order)
            for line_id, columns in openings_after_move(lines, order, moved).items():
                work.update("lines", line_id, "", **columns)
        return work.outcome(self.lines(project_id))

    @serial
    def delete_lines(self, line_ids: Sequence[str]) -> Outcome[None]:
        """Delete lines; their takes stay in the project."""
        label = "Delete line" if len(line_ids) == 1 else "Delete lines"
        lines = self._same_project(line_ids) if line_ids else []
        with self.database.operation(label) as work:
            for line_id, columns in openings_after_loss(lines, set(line_ids)).items():
                work.update("lines", line_id, "", **columns)
            for line_id in line_ids:
                work.hide("lines", line_id)
            self._stamp_of(work, line_ids)
        return work.outcome(None)

    @serial
    def mark_failed(self, line_id: str, failure: str) -> Outcome[None]:
        """Note that speaking a line failed; with an empty text, that it no longer does."""
        with self.database.operation() as work:
            work.update("lines", line_id, failure=failure)
        return work.outcome(None)

    # --- inside

    def _row(self, project_id: str) -> sqlite3.Row:
        query = "SELECT * FROM projects WHERE id = ? AND hidden IS NULL"
        row = self.database.row(query, project_id)
        if row is None:
            raise StudioError(
                "This project is no longer there.", "Undo its deletion, or open another."
            )
        return row

    def _order(self, project_id: str) -> list[str]:
        return [line.id for line in self.lines(project_id)]

    def _same_project(self, line_ids: Sequence[str]) -> list[Line]:
        if not line_ids:
            raise StudioError("No line is selected.", "Select a line.")
        return self.lines(self.line(line_ids[0]).project_id)

    def _usable_voices(self) -> dict[str, str]:
        """Hashes of the references of voices that are not deleted, by voice."""
        rows = self.database.rows("SELECT id FROM voices WHERE hidden IS NULL")
        there = {row["id"] for row in rows}
        hashes = reference_hashes(self.database)
        return {voice: digest for voice, digest in hashes.items() if voice in there}

    def _these(self, line_ids: Sequence[str]) -> list[Line]:
        return [line for line in self._same_project(line_ids) if line.id in set(line_ids)]

    def _edit(self, line_id: str, label: str, merge: str, **columns: Any) -> Outcome[Line]:
        self.line(line_id)
        with self.database.operation(label, merge) as work:
            work.update("lines", line_id, "", **columns)
            self._stamp_of(work, [line_id])
        return work.outcome(self.line(line_id))

    def _set_order(self, work: Transaction, project_id: str, order: Sequence[str]) -> None:
        work.update("projects", project_id, line_order=json.dumps(list(order)))
        self._stamp(work, project_id)

    def _stamp(self, work: Transaction, project_id: str) -> None:
        work.execute("UPDATE projects SET modified = ? WHERE id = ?", work.now, project_id)

    def _stamp_of(self, work: Transaction, line_ids: Sequence[str]) -> None:
        for line_id in line_ids:
            work.execute(
                "UPDATE projects SET modified = ? "
                "WHERE id = (SELECT project_id FROM lines WHERE id = ?)",
                work.now,
                line_id,
            )

    def _free_name(self, name: str, but: str = "") -> str:
        wanted = " ".join(name.split())
        query = "SELECT name FROM projects WHERE hidden IS NULL AND id != ?"
        taken = {row["name"].casefold() for row in self.database.rows(query, but)}
        number, free = 1, wanted
        while free.casefold() in taken:
            number += 1
            free = f"{wanted} {number}"
        return free


def _insert_line(work: Transaction, project_id: str, line_id: str, line: NewLine) -> None:
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
        created=work.now,
    )


def _as_new(line: Line) -> NewLine:
    """A line like another one."""
    return NewLine(
        line.text,
        line.voice_id,
        line.speaker,
        line.pause_seconds,
        line.opens_block,
        line.section,
        line.settings,
        line.block_settings if line.opens_block else {},
    )


def _line(
    row: sqlite3.Row,
    before: Line | None,
    takes: list[sqlite3.Row],
    project: Project,
    inherited: Mapping[str, Any],
    voice_hash: str,
) -> Line:
    """A line with its state.

    Args:
        before: the line before it; None for the first.
        takes: its finished ones, newest first.
        inherited: the generation settings of its project and voice.
    """
    opens = before is None or bool(row["opens_block"])
    block = json.loads(row["block_settings"]) if before is None or opens else before.block_settings
    own = json.loads(row["settings"])
    generation = {**inherited, **block, **own}
    expected = fingerprint(
        project.model_hash,
        voice_hash,
        row["text"],
        generation,
        pronunciations_in(project.settings.lexicon, row["text"]),
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
    )


def _project(row: sqlite3.Row) -> Project:
    return Project(
        id=row["id"],
        name=row["name"],
        settings=_settings(row["settings"]),
        model_hash=row["model_hash"],
        created=row["created"],
        modified=row["modified"],
        opened=row["opened"],
    )


def settings_text(values: Mapping[str, Any]) -> str:
    """Settings, as plain values of this or an earlier version, as they are stored."""
    known = ProjectSettings.__dataclass_fields__
    return _settings_json(ProjectSettings(**{n: v for n, v in values.items() if n in known}))


def _settings(text: str) -> ProjectSettings:
    values = json.loads(text)
    known = ProjectSettings.__dataclass_fields__
    return ProjectSettings(**{name: values[name] for name in known if name in values})


def _settings_json(settings: ProjectSettings) -> str:
    return json.dumps(asdict(settings), ensure_ascii=False, sort_keys=True)
