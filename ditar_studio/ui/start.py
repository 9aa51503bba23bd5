"""Starts the studio: one process, one window."""

from __future__ import annotations

from collections.abc import Sequence

from ditar_studio.ui.application import make_application
from ditar_studio.ui.preferences import PreferenceFile
from ditar_studio.ui.shell import Shell


def start(arguments: Sequence[str] = ()) -> int:
    """Opens the window and stays until it is closed; the exit code.

    Args:
        arguments: name of a project to open, if any.
    """
    app = make_application(["ditar-studio", *arguments])
    shell = Shell(app, PreferenceFile())
    shell.ended.connect(app.quit)
    shell.start()
    return app.exec()
