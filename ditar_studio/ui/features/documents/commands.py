"""Documents into the script: what the import action and dropped files do."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ditar_studio.documents import SUFFIXES, Document, ReadOptions, read_document
from ditar_studio.services.document_lines import script_lines
from ditar_studio.services.new_lines import new_lines
from ditar_studio.ui.features.documents.import_dialog import ImportDialog
from ditar_studio.ui.kit.dialogs.ask_file import ask_for_file
from ditar_studio.ui.kit.dropped import left_out
from ditar_studio.ui.kit.translate import counted, mark, tr
from ditar_studio.ui.kit.widgets.messages import Banner

if TYPE_CHECKING:
    from ditar_studio.services.history import Outcome
    from ditar_studio.services.library import Library
    from ditar_studio.services.projects import Line, NewLine, Project, ProjectSettings
    from ditar_studio.ui.features.project import document as project
    from ditar_studio.ui.features.script.view_model import Script
    from ditar_studio.ui.kit.host import Host

_SHORT = 1500
"""Words of a text without chapters that is imported without a question."""
_SLOW = 2 << 20
"""Bytes of a file whose reading is announced."""
_IMPORT = mark("Import document")
"""What the undo calls it."""


class DocumentCommands:
    """Handles the import of documents."""

    def __init__(
        self,
        host: Host,
        document: project.Document,
        script: Script,
    ) -> None:
        self._host = host
        self._document = document
        self._script = script
        self._toasts = host.toasts
        host.actions.handle("script.import", self.choose)

    def choose(self) -> None:
        """Ask for a document and import it."""
        kinds = " ".join(f"*{suffix}" for suffix in SUFFIXES)
        ask_for_file(
            self._host.window,
            tr("Open a document as script"),
            tr("Documents ({kinds});;All files (*)", kinds=kinds),
            self.open,
        )

    def open_dropped(self, path: str, others: int) -> None:
        """Open a file that was dropped with so many others."""
        if others:
            self._host.add_message(Banner("info", left_out(others)))
        self.open(Path(path))

    def open(self, path: Path) -> None:
        """Read a document; ask what of it is wanted, unless it is a short text."""
        if path.is_file() and path.stat().st_size > _SLOW:
            self._toasts.notify(tr("Reading {file}…", file=path.name), "info")
        self._host.bridge.background(
            read_document, path, done=lambda read: self._ask(path, read), owner=self._document
        )

    def _ask(self, path: Path, read: Document) -> None:
        if len(read.chapters) == 1 and read.words <= _SHORT and not read.remarks:
            self._add(read, False)
            return
        filled = any(self._script.text(line.id).strip() for line in self._script.lines)
        dialog = ImportDialog(path.name, read, into_new=filled)
        dialog.options_changed.connect(lambda options: self._read_again(path, options, dialog))
        dialog.wanted.connect(self._add)
        self._host.show_dialog(dialog)

    def _read_again(self, path: Path, options: ReadOptions, dialog: ImportDialog) -> None:
        self._host.bridge.background(
            read_document,
            path,
            options,
            done=lambda read: dialog.show_document(read, options),
            owner=dialog,
        )

    def _add(self, read: Document, into_new: bool) -> None:
        snapshot = self._document.snapshot
        if snapshot is None:
            return
        export: dict[str, str | bytes] = {
            "title": read.title,
            "author": read.author,
            "cover": read.cover,
        }
        if not into_new:
            add = partial(_take_over, self._document.library, read.title, export)
            self._script.insert(
                lambda: script_lines(read),
                over_greeting=True,
                add=add if self._script.untouched else None,
                done=self._notify_count,
            )
            return
        self._script.flush()
        voices, settings = snapshot.voices, snapshot.project.settings
        self._host.bridge.background(
            lambda: new_lines(script_lines(read), voices),
            done=lambda lines: self._document.submit(
                _make_project,
                self._document.library,
                read.title,
                settings,
                export,
                lines,
                done=self._open,
            ),
            owner=self._document,
        )

    def _open(self, made: tuple[Project, int]) -> None:
        project, count = made
        self._document.open(project.id)
        self._notify_count(count)

    def _notify_count(self, count: int) -> None:
        words = counted("{count} line was imported.", "{count} lines were imported.", count)
        self._toasts.notify(words, "success")


def _make_project(
    library: Library,
    name: str,
    settings: ProjectSettings,
    export: dict[str, str | bytes],
    lines: list[NewLine],
) -> tuple[Project, int]:
    """Make a project of these lines; on the library's thread."""
    with library.one_step(_IMPORT):
        project = library.projects.create(name, settings).value
        library.lines.add(project.id, lines)
        return _describe(library, project.id, export), len(lines)


def _take_over(
    library: Library,
    title: str,
    export: dict[str, str | bytes],
    project_id: str,
    lines: list[NewLine],
    at: int | None,
    *,
    instead: Sequence[str],
) -> Outcome[list[Line]]:
    """Add lines to a project that was empty: it becomes that of their document.

    The document names it if nothing else has. On the library's thread.
    """
    with library.one_step(_IMPORT):
        added = library.lines.add(project_id, lines, at, instead=instead)
        name = library.projects.get(project_id).name
        if title and name.rstrip(" 0123456789") == tr("Untitled"):
            library.projects.rename(project_id, title)
        _describe(library, project_id, export)
    return added


def _describe(library: Library, project_id: str, export: dict[str, str | bytes]) -> Project:
    """Keep for exports of a project what book it is; on the library's thread."""
    known = {key: value for key, value in export.items() if value}
    if isinstance(picture := known.get("cover"), bytes):
        known["cover"] = library.keep_cover(project_id, picture)
    return library.projects.change_settings(project_id, export=known).value
