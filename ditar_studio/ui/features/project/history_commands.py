"""Versions of the project and the bin: what their menu does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ditar_studio.ui.features.project.history_dialog import BinDialog, VersionsDialog
from ditar_studio.ui.kit.dialogs.ask import TextDialog
from ditar_studio.ui.kit.translate import counted, tr
from ditar_studio.ui.kit.widgets.messages import Banner

if TYPE_CHECKING:
    from ditar_studio.services.history import DeletedItem, Version
    from ditar_studio.services.projects import Project
    from ditar_studio.ui.features.project.document import Document
    from ditar_studio.ui.kit.host import Host


class HistoryCommands:
    """Keeps versions, restores them, and brings deleted things back.

    Args:
        host: the window around it.
        document: the open project.
        finish_typing: gives the project what was typed or moved just now.
    """

    def __init__(
        self,
        host: Host,
        document: Document,
        finish_typing: Callable[[], None],
    ) -> None:
        self._host = host
        self._document = document
        self._library = document.library
        self._finish_typing = finish_typing
        handle = host.actions.handle
        handle("file.save", self.save)
        handle("file.name_version", self.save_named)
        handle("file.versions", self.show_versions)
        handle("file.bin", self.show_bin)
        self._just_opened = ""
        document.opened.connect(self._on_opened)
        document.loaded.connect(lambda _snapshot: self._keep_opened())

    def save(self) -> None:
        """Keep the project as it is now, as a version."""
        self._save_version("", tr("Saved. Everything is also saved automatically."))

    def save_named(self) -> None:
        """Ask for a name and keep the project under it."""
        dialog = TextDialog(tr("Save a version"), tr("What is it called?"), accept=tr("Save"))
        dialog.answered.connect(
            lambda name: self._save_version(name, tr("“{name}” is saved as a version.", name=name))
        )
        self._host.show_dialog(dialog)

    def show_versions(self) -> None:
        """List the versions of the project."""

        def show(versions: list[Version]) -> None:
            dialog = VersionsDialog(versions)
            dialog.restore_asked.connect(lambda chosen: self._restore_version(chosen[0]))
            self._host.show_dialog(dialog)

        versions = self._library.versions
        self._document.submit(versions.of_project, self._document.project_id, done=show)

    def show_bin(self) -> None:
        """List what was deleted."""

        def show(contents: list[DeletedItem]) -> None:
            dialog = BinDialog(contents)
            dialog.restore_asked.connect(self._restore_things)
            self._host.show_dialog(dialog)

        self._document.submit(self._library.bin.contents, done=show)

    def _save_version(self, name: str, words: str) -> None:
        self._finish_typing()
        self._document.submit(
            self._library.versions.keep,
            self._document.project_id,
            name,
            done=lambda _version: self._host.toasts.notify(words, "success"),
        )

    def _restore_version(self, version: Version) -> None:
        self._document.submit(
            self._library.versions.restore, version.id, done=lambda _made: self._offer_voices()
        )

    def _restore_things(self, things: list[DeletedItem]) -> None:
        self._document.submit(
            self._library.bin.restore, *things, done=lambda _made: self._on_restored(things)
        )

    def _on_restored(self, things: list[DeletedItem]) -> None:
        words = counted("{count} thing is restored.", "{count} things are restored.", len(things))
        projects = [thing.id for thing in things if thing.kind == "projects"]
        show = (tr("Open"), lambda: self._open(projects[0])) if len(projects) == 1 else None
        self._host.toasts.notify(words, "success", action=show)
        self._offer_voices()

    def _open(self, project_id: str) -> None:
        self._finish_typing()
        self._document.open(project_id)

    def _offer_voices(self) -> None:
        """Show which voices of the project are still in the bin."""
        self._document.submit(
            self._library.bin.voices_of, self._document.project_id, done=self._warn_missing
        )

    def _warn_missing(self, voices: list[DeletedItem]) -> None:
        if not voices:
            return

        def restore() -> None:
            banner.dismiss()
            self._restore_things(voices)

        words = counted(
            "“{names}” is in the bin; what spoke in it has no voice now.",
            "{names} are in the bin; what spoke in them has no voice now.",
            len(voices),
            names=", ".join(voice.name for voice in voices),
        )
        banner = Banner("warning", words, "", (tr("Restore"), restore))
        self._host.add_message(banner)

    def _on_opened(self, project: Project) -> None:
        self._just_opened = project.id

    def _keep_opened(self) -> None:
        """Keep the project as it was left, once a day; it is shown before."""
        project_id, self._just_opened = self._just_opened, ""
        if project_id:
            self._document.submit(self._library.versions.keep, project_id)
