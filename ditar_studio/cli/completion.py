"""`ditar-studio completion`: what has a shell complete commands, options and names.

The shell asks the program itself (argcomplete), so that what is completed is never out of date.
"""

from __future__ import annotations

import argparse
from typing import Any

from ditar_studio.cli import streams
from ditar_studio.installation import NAME


def run(arguments: argparse.Namespace) -> int:
    """Print the script for a shell; exit code 0."""
    from argcomplete.shell_integration import shellcode

    streams.deliver(shellcode([NAME], shell=arguments.shell))
    return 0


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer a shell that asks how a line goes on, and end the process; for a shell only."""
    import argcomplete

    for action in _actions(parser):
        if "--voice" in action.option_strings:
            action.completer = _voices  # type: ignore[attr-defined]
        elif "--model" in action.option_strings:
            action.completer = _models  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser)


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    found = []
    for action in parser._actions:
        found.append(action)
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                found += _actions(each)
    return found


def _voices(**asked: Any) -> list[str]:
    from ditar_studio.services.voice_library import known_voices

    return [voice.name for voice in known_voices()]


def _models(**asked: Any) -> list[str]:
    from ditar_studio.services.models import Models, default_folder

    return ["builtin", *(model.name for model in Models(default_folder()).installed())]
