"""`ditar-studio import`: voices and projects from files into the studio's library."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ditar_studio.cli.console import Console
from ditar_studio.errors import StudioError
from ditar_studio.services.library import Library
from ditar_studio.services.metadata import SIDECAR, open_recipe
from ditar_studio.services.projects import Project, ProjectSettings
from ditar_studio.services.sound_file import SUFFIXES
from ditar_studio.services.voice_library import VOICE_SUFFIX


def run(arguments: argparse.Namespace) -> int:
    """Import a file by what it is; exit code 0."""
    console = Console.of(arguments)
    path = Path(arguments.path).expanduser()
    if path.suffix == VOICE_SUFFIX:
        with Library() as library:
            voice = library.voices.import_bundle(path).value
        console.result({"voice": voice.name}, f"The voice “{voice.name}” is in the library.")
    elif path.suffix.lower() in SUFFIXES or path.name.endswith(SIDECAR):
        recipes = open_recipe(path)
        with Library() as library:
            name = arguments.name or path.name.partition(".")[0]
            settings = ProjectSettings(voice_id=_voice_id(library, arguments.voice))
            made = library.projects.restore(recipes, name, settings).value
            _report(console, library, made)
    else:
        raise StudioError(
            f"“{path.name}” can't be imported.",
            f"Import {VOICE_SUFFIX} files, or sound files that DiTAR Studio exported.",
        )
    return 0


def _voice_id(library: Library, name: str | None) -> str | None:
    if name is None:
        return None
    voice = library.voices.find(name)
    if voice is None:
        raise StudioError(
            f"There is no voice “{name}” in the library.", "“voices list” names those there are."
        )
    return voice.id


def _report(console: Console, library: Library, project: Project) -> None:
    lines = len(library.lines.of_project(project.id))
    values: dict[str, Any] = {"project": project.name, "lines": lines}
    console.result(values, f"The project “{project.name}” has {lines} lines.")
