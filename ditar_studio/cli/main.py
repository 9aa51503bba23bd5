"""Running a command, and reporting its failure."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence

from ditar_studio.cli import streams
from ditar_studio.cli.completion import complete
from ditar_studio.cli.config import apply_defaults
from ditar_studio.cli.console import RED, coloured, one_line
from ditar_studio.cli.options import build_parser
from ditar_studio.cli.parsing import UsageError
from ditar_studio.errors import StudioError
from ditar_studio.installation import program
from ditar_studio.services.failure_log import keep_failures

log = logging.getLogger(__name__)

FAILED, MISUSED, UNEXPECTED, INTERRUPTED = 1, 2, 70, 130

_MODULES = {
    "import": "importing",
    "export": "exporting",
    "speech-dispatcher": "speech_dispatcher",
}
"""Where commands are whose names no module can have."""

StartStudio = Callable[[Sequence[str]], int]


def main(arguments: Sequence[str] | None = None, start_studio: StartStudio | None = None) -> int:
    """Run a command.

    Args:
        arguments: as on the command line, without the program's name; None takes the process's.
        start_studio: opens the window; given by `ditar_studio.app`, which knows the interface.

    Returns:
        The exit code: 0, or 1 for a failure that was reported, 70 for one that was not expected,
        130 when interrupted.

    Raises:
        SystemExit: after wrong usage (2) and after help (0).
    """
    streams.make_usable()
    if "_ARGCOMPLETE" in os.environ:
        complete(build_parser())
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json, debug = "--json" in given, "--debug" in given
    with keep_failures():
        try:
            return _run(_parsed(given), start_studio)
        except UsageError as error:
            message, remedy = error.args
            _report(as_json, MISUSED, message, remedy, error)
            raise SystemExit(MISUSED) from None
        except StudioError as error:
            if debug:
                raise
            _report(as_json, FAILED, error.message, error.remedy, error)
            return FAILED
        except KeyboardInterrupt:
            _report(as_json, INTERRUPTED, "Interrupted.", "", None)
            return INTERRUPTED
        except BrokenPipeError as error:
            log.warning("nobody reads the output", exc_info=error)
            return FAILED
        except OSError as error:
            if debug:
                raise
            what = f"“{error.filename}” can't be used" if error.filename else "That can't be done"
            remedy = "Check the path, your rights to it, and the space on the disk."
            _report(as_json, FAILED, f"{what}: {error.strerror or error}.", remedy, error)
            return FAILED
        except Exception as error:
            if debug:
                raise
            _report(
                as_json,
                UNEXPECTED,
                f"Something unexpected went wrong ({type(error).__name__}: {error}).",
                "Run the command again with --debug to see where.",
                error,
            )
            return UNEXPECTED


def _parsed(given: Sequence[str]) -> argparse.Namespace:
    """Return the options that were given, else those of the user's file, else the program's own."""
    parser = build_parser()
    command = next((word for word in given if not word.startswith("-")), "")
    apply_defaults(parser, command)
    return parser.parse_args(given)


def _run(parsed: argparse.Namespace, start_studio: StartStudio | None) -> int:
    command = parsed.command or _default_command(start_studio)
    if command == "studio":
        if start_studio is None:
            raise StudioError(
                "This installation has no user interface.", f"Use “{program()} speak”."
            )
        return start_studio(getattr(parsed, "arguments", []))
    module = importlib.import_module(f"ditar_studio.cli.{_MODULES.get(command, command)}")
    code: int = module.run(parsed)
    return code


def _default_command(start_studio: StartStudio | None) -> str:
    from ditar_studio.cli.display import display_is_there

    return "studio" if start_studio and display_is_there() else "demo"


def _report(
    as_json: bool, code: int, message: str, remedy: str, error: BaseException | None
) -> None:
    """Say what went wrong to people, to programs where they asked for it, and to the log."""
    if error is not None:
        log.error("%s %s", message, remedy, exc_info=error)
    message, remedy = one_line(message), one_line(remedy)
    start = "" if error is None else f"{coloured('Error:', RED)} "
    streams.print_error(f"{start}{message} {remedy}".rstrip())
    if as_json:
        with contextlib.suppress(StudioError, BrokenPipeError):
            streams.deliver(json.dumps({"error": message, "remedy": remedy, "exit_code": code}))
