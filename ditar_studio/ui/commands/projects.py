"""Projects, recipes and exports: what their menu does."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from ditar_studio.errors import StudioError
from ditar_studio.store.project import Project
from ditar_studio.ui.dialogs.ask import TextDialog
from ditar_studio.ui.dialogs.projects import ProjectsDialog
from ditar_studio.ui.translate import counted, tr

if TYPE_CHECKING:
    from ditar_studio.services.export import Exported
    from ditar_studio.services.export_plan import Plan
    from ditar_studio.services.export_settings import ExportSettings
    from ditar_studio.store.recipe import Recipe
    from ditar_studio.ui.studio import Studio

RECENT = 8


class ProjectCommands:
    """Handles the actions of the file menu, and the menu at the project's name."""

    def __init__(self, studio: Studio) -> None:
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
        handle("file.export", self.export)
        handle("takes.export", self.export_takes)
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

    # --- exports

    def export(self) -> None:
        """Asks how, and exports the takes that stand for the lines of the script."""
        from ditar_studio.services.export_plan import plan

        self.studio.script.flush()
        self.document.ask(
            plan,
            self.document.library,
            self.document.project_id,
            done=lambda made: self._ask(made, single=False),
        )

    def export_takes(self) -> None:
        """Asks how, and exports the selected takes."""
        from ditar_studio.services.export_plan import plan_takes

        snapshot = self.document.snapshot
        takes = [self.studio.takes.take(take_id) for take_id in self.studio.takes.selected]
        chosen = [take for take in takes if take is not None]
        if snapshot is not None and chosen:
            self._ask(plan_takes(chosen, snapshot.project.name), single=True)

    def _ask(self, what: Plan, single: bool) -> None:
        from dataclasses import replace

        from ditar_studio.ui.dialogs.export import ExportDialog, plain, settings_from

        snapshot = self.document.snapshot
        if snapshot is None:
            return
        if not what.pieces:
            self.toasts.notify(
                tr("There is nothing to export yet."), "info", tr("Speak a line first.")
            )
            return
        kept = snapshot.project.settings
        settings = settings_from(kept.export, kept.speed)
        watermark = self.studio.preferences.value.watermark
        if single:
            settings = replace(settings, layout="per_line")
        folder = Path(kept.export.get("folder") or _music_folder())
        dialog = ExportDialog(what, settings, folder, single)
        cancel = threading.Event()

        def run(wanted: ExportSettings, where: Path) -> None:
            from ditar_studio.services.export import export

            cancel.clear()
            if not single:
                self.document.ask(
                    self.document.library.projects.change_settings,
                    snapshot.project.id,
                    label="",
                    export=plain(wanted, where),
                )
            bridge = self.studio.bridge

            def progress(fraction: float) -> None:
                bridge.post(lambda: dialog.show_progress(fraction))

            def work() -> Exported:
                with self.document.library.unfinished.work_in(where):
                    settings = replace(wanted, watermark=watermark)
                    return export(what, where, settings, progress=progress, cancel=cancel)

            bridge.background(
                work,
                done=over,
                failed=failed,
                owner=dialog,
            )

        def over(made: Exported) -> None:
            if not made.cancelled:
                dialog.done(0)
                self._notify(made)
                if made.checks:
                    from ditar_studio.ui.dialogs.checks import ChecksDialog

                    self.studio.shell.show_dialog(ChecksDialog(made.checks))

        def failed(error: StudioError) -> None:
            dialog.show_problem(f"{error.message} {error.remedy}")

        dialog.wanted.connect(run)
        dialog.cancelled.connect(cancel.set)
        self.studio.shell.show_dialog(dialog)

    def _notify(self, made: Exported) -> None:
        folder = made.files[0].parent
        words = counted("{count} file is exported.", "{count} files are exported.", len(made.files))
        remedy = (
            tr("It is quieter than asked for, so that its peaks don't clip.")
            if made.limited
            else str(folder)
        )
        self.toasts.notify(
            words,
            "success",
            remedy,
            (
                tr("Show in folder"),
                lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))),
            ),
            seconds=12.0,
        )


def _music_folder() -> str:
    """Where exports go if nothing else was chosen."""
    from PySide6.QtCore import QStandardPaths

    places = QStandardPaths.standardLocations(QStandardPaths.StandardLocation.MusicLocation)
    return places[0] if places else str(Path.home())
