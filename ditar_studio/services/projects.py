"""The studio's projects, for who only wants to list and export them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ditar_studio.errors import StudioError
from ditar_studio.services.export import Exported, ExportSettings, export, plan

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from ditar_studio.store.library import Library
    from ditar_studio.store.projects import Project


def find_project(library: Library, name: str) -> Project:
    """The project of this name, letter case aside.

    Raises:
        StudioError: there is none.
    """
    projects = library.projects.all()
    wanted = " ".join(name.split()).casefold()
    for project in projects:
        if project.name.casefold() == wanted or project.id == name:
            return project
    names = ", ".join(project.name for project in projects[:20]) or "none yet"
    raise StudioError(f"There is no project “{name}”.", f"Projects: {names}.")


def export_project(
    library: Library,
    project: Project,
    folder: Path,
    settings: ExportSettings,
    *,
    progress: Callable[[float], None] | None = None,
    cancel: threading.Event | None = None,
) -> Exported:
    """Write the takes that stand for a project's lines into a folder.

    Raises:
        StudioError: a line was never spoken, or as `services.export.export`.
    """
    what = plan(library, project.id)
    if what.missing:
        words = " ".join(what.missing[0].text.split())[:40]
        raise StudioError(
            f"{len(what.missing)} lines of “{project.name}” were never spoken; the first is "
            f"“{words}”.",
            "Speak them in the studio first.",
        )
    with library.unfinished.work_in(folder):
        return export(what, folder, settings, progress=progress, cancel=cancel)
