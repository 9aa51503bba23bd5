"""Projects and recipes: what their menu does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu

from ditar_studio.services.projects import Project
from ditar_studio.ui.features.project.projects_dialog import ProjectsDialog
from ditar_studio.ui.kit.dialogs.ask import TextDialog
from ditar_studio.ui.kit.dialogs.ask_file import ask_for_file
from ditar_studio.ui.kit.translate import tr
from ditar_studio.ui.kit.widgets.basics import literal
from ditar_studio.ui.kit.widgets.messages import Banner

if TYPE_CHECKING:
    from ditar_studio.services.takes import Recipe
    from ditar_studio.ui.features.project.document import Document
    from ditar_studio.ui.kit.host import Host

RECENT = 8


class ProjectCommands:
    """Handles the actions of the file menu, and the menu at the project's name.

    Args:
        host: the window around it.
        document: the open project.
        menu: at the project's name.
        finish_typing: gives the project what was typed or moved just now.
    """

    def __init__(
        self,
        host: Host,
        document: Document,
        menu: QMenu,
        finish_typing: Callable[[], None],
    ) -> None:
        self._host = host
        self._document = document
        self._menu = menu
        self._finish_typing = finish_typing
        handle = host.actions.handle
        handle("file.new", self.create)
        handle("file.open", self.choose)
        handle("file.rename", self.rename)
        handle("file.duplicate", self.duplicate)
        handle("file.delete", self.delete)
        handle("file.recipe", self.choose_recipe)
        document.opened.connect(lambda _project: self._read_recent())
        host.bridge.changed.connect(
            lambda changes: self._read_recent() if changes.projects else None
        )

    # --- projects

    def create(self) -> None:
        """Make a new project with the settings of this one."""
        self._finish_typing()
        self._document.create()

    def choose(self) -> None:
        """Show all projects, to open one."""
        self._document.submit(self._document.library.projects.all, done=self._show_all)

    def open(self, project_id: str) -> None:
        """Open a project, after what was typed in this one."""
        self._finish_typing()
        self._document.open(project_id)

    def rename(self) -> None:
        """Ask for another name of the open project."""
        snapshot = self._document.snapshot
        if snapshot is not None:
            dialog = TextDialog(tr("Rename project"), "", snapshot.project.name, tr("Rename"))
            dialog.answered.connect(
                lambda name: self._document.submit(
                    self._document.library.projects.rename, snapshot.project.id, name
                )
            )
            self._host.show_dialog(dialog)

    def duplicate(self) -> None:
        """Make a second project with the same script, and open it."""
        self._finish_typing()
        self._document.submit(
            self._document.library.projects.duplicate,
            self._document.project_id,
            done=lambda made: self.open(made.value.id),
        )

    def delete(self) -> None:
        """Delete the open project."""
        self._finish_typing()
        self._document.submit(self._document.library.projects.delete, self._document.project_id)

    def _show_all(self, projects: list[Project]) -> None:
        dialog = ProjectsDialog(projects, self._document.project_id)
        dialog.chosen.connect(self.open)
        self._host.show_dialog(dialog)

    def _read_recent(self) -> None:
        self._document.submit(self._document.library.projects.recent, RECENT, done=self._fill_menu)

    def _fill_menu(self, projects: list[Project]) -> None:
        self._menu.clear()
        for project in projects:
            action = self._menu.addAction(literal(project.name))
            action.setCheckable(True)
            action.setChecked(project.id == self._document.project_id)
            action.triggered.connect(lambda _on=False, p=project.id: self.open(p))
        self._menu.addSeparator()
        for action_id in ("new", "open", "rename", "duplicate", "delete"):
            self._menu.addAction(self._host.actions.action(f"file.{action_id}"))

    # --- recipes

    def choose_recipe(self) -> None:
        """Ask for an exported file and open what it was made from as a project."""
        ask_for_file(
            self._host.window,
            tr("Open recipe from file"),
            tr("Exported sound (*.wav *.flac *.mp3 *.opus *.m4b);;All files (*)"),
            self.open_recipe,
        )

    def open_recipe(self, path: Path) -> None:
        """Open a new project of an exported file's lines, voices, settings and pronunciations."""
        from ditar_studio.services.metadata import open_recipe

        self._host.bridge.background(
            open_recipe,
            path,
            done=lambda recipes: self._restore(recipes, path.stem),
            owner=self._document,
        )

    def _restore(self, recipes: list[Recipe], name: str) -> None:
        snapshot = self._document.snapshot
        if snapshot is not None:
            self._document.submit(
                self._document.library.projects.restore,
                recipes,
                name,
                snapshot.project.settings,
                done=lambda made: self.open(made.value.id),
            )
            self._document.submit(
                self._document.library.projects.missing_voices, recipes, done=self._warn_missing
            )

    def _warn_missing(self, names: list[str]) -> None:
        if names:
            self._host.add_message(
                Banner(
                    "warning",
                    tr("Not in this library, or changed since: {names}.", names=", ".join(names)),
                    tr("Import these voices, or choose others for the lines."),
                )
            )
