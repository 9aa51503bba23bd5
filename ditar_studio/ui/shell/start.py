"""Starts the studio: one process, one window."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ditar_studio.services.library import default_root
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.shell.application import make_application
from ditar_studio.ui.shell.first_instance import FirstInstance, address_of, raise_first
from ditar_studio.ui.shell.garbage import GarbageCollector
from ditar_studio.ui.shell.shell import FRAME, Shell
from ditar_studio.ui.shell.system import closing_on_signals, log_qt_messages

if TYPE_CHECKING:
    from ditar_studio.services.library import Library
    from ditar_studio.ui.shell.studio import Studio

_SWITCH_SECONDS = 0.002
"""So long may the engine's thread keep the interpreter when window or sound want it."""


def start(arguments: Sequence[str] = ()) -> int:
    """Open the window and stay until it is closed; return the exit code: 128 + number after a
    signal.

    Where the studio is open already, its window comes to the front and that is all.

    Args:
        arguments: name of a project to open, if any.
    """
    log_qt_messages()
    app = make_application(["ditar-studio", *arguments])
    preferences = PreferenceFile()
    address = address_of(Path(preferences.value.library_folder or default_root()))
    if raise_first(address):
        return 0
    sys.setswitchinterval(_SWITCH_SECONDS)
    garbage = GarbageCollector(app)
    shell = Shell(app, preferences)
    if not preferences.value.window:
        shell.window.fit(shell.window.screen().availableSize() - FRAME)
    first = FirstInstance(address, shell.come_to_front, app)
    shell.ended.connect(first.close)
    shell.ended.connect(app.quit)
    shell.opened.connect(lambda library: watch(fill(shell, library), garbage))
    shell.start()
    with closing_on_signals(shell.close) as signals:  # seen while the collector's timer runs
        code = app.exec()
    return 128 + signals[0] if signals else code


def fill(shell: Shell, library: Library) -> Studio:
    """Put the panels into the window, now that the library is there; it is shown already."""
    from ditar_studio.ui.shell.backends import system_backends
    from ditar_studio.ui.shell.studio import Studio

    studio = Studio(shell, library, system_backends())
    studio.start()
    return studio


def watch(studio: Studio, garbage: GarbageCollector) -> None:
    """Keep long collections away from the time in which `studio` speaks."""
    from ditar_studio.ui.features.speaking.engine_model import ModelState

    def loaded(state: ModelState) -> None:
        if state is ModelState.READY:
            garbage.freeze()

    studio.engine.state_changed.connect(loaded)
    studio.engine.started.connect(lambda _lines: garbage.set_busy(True))
    studio.engine.stopped.connect(lambda _takes, _cancelled: garbage.set_busy(False))
