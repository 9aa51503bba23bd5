"""Projects and recipes: what their menu does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

from ditar_studio.services.projects import Project
from ditar_studio.ui.features.project.projects_dialog import ProjectsDialog
from ditar_studio.ui.kit.dialogs.ask import TextDialog
from ditar_studio.ui.kit.translate import tr

if TYPE_CHECKING:
    from ditar_studio.services.takes import Recipe
    from ditar_studio.ui.shell.workspace import Workspace

RECENT = 8


class ProjectCommands:
    """Handles the actions of the file menu, and the menu at the project's name."""

    def __init__(self, studio: Workspace) -> None:
        self.studio = studio
        self.document = studio.document
        self.toasts = studio.toasts
        self.actions_ = studio.actions_
        self.menu = studio.window.project_menu
        handle = self.actions_.handle
        handle("file.new", self.create)
        handle("file.open", self.choose)
        handle("file.rename", self.rename)
        handle("file.duplicate", self.duplicate)
        handle("file.delete", self.delete)
        handle("file.recipe", self.choose_recipe)
        studio.document.opened.connect(lambda _project: self._read_recent())
        studio.bridge.changed.connect(
            lambda changes: self._read_recent() if changes.projects else None
        )

    # --- projects

    def create(self) -> None:
        """Makes a new project with the settings of this one."""
        self.studio.script.flush()
        self.document.create()

    def choose(self) -> None:
        """Shows all projects, to open one."""
        self.document.ask(self.document.library.projects.all, done=self._show_all)

    def open(self, project_id: str) -> None:
        """Opens a project, after what was typed in this one."""
        self.studio.script.flush()
        self.studio.parameters.flush()
        self.document.open(project_id)

    def rename(self) -> None:
        """Asks for another name of the open project."""
        snapshot = self.document.snapshot
        if snapshot is not None:
            dialog = TextDialog(tr("Rename project"), "", snapshot.project.name, tr("Rename"))
            dialog.answered.connect(
                lambda name: self.document.ask(
                    self.document.library.projects.rename, snapshot.project.id, name
                )
            )
            self.studio.shell.show_dialog(dialog)

    def duplicate(self) -> None:
        """Makes a second project with the same script, and opens it."""
        self.studio.script.flush()
        self.document.ask(
            self.document.library.projects.duplicate,
            self.document.project_id,
            done=lambda made: self.open(made.value.id),
        )

    def delete(self) -> None:
        """Deletes the open project."""
        self.studio.script.flush()
        self.studio.parameters.flush()
        self.document.ask(self.document.library.projects.delete, self.document.project_id)

    def _show_all(self, projects: list[Project]) -> None:
        dialog = ProjectsDialog(projects, self.document.project_id)
        dialog.chosen.connect(self.open)
        self.studio.shell.show_dialog(dialog)

    def _read_recent(self) -> None:
        self.document.ask(self.document.library.projects.recent, RECENT, done=self._fill_menu)

    def _fill_menu(self, projects: list[Project]) -> None:
        self.menu.clear()
        for project in projects:
            action = self.menu.addAction(project.name)
            action.setCheckable(True)
            action.setChecked(project.id == self.document.project_id)
            action.triggered.connect(lambda _on=False, p=project.id: self.open(p))
        self.menu.addSeparator()
        for action_id in ("new", "open", "rename", "duplicate", "delete"):
            self.menu.addAction(self.actions_.action(f"file.{action_id}"))

    # --- recipes

    def choose_recipe(self) -> None:
        """Asks for an exported file and opens what it was made from as a project."""
        path, _kind = QFileDialog.getOpenFileName(
            self.studio.window,
            tr("Open recipe from file"),
            "",
            tr("Exported sound (*.wav *.flac *.mp3 *.opus *.m4b);;All files (*)"),
        )
        if path:
            self.open_recipe(Path(path))

    def open_recipe(self, path: Path) -> None:
        """Opens a new project of an exported file's lines, voices, settings and pronunciations."""
        from ditar_studio.services.metadata import open_recipe

        self.studio.bridge.background(
            open_recipe,
            path,
            done=lambda recipes: self._restore(recipes, path.stem),
            owner=self.studio,
        )

    def _restore(self, recipes: list[Recipe], name: str) -> None:
        snapshot = self.document.snapshot
        if snapshot is not None:
            self.document.ask(
                self.document.library.projects.restore,
                recipes,
                name,
                snapshot.project.settings,
                done=lambda made: self.open(made.value.id),
            )
