"""Versions of the project and the bin: what their menu does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ditar_studio.ui.features.project.history_dialog import BinDialog, VersionsDialog
from ditar_studio.ui.kit.dialogs.ask import TextDialog
from ditar_studio.ui.kit.translate import counted, tr

if TYPE_CHECKING:
    from ditar_studio.services.history import Trashed, Version
    from ditar_studio.services.projects import Project
    from ditar_studio.ui.shell.workspace import Workspace


class HistoryCommands:
    """Keeps versions, restores them, and brings deleted things back."""

    def __init__(self, studio: Workspace) -> None:
        self.studio = studio
        self.document = studio.document
        handle = studio.actions_.handle
        handle("file.save", self.save)
        handle("file.name_version", self.save_named)
        handle("file.versions", self.show_versions)
        handle("file.bin", self.show_bin)
        self.document.opened.connect(self._on_opened)

    def save(self) -> None:
        """Keeps the project as it is now, as a version."""
        self._keep("", tr("Saved. Everything is kept by itself, too."))

    def save_named(self) -> None:
        """Asks for a name and keeps the project under it."""
        dialog = TextDialog(tr("Save a version"), tr("What is it called?"), accept=tr("Save"))
        dialog.answered.connect(
            lambda name: self._keep(name, tr("“{name}” is saved as a version.", name=name))
        )
        self.studio.shell.show_dialog(dialog)

    def show_versions(self) -> None:
        """Lists the versions of the project."""

        def show(versions: list[Version]) -> None:
            dialog = VersionsDialog(versions)
            dialog.restore_asked.connect(self._restore_version)
            self.studio.shell.show_dialog(dialog)

        versions = self.studio.library.versions
        self.document.ask(versions.of_project, self.document.project_id, done=show)

    def show_bin(self) -> None:
        """Lists what was deleted."""

        def show(contents: list[Trashed]) -> None:
            dialog = BinDialog(contents)
            dialog.restore_asked.connect(self._restore_things)
            self.studio.shell.show_dialog(dialog)

        self.document.ask(self.studio.library.trash.contents, done=show)

    def _keep(self, name: str, words: str) -> None:
        self.studio.script.flush()
        self.studio.parameters.flush()
        self.document.ask(
            self.studio.library.versions.keep,
            self.document.project_id,
            name,
            done=lambda _version: self.studio.toasts.notify(words, "success"),
        )

    def _restore_version(self, version: Version) -> None:
        self.document.ask(self.studio.library.versions.restore, version.id)

    def _restore_things(self, things: list[Trashed]) -> None:
        for thing in things:
            self.document.ask(self.studio.library.trash.restore, thing)
        words = counted("{count} thing is back.", "{count} things are back.", len(things))
        self.studio.toasts.notify(words, "success")

    def _on_opened(self, project: Project) -> None:
        """Keeps the project as it was left, once a day."""
        self.document.ask(self.studio.library.versions.keep, project.id)
