"""The studio's projects: listing, speaking and exporting them without the studio."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ditar_studio.errors import StudioError
from ditar_studio.store.line_order import common_ends as common_ends
from ditar_studio.store.project import Line as Line
from ditar_studio.store.project import LineState as LineState
from ditar_studio.store.project import NewLine as NewLine
from ditar_studio.store.project import Project as Project
from ditar_studio.store.project import ProjectChanges as ProjectChanges
from ditar_studio.store.project import ProjectSettings as ProjectSettings

if TYPE_CHECKING:
    import threading

    from ditar_studio.engine.speech_model import SpeechModel
    from ditar_studio.engine.voice import VoiceCache
    from ditar_studio.services.export import Exported
    from ditar_studio.services.export_settings import ExportSettings
    from ditar_studio.services.render_events import RenderEvent
    from ditar_studio.store.library import Library


@dataclass(frozen=True)
class ProjectState:
    """A project and how much of it was spoken.

    Attributes:
        name: of the project.
        lines: in its script.
        spoken: of these, at least once.
        due: of these, never or before something was changed.
    """

    name: str
    lines: int
    spoken: int
    due: int


def project_states(library: Library) -> list[ProjectState]:
    """Return all projects, and how much of each was spoken."""
    states = []
    for project in library.projects.all():
        lines = library.lines.of_project(project.id)
        spoken = sum(line.take_id is not None for line in lines)
        states.append(
            ProjectState(project.name, len(lines), spoken, sum(line.is_due for line in lines))
        )
    return states


def find_project(library: Library, name: str) -> Project:
    """Find the project of this name, letter case aside.

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


def speak_due(
    library: Library,
    project: Project,
    model: SpeechModel,
    voices: VoiceCache,
    cancel: threading.Event,
) -> Iterator[RenderEvent]:
    """Speak the lines of a project that were never spoken or changed since; none if none are."""
    from ditar_studio.services.render import RenderRequest, render

    due = tuple(line.id for line in library.lines.of_project(project.id) if line.is_due)
    if due:
        yield from render(library, model, RenderRequest(project.id, due), cancel, voices)


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
    from ditar_studio.services.export import export
    from ditar_studio.services.export_plan import plan

    what = plan(library, project.id)
    if what.missing:
        words = " ".join(what.missing[0].text.split())[:40]
        raise StudioError(
            f"{len(what.missing)} lines of “{project.name}” were never spoken; the first is "
            f"“{words}”.",
            "Speak them first, in the studio or by “export --speak”.",
        )
    with library.unfinished.work_in(folder):
        return export(what, folder, settings, progress=progress, cancel=cancel)
