"""`ditar-studio config`: the user's own defaults of options, in a file of their own.

    # ~/.config/ditar-studio/config.toml
    voice = "Emma"
    temperature = 0.4
    max-seconds = 30

What is given on the command line counts before the file. Commands that compare (`benchmark`,
`evaluate`) and train don't read it.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from ditar_studio.cli.console import Console
from ditar_studio.errors import StudioError

VARIABLE = "DITAR_STUDIO_CONFIG"

_COMMANDS = ("speak", "batch", "demo", "serve")
_OTHERS = {"book", "export", "mcp", "wyoming"}  # which take `_EVERYWHERE` from the file
_EVERYWHERE = frozenset({"watermark"})
_NOT_KEPT = frozenset(
    {"help", "json", "quiet", "debug", "force", "out", "out_dir", "text", "text_file", "format"}
    | {"reference", "transcript", "exact_patches", "seed"}
)


def run(arguments: argparse.Namespace) -> int:
    """Show or change the file; exit code 0."""
    console = Console.of(arguments)
    path = config_path()
    match arguments.action:
        case "set":
            _set(path, arguments.name, arguments.value)
            console.result({"path": str(path)}, f"“{arguments.name}” is set in {path}.")
        case "unset":
            _unset(path, arguments.name)
            console.result({"path": str(path)}, f"“{arguments.name}” is as the program has it.")
        case _:
            values = read(path)
            lines = [f"{name} = {value!r}" for name, value in values.items()]
            state = "" if path.exists() else ", which is not there yet"
            console.result(
                {"path": str(path), "values": values, "names": sorted(_options())},
                "\n".join([f"{path}{state}", *lines, f"Names: {', '.join(sorted(_options()))}"]),
            )
    return 0


def config_path() -> Path:
    """Return the file: that of DITAR_STUDIO_CONFIG, or in the user's folder for settings."""
    import platformdirs

    chosen = os.environ.get(VARIABLE)
    return (
        Path(chosen)
        if chosen
        else platformdirs.user_config_path("ditar-studio", False) / ("config.toml")
    )


def read(path: Path) -> dict[str, Any]:
    """Read the options in the file by name, checked; none where there is no file.

    Raises:
        StudioError: it can't be read, or holds what is no option's value.
    """
    document = _document(path)
    options = _options()
    values = {}
    for name, value in document.unwrap().items():
        if name not in options:
            raise StudioError(
                f"“{path}” sets “{name}”, which is no option.",
                f"Use {', '.join(sorted(options))}.",
            )
        values[name] = _converted(options[name], name, value)
    return values


def apply_defaults(parser: argparse.ArgumentParser, command: str) -> None:
    """Make what the file holds the defaults of a command's options, where it reads the file.

    Raises:
        StudioError: as `read`.
    """
    if command not in {*_COMMANDS, *_OTHERS} or not (path := config_path()).exists():
        return
    values = read(path)
    if command in _OTHERS:
        values = {name: value for name, value in values.items() if name in _EVERYWHERE}
    chosen = _command(parser, command)
    known = {name: action.dest for name, action in _named(chosen).items()}
    given = {known[name]: value for name, value in values.items() if name in known}
    if "voice" in given:  # a reference on the command line goes before it
        given["default_voice"] = given.pop("voice")
    chosen.set_defaults(**given)


def _set(path: Path, name: str, text: str) -> None:
    from ditar_studio.services import files

    document, options = _document(path), _options()
    if name not in options:
        raise StudioError(
            f"There is no option “{name}” to be set.", f"Use {', '.join(sorted(options))}."
        )
    document[name] = _converted(options[name], name, text)
    with files.replacing(path) as partial:
        partial.write_text(document.as_string(), encoding="utf-8")


def _unset(path: Path, name: str) -> None:
    from ditar_studio.services import files

    document = _document(path)
    if name not in document:
        raise StudioError(f"“{name}” is not set.", "“config show” tells what is.")
    del document[name]
    with files.replacing(path) as partial:
        partial.write_text(document.as_string(), encoding="utf-8")


def _document(path: Path) -> Any:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    from ditar_studio.text_file import read_text

    try:
        return tomlkit.parse(read_text(path)) if path.exists() else tomlkit.document()
    except (OSError, ValueError, TOMLKitError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StudioError(
            f"The settings in “{path}” can't be read: {reason}.", "Correct the file, or remove it."
        ) from error


def _options() -> dict[str, argparse.Action]:
    """Return all options that can be kept, by their names without dashes."""
    from ditar_studio.cli.options import build_parser

    parser = build_parser()
    return {
        name: action
        for command in _COMMANDS
        for name, action in _named(_command(parser, command)).items()
    }


def _command(parser: argparse.ArgumentParser, name: str) -> argparse.ArgumentParser:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found: argparse.ArgumentParser = action.choices[name]
            return found
    raise LookupError(name)


def _named(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    return {
        _long_name(action): action
        for action in parser._actions
        if action.option_strings and action.dest not in _NOT_KEPT
    }


def _long_name(action: argparse.Action) -> str:
    """Return an option's name without its dashes, and without its denial."""
    return next(name[2:] for name in action.option_strings if name.startswith("--"))


def _converted(action: argparse.Action, name: str, value: object) -> Any:
    """Return a value as the command line would have understood it.

    Raises:
        StudioError: the option takes no such value.
    """
    if action.nargs == 0:
        if str(value).lower() not in ("true", "false"):
            raise StudioError(f"“{name}” is on or off, not {value!r}.", "Say true or false.")
        return str(value).lower() == "true"
    try:
        converted = action.type(str(value)) if callable(action.type) else str(value)
    except (ValueError, argparse.ArgumentTypeError):
        raise StudioError(f"“{name}” can't be {value!r}.", "Give a plain number.") from None
    if action.choices is not None and converted not in action.choices:
        choices = ", ".join(map(str, action.choices))
        raise StudioError(f"“{name}” can't be {value!r}.", f"Choose one of {choices}.")
    _check_range(action.dest, converted)
    return converted


def _check_range(option: str, value: Any) -> None:
    from ditar_studio.cli.speaking import settings_of, threads_of
    from ditar_studio.services.generation_settings import GenerationSettings

    arguments = argparse.Namespace(**{option: value})
    settings_of(arguments, GenerationSettings())
    threads_of(arguments)
