"""The composition root: the one place that knows both the command line and the interface."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ditar_studio import cli
from ditar_studio.cli.display import display_is_there
from ditar_studio.errors import StudioError
from ditar_studio.installation import program


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit code."""
    return cli.main(arguments, start_studio=_start_studio)


def speech_dispatcher_module() -> int:
    """Run as Speech Dispatcher starts its modules: with its configuration file's name, if any."""
    return main(["speech-dispatcher"])


def _start_studio(arguments: Sequence[str]) -> int:
    if not os.environ.get("QT_QPA_PLATFORM") and not display_is_there():
        raise StudioError(
            "There is no display to open the studio on.",
            f"Start it on a desktop; “{program()} speak --help” tells how to speak without one.",
        )
    try:
        from ditar_studio.ui.shell.start import start
    except ImportError as error:
        raise StudioError(
            f"The window's libraries can't be used: {error}.",
            f"“{program()} doctor” tells what is missing.",
        ) from error

    return start(arguments)
