"""Projects: their names, the settings they are spoken with, and what waits to be spoken."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Unpack

from ditar_studio.errors import StudioError
from ditar_studio.store import files
from ditar_studio.store.changes import Outcome
from ditar_studio.store.database import Database, Transaction, serial
from ditar_studio.store.lines import Lines
from ditar_studio.store.project import NewLine, Project, ProjectChanges, ProjectSettings
from ditar_studio.store.project_rows import (
    as_new,
    free_name,
    general_lexicon,
    insert_line,
    project_of,
    project_row,
    settings_json,
    stamp,
)
from ditar_studio.store.recalled_voices import RecalledVoices
from ditar_studio.store.recipe import Recipe, merged_pronunciations


class Projects:
    """The projects of a library."""

    def __init__(self, database: Database, lines: Lines) -> None:
        self.database = database
        self._lines = lines

    @serial
    def all(self) -> list[Project]:
        """Return all projects, the most recently opened first."""
        query = "SELECT * FROM projects WHERE hidden IS NULL ORDER BY opened DESC, created DESC"
        return [project_of(row) for row in self.database.rows(query)]

    @serial
    def recent(self, count: int = 10) -> list[Project]:
        """Return the projects that were opened last."""
        return self.all()[:count]

    @serial
    def get(self, project_id: str) -> Project:
        """Return a project by id; StudioError when it has been deleted."""
        return project_of(project_row(self.database, project_id))

    @serial
    def create(
        self,
        name: str = "",
        settings: ProjectSettings | None = None,
        *,
        undoable: bool = True,
    ) -> Outcome[Project]:
        """Make a new, empty project; "Untitled" when it has no name. Undo takes it away."""
        project_id = files.new_id()
        with self.database.operation("New project" if undoable else "") as work:
            work.insert(
                "projects",
                project_id,
                name=free_name(self.database, name or "Untitled"),
                settings=settings_json(settings or ProjectSettings()),
                created=work.now,
                modified=work.now,
                opened=self._next_opening(work),
            )
        return work.outcome(self.get(project_id))

    @serial
    def open(self, project_id: str) -> Outcome[Project]:
        """Put a project on top of the recent ones."""
        project_row(self.database, project_id)
        with self.database.operation() as work:
            work.update("projects", project_id, opened=self._next_opening(work))
        return work.outcome(self.get(project_id))

    @serial
    def open_last(self, name: str = "") -> Outcome[Project]:
        """Return the project opened last, or a new one in an empty library: what a window starts
        with.

        Args:
            name: of the new one.
        """
        projects = self.recent(1)
        return self.open(projects[0].id) if projects else self.create(name, undoable=False)

    @serial
    def rename(self, project_id: str, name: str) -> Outcome[Project]:
        """Give a project another name, with a number behind it if that is taken."""
        project_row(self.database, project_id)
        if not name.strip():
            raise StudioError("A project needs a name.", "Type a name.")
        with self.database.operation("Rename project") as work:
            work.update("projects", project_id, name=free_name(self.database, name, project_id))
            stamp(work, project_id)
        return work.outcome(self.get(project_id))

    @serial
    def change_settings(
        self,
        project_id: str,
        /,
        label: str = "Change settings",
        merge: str = "",
        **changes: Unpack[ProjectChanges],
    ) -> Outcome[Project]:
        """Change fields of the project's settings; `generation` and `export` are merged into.

        Args:
            label: what the undo menu says ("Change temperature").
            merge: changes with the same key in quick succession (a slider) undo as one.
        """
        settings = self.get(project_id).settings
        if "generation" in changes:
            changes["generation"] = {**settings.generation, **changes["generation"]}
        if "export" in changes:
            changes["export"] = {**settings.export, **changes["export"]}
        with self.database.operation(label, merge and f"{project_id} {merge}") as work:
            text = settings_json(replace(settings, **changes))
            work.update("projects", project_id, settings=text)
            stamp(work, project_id)
        return work.outcome(self.get(project_id))

    @serial
    def general_lexicon(self) -> str:
        """Return the pronunciation list of all projects, as text."""
        return general_lexicon(self.database)

    @serial
    def set_general_lexicon(self, text: str) -> Outcome[None]:
        """Change the pronunciation list of all projects; takes of what it changes become stale."""
        with self.database.operation("Change pronunciations") as work:
            work.update("meta", "lexicon", value=text)
        return work.outcome(None)

    @serial
    def lexicon_of(self, project: Project) -> str:
        """Return the pronunciations in force in a project: its own, and those of all projects."""
        return merged_pronunciations(project.settings.lexicon, [self.general_lexicon()])

    @serial
    def set_model_hash(self, project_id: str, model_hash: str) -> Outcome[None]:
        """Note the hash of the model that speaks the project now; other takes become stale."""
        project_row(self.database, project_id)
        with self.database.operation() as work:
            work.update("projects", project_id, model_hash=model_hash)
        return work.outcome(None)

    @serial
    def queue(self, project_id: str) -> tuple[str, ...]:
        """Return ids of the lines that were still to be spoken when the studio was closed."""
        order = json.loads(project_row(self.database, project_id)["queue"])
        there = {line.id for line in self._lines.of_project(project_id)}
        return tuple(line_id for line_id in order if line_id in there)

    @serial
    def set_queue(self, project_id: str, line_ids: Sequence[str]) -> Outcome[None]:
        """Note which lines are still to be spoken, so that it can go on after a restart."""
        project_row(self.database, project_id)
        with self.database.operation() as work:
            queue = json.dumps(list(line_ids))
            work.execute("UPDATE projects SET queue = ? WHERE id = ?", queue, project_id)
        return work.outcome(None)

    @serial
    def duplicate(self, project_id: str) -> Outcome[Project]:
        """Make a second project with the same script and settings, without the takes."""
        old = self.get(project_id)
        lines = self._lines.of_project(project_id)
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
                opened=self._next_opening(work),
            )
            for identifier, line in zip(identifiers, lines, strict=True):
                insert_line(work, new_project, identifier, as_new(line))
        return work.outcome(self.get(new_project))

    @serial
    def delete(self, project_id: str) -> Outcome[None]:
        """Delete a project with its lines and takes; undo brings it back."""
        project_row(self.database, project_id)
        with self.database.operation("Delete project") as work:
            work.hide("projects", project_id)
        return work.outcome(None)

    @serial
    def restore(
        self, recipes: Sequence[Recipe], name: str, settings: ProjectSettings
    ) -> Outcome[Project]:
        """Make a new project of lines that will be spoken as recipes say.

        Text, voices, pronunciations and generation settings are theirs. Voices are known again by
        their id, else by the sound of their reference, and marks in the text name them as they are
        called now; a line whose voice is not in this library has its name as speaker and no voice
        (see `missing_voices`). A seed is pinned only if all recipes have the same.

        Args:
            settings: where the recipes say nothing: model, voice of further lines, export.
        """
        if not recipes:
            raise StudioError("There is no recipe in it.", "Choose a file that was exported.")
        voices = RecalledVoices(self.database)
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
                opened=self._next_opening(work),
            )
            for identifier, recipe in zip(identifiers, recipes, strict=True):
                line = NewLine(voices.text_of(recipe), voices.id_of(recipe), recipe.voice_name)
                insert_line(work, project_id, identifier, line)
        return work.outcome(self.get(project_id))

    @serial
    def missing_voices(self, recipes: Sequence[Recipe]) -> list[str]:
        """Return names of voices that this library hasn't, or no longer as recipes were made with
        them.
        """
        return RecalledVoices(self.database).missing(recipes)

    # --- inside

    def _next_opening(self, work: Transaction) -> float:
        """Return the time for a project that is opened now: after all others, also where the clock
        was put back.
        """
        last = self.database.rows("SELECT coalesce(max(opened), 0) FROM projects")[0][0]
        return max(work.now, float(last) + 0.001)
