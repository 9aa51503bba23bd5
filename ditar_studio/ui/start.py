"""Starts the studio: one process, one window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ditar_studio.ui.application import make_application
from ditar_studio.ui.preferences import PreferenceFile
from ditar_studio.ui.shell import Shell

if TYPE_CHECKING:
    from ditar_studio.store.library import Library


def start(arguments: Sequence[str] = ()) -> int:
    """Opens the window and stays until it is closed; the exit code.

    Args:
        arguments: name of a project to open, if any.
    """
    app = make_application(["ditar-studio", *arguments])
    shell = Shell(app, PreferenceFile())
    shell.ended.connect(app.quit)
    shell.opened.connect(lambda library: _fill(shell, library))
    shell.start()
    return app.exec()


def _fill(shell: Shell, library: Library) -> None:
    """Puts the panels into the window, now that the library is there; it is shown already."""
    from ditar_studio.ui.studio import Studio, real_machinery

    Studio(shell, library, real_machinery()).start()
