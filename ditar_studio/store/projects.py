"""Projects: a script of lines, the settings it is spoken with, and what is up to date."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ditar_studio.errors import StudioError
from ditar_studio.store import files
from ditar_studio.store.changes import Outcome
from ditar_studio.store.database import Database, Transaction, serial
from ditar_studio.store.openings import openings_after_loss, openings_after_move
from ditar_studio.store.project import Line, NewLine, Project, ProjectSettings
from ditar_studio.store.project_rows import (
    as_new,
    free_name,
    insert_line,
    project_of,
    settings_json,
)
from ditar_studio.store.recipe import Recipe, merged_pronunciations
from ditar_studio.store.script_cache import ScriptCache
from ditar_studio.store.voice_rows import reference_hashes


class Projects:
    """The projects of a library and their lines."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._scripts = ScriptCache(database)

    # --- projects

    @serial
    def all(self) -> list[Project]:
        """All projects, the most recently opened first."""
        query = "SELECT * FROM projects WHERE hidden IS NULL ORDER BY opened DESC, created DESC"
        return [project_of(row) for row in self.database.rows(query)]

    @serial
    def recent(self, count: int = 10) -> list[Project]:
        return self.all()[:count]

    @serial
    def get(self, project_id: str) -> Project:
        return project_of(self._row(project_id))

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
                name=free_name(self.database, name or "Untitled"),
                settings=settings_json(settings or ProjectSettings()),
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
            work.update("projects", project_id, name=free_name(self.database, name, project_id))
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
            text = settings_json(replace(settings, **changes))
            work.update("projects", project_id, settings=text)
            self._stamp(work, project_id)
        return work.outcome(self.get(project_id))

    @serial
    def general_lexicon(self) -> str:
        """The pronunciation list of all projects, as text."""
        row = self.database.row("SELECT value FROM meta WHERE key = 'lexicon'")
        return row["value"] if row is not None else ""

    @serial
    def set_general_lexicon(self, text: str) -> Outcome[None]:
        """Change the pronunciation list of all projects; takes of what it changes become stale."""
        with self.database.operation() as work:
            work.execute("INSERT OR REPLACE INTO meta VALUES ('lexicon', ?)", text)
        return work.outcome(None)

    @serial
    def lexicon_of(self, project: Project) -> str:
        """The pronunciations in force in a project: its own, and those of all projects."""
        return merged_pronunciations(project.settings.lexicon, [self.general_lexicon()])

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
                name=free_name(self.database, old.name),
                settings=settings_json(old.settings),
                model_hash=old.model_hash,
                line_order=json.dumps(identifiers),
                created=work.now,
                modified=work.now,
                opened=work.now,
            )
            for identifier, line in zip(identifiers, lines, strict=True):
                insert_line(work, new_project, identifier, as_new(line))
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
        return list(self._scripts.read(self._row(project_id)).lines)

    @serial
    def line(self, line_id: str) -> Line:
        """One line; StudioError when it has been deleted."""
        row = self.database.row("SELECT project_id FROM lines WHERE id = ?", line_id)
        script = self._scripts.read(self._row(row["project_id"])) if row else None
        found = script.line(line_id) if script is not None else None
        if found is not None:
            return found
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
                insert_line(work, project_id, identifier, line)
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
        generation = recipes[0].settings.copy()
        generation["seed"] = seeds.pop() if len(seeds) == 1 else None
        lexicon = merged_pronunciations("", (recipe.pronunciations for recipe in recipes))
        settings = replace(settings, generation=generation, lexicon=lexicon, speed=1.0)
        project_id = files.new_id()
        identifiers = [files.new_id() for _ in recipes]
        with self.database.operation("Open recipe") as work:
            work.insert(
                "projects",
                project_id,
                name=free_name(self.database, name),
                settings=settings_json(settings),
                line_order=json.dumps(identifiers),
                created=work.now,
                modified=work.now,
                opened=work.now,
            )
            for identifier, recipe in zip(identifiers, recipes, strict=True):
                same = recipe.voice_id in known
                voice = recipe.voice_id if same else by_hash.get(recipe.voice_hash)
                line = NewLine(recipe.text, voice, recipe.voice_name)
                insert_line(work, project_id, identifier, line)
        return work.outcome(self.get(project_id))

    @serial
    def replace_script(self, project_id: str, lines: Sequence[NewLine]) -> Outcome[list[Line]]:
        """Put other lines in place of all there are (paste over, open a text)."""
        identifiers = [files.new_id() for _ in lines]
        with self.database.operation("Replace script") as work:
            for identifier in self._order(project_id):
                work.hide("lines", identifier)
            for identifier, line in zip(identifiers, lines, strict=True):
                insert_line(work, project_id, identifier, line)
            self._set_order(work, project_id, identifiers)
        return work.outcome(self.lines(project_id))

    @serial
    def set_text(self, line_id: str, text: str) -> Outcome[Line]:
        """Change what a line says; typing in quick succession undoes as one."""
        return self._edit(line_id, "Edit line", f"text {line_id}", text=text, failure="")

    @serial
    def replace_texts(self, texts: Mapping[str, str]) -> Outcome[None]:
        """Change what lines say, by their ids, in one step (find and replace)."""
        with self.database.operation("Replace text") as work:
            for line_id, text in texts.items():
                work.update("lines", line_id, text=text, failure="")
            self._stamp_of(work, list(texts)[:1])
        return work.outcome(None)

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
            work.update("lines", line_id, text=before, ends=None)
            new = replace(
                as_new(line), text=behind, opens_block=opens_block, section="", starts=None
            )
            insert_line(work, line.project_id, second, new)
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
            last = others[-1]
            work.update(
                "lines", first.id, text=text, pause_seconds=last.pause_seconds, ends=last.ends
            )
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
        wanted = set(line_ids)
        return [line for line in self._same_project(line_ids) if line.id in wanted]

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
        for line_id in line_ids[:1]:  # all are of one project
            work.execute(
                "UPDATE projects SET modified = ? "
                "WHERE id = (SELECT project_id FROM lines WHERE id = ?)",
                work.now,
                line_id,
            )
