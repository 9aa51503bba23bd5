"""`ditar-studio projects`: the studio's projects."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from ditar_studio.cli.console import Console
from ditar_studio.services.library import Library
from ditar_studio.services.projects import project_states


def run(arguments: argparse.Namespace) -> int:
    """List them; exit code 0."""
    console = Console.of(arguments)
    with Library() as library:
        if library.damaged is not None:
            console.warn(library.damaged.message, library.damaged.remedy)
        states = project_states(library)
    lines = [
        f"{state.name}  {state.lines} lines, {state.spoken} spoken"
        + (f", {state.due} to be spoken" if state.due else "")
        for state in states
    ]
    console.result(
        {"projects": [asdict(state) for state in states]},
        "\n".join(lines) or "The library has no project yet.",
    )
    return 0
