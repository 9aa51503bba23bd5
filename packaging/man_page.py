"""Writes the man page from the options themselves.

    python packaging/man_page.py [ditar-studio.1]

Without a name it is written to the standard output. Packages put it into share/man/man1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from ditar_studio.cli import options
from ditar_studio.installation import NAME
from ditar_studio.version import __version__

SUMMARY = "clone a voice on your own computer, and speak in it"
DESCRIPTION = (
    "DiTAR Studio clones a voice from a recording of a few seconds and speaks any text in it while "
    "it is generated. Nothing leaves the machine. Without a command the studio opens, or, where "
    "there is no display, a demonstration is spoken into demo.wav."
)
FILES = {
    "~/.local/share/ditar-studio": "the library: voices, projects and takes; DITAR_STUDIO_HOME "
    "names another folder",
    "~/.config/ditar-studio/config.toml": "your own defaults of options; see “config”",
    "~/.local/share/ditar-studio/logs/commands.log": "what failed, and why",
}
ENVIRONMENT = {
    "DITAR_STUDIO_HOME": "the library's folder",
    "DITAR_STUDIO_MODELS": "the folder of models",
    "DITAR_STUDIO_CONFIG": "the file of your own defaults",
    "DITAR_STUDIO_TOKEN": "what programs have to send to “serve” and “mcp --http”; else a new one "
    "is made at every start",
    "HF_ENDPOINT": "the host that models are downloaded from",
    "NO_COLOR": "no colours in messages, if set",
}
EXIT_STATUS = {
    "0": "everything was done",
    "1": "a failure, told in one sentence with a remedy",
    "2": "wrong options",
    "70": "a failure that nobody expected",
    "130": "interrupted",
}
EXAMPLES = (
    'ditar-studio speak "Hello there." --voice Emma --out hello.mp3',
    "echo Hello. | ditar-studio speak - --reference me.wav --out - | aplay",
    "ditar-studio voices add Me --reference me.wav --fine-tune quick",
    "ditar-studio serve",
)


def man_page() -> str:
    """Return the page in roff."""
    with mock.patch.object(options, "program", return_value=NAME):
        parser = options.build_parser()
    lines = [
        f'.TH {NAME.upper()} 1 "" "DiTAR Studio {__version__}" "User Commands"',
        *(".SH NAME", rf"{escaped(NAME)} \- {escaped(SUMMARY)}"),
        *(
            ".SH SYNOPSIS",
            f".B {escaped(NAME)}",
            r"[\fIOPTIONS\fR] [\fICOMMAND\fR [\fIARGUMENTS\fR]]",
        ),
        *(".SH DESCRIPTION", escaped(DESCRIPTION)),
        *(".SH OPTIONS", "These may stand before the command and after it.", *_options(parser)),
        ".SH COMMANDS",
        *_commands(parser, ()),
    ]
    for title, entries in (
        ("EXIT STATUS", EXIT_STATUS),
        ("ENVIRONMENT", ENVIRONMENT),
        ("FILES", FILES),
    ):
        lines.append(f".SH {title}")
        for name, text in entries.items():
            lines += [".TP", f".B {escaped(name)}", escaped(text)]
    lines += [".SH EXAMPLES", ".nf", *map(escaped, EXAMPLES), ".fi"]
    return "\n".join(lines) + "\n"


def _commands(parser: argparse.ArgumentParser, above: tuple[str, ...]) -> Iterator[str]:
    """Return each command, and each of its actions, with their options."""
    for group in parser._actions:
        if isinstance(group, argparse._SubParsersAction):
            for name, command in group.choices.items():
                words = (*above, name)
                yield f".SS {escaped(' '.join(words))}"
                yield escaped(command.description or "")
                yield from _options(command, common=False)
                yield from _commands(command, words)


def _options(parser: argparse.ArgumentParser, common: bool = True) -> Iterator[str]:
    """Return the arguments and options of one parser; those that all have are told once."""
    for action in parser._actions:
        shared = action.dest in ("help", "json", "quiet", "debug", "version")
        if isinstance(action, argparse._SubParsersAction) or (shared and not common):
            continue
        names = [rf"\fB{escaped(name)}\fR" for name in action.option_strings]
        value = _value(action)
        if names:
            value = f" {value}" if value else ""
            yield from (".TP", ", ".join(names) + value)
        else:
            yield from (".TP", value)
        yield escaped((action.help or "") % {"default": action.default, "prog": NAME}) or r"\&"


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    name = action.metavar or (
        "|".join(map(str, action.choices)) if action.choices else action.dest.upper()
    )
    return rf"\fI{escaped(str(name))}\fR"


def escaped(text: str) -> str:
    """Write plain text in roff: no request by chance, ASCII alone, hyphens that can be copied."""
    text = " ".join(text.split()).replace("\\", r"\e").replace("-", r"\-")
    text = "".join(c if c.isascii() else f"\\[u{ord(c):04X}]" for c in text)
    return rf"\&{text}" if text[:1] in (".", "'") else text


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(man_page(), encoding="utf-8")
    else:
        sys.stdout.write(man_page())
