"""`ditar-studio speech-dispatcher`: a module of Speech Dispatcher, for screen readers on Linux."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ditar_studio.cli.console import Console

if TYPE_CHECKING:
    from ditar_studio.python_api.model import Model

EXECUTABLE = "sd_ditar-studio"


def run(arguments: argparse.Namespace) -> int:
    """Answer Speech Dispatcher until it leaves, or print the lines that register this program."""
    if arguments.print_config:
        beside = Path(sys.argv[0]).resolve().with_name(EXECUTABLE)
        module = str(beside) if beside.exists() else shutil.which(EXECUTABLE) or EXECUTABLE
        line = f'AddModule "ditar-studio" "{module}" ""'
        Console.of(arguments).result({"config": line}, line)
        return 0
    from ditar_studio.api.lazy_model import LazyModel
    from ditar_studio.api.speechd_module import SpeechdModule
    from ditar_studio.services.models import located

    # What anything else prints must not come between the module's answers.
    write = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    name = located(arguments.model)

    def load() -> Model:
        from ditar_studio.python_api.model import load_model

        model = load_model(name)
        if arguments.voice:
            model.voice(arguments.voice)
        return model

    with write:
        SpeechdModule(sys.stdin.buffer, write, LazyModel(load), arguments.voice or "").run()
    return 0
