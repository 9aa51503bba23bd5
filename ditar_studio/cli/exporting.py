"""`ditar-studio export`: a project of the studio as sound files, spoken first if need be."""

from __future__ import annotations

import argparse
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from ditar_studio.cli.console import Console
from ditar_studio.cli.speaking import load, stop_on_interrupt
from ditar_studio.errors import StudioError
from ditar_studio.services.export_settings import ExportSettings
from ditar_studio.services.library import Library
from ditar_studio.services.projects import export_project, find_project, speak_due

if TYPE_CHECKING:
    from ditar_studio.services.projects import Project

INTERRUPTED = 130


def run(arguments: argparse.Namespace) -> int:
    """Export; return exit code 0, or 130 when interrupted."""
    console = Console.of(arguments)
    settings = _settings(arguments)
    folder = Path(arguments.out_dir).expanduser()
    with stop_on_interrupt() as cancel, Library() as library:
        if library.damaged is not None:
            console.warn(library.damaged.message, library.damaged.remedy)
        project = find_project(library, arguments.project)
        if arguments.speak:
            _speak(library, project, arguments, cancel, console)
        if cancel.is_set():
            console.result({"files": [], "cancelled": True}, "Stopped; what was spoken is kept.")
            return INTERRUPTED
        made = export_project(
            library,
            project,
            folder,
            settings,
            progress=lambda fraction: console.progress(fraction, "exporting"),
            cancel=cancel,
        )
    if made.limited:
        console.warn("It is quieter than asked for, so that its peaks don't clip.")
    values: dict[str, Any] = {
        "files": [str(file) for file in made.files],
        "gain_db": round(made.gain_db, 3),
        "cancelled": made.cancelled,
    }
    console.result(values, "\n".join(map(str, made.files)) or "Stopped; nothing was written.")
    return INTERRUPTED if made.cancelled else 0


def _settings(arguments: argparse.Namespace) -> ExportSettings:
    return ExportSettings(
        format=arguments.format,
        sample_rate=arguments.sample_rate,
        layout=arguments.layout,
        subtitles=tuple(dict.fromkeys(arguments.subtitles or ())),
        loudness=arguments.loudness,
        speed=arguments.speed,
        fit_times=arguments.fit_times,
        name=arguments.name or "",
        replace=arguments.force,
        watermark=arguments.watermark,
    )


def _speak(
    library: Library,
    project: Project,
    arguments: argparse.Namespace,
    cancel: threading.Event,
    console: Console,
) -> None:
    """Speak what is due.

    Raises:
        StudioError: lines could not be spoken.
    """
    from ditar_studio.services.loaded_model import VoiceCache
    from ditar_studio.services.render_events import (
        LineFailed,
        RenderDone,
        RenderProgress,
        RenderStarted,
        RenderWarned,
        SoundReady,
        TakeDone,
        TakeStarted,
        WordHeard,
    )

    if not any(line.is_due for line in library.lines.of_project(project.id)):
        return
    arguments.model = arguments.model or project.settings.model
    model = load(arguments)
    failed: list[LineFailed] = []
    for event in speak_due(library, project, model, VoiceCache(model), cancel):
        match event:
            case RenderProgress():
                console.progress(event.fraction, f"speaking, RTF {event.rtf:.2f}")
            case RenderWarned():
                console.warn(event.message, event.remedy)
            case LineFailed():
                failed.append(event)
            case RenderStarted() | TakeStarted() | SoundReady() | WordHeard():
                pass
            case TakeDone() | RenderDone():
                pass
            case _:
                assert_never(event)
    if failed:
        raise StudioError(
            f"{len(failed)} lines can't be spoken: {failed[0].message}", failed[0].remedy
        )
