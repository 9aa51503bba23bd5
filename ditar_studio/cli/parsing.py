"""Parsing of options: one sentence for what is wrong, numbers with their ranges."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable
from typing import Any, NoReturn

from ditar_studio.cli import streams


class UsageError(Exception):
    """An error in the options, as a sentence with its remedy."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence and where help is; options are written out."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", HelpFormatter)
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Refuse wrong usage; a word that is nearly one of the choices is named."""
        remedy = f"Run “{self.prog} --help” for the options."
        match = re.search(r"invalid choice: '(.+?)' \(choose from (.+)\)", message)
        if match is not None:
            choices = [each.strip("' ") for each in match[2].split(",")]
            near = difflib.get_close_matches(match[1], choices, n=1)
            if near:
                remedy = f"Did you mean “{near[0]}”? {remedy}"
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", remedy)

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print what help and version say."""
        streams.deliver(message.rstrip("\n"))


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of examples; options have a column wide enough for most."""

    def __init__(self, prog: str, **options: Any) -> None:
        options.setdefault("max_help_position", 28)
        super().__init__(prog, **options)


def examples(*lines: str) -> str:
    """Return what a command's help ends with."""
    return "examples:\n" + "\n".join(f"  {line}" for line in lines)


def number(kind: Callable[[str], Any], name: str) -> Callable[[str], Any]:
    """Return a converter that is called by a name of its own when it fails."""

    def convert(text: str) -> Any:
        return kind(text)

    convert.__name__ = name
    return convert


def positive(kind: Callable[[str], Any], name: str, most: float = 1e12) -> Callable[[str], Any]:
    """Return a converter like `number`, of numbers above 0 and up to `most`."""

    def convert(text: str) -> Any:
        value = kind(text)
        if not 0 < value <= most:
            raise argparse.ArgumentTypeError(f"“{text}” is no {name} above 0 and up to {most:g}")
        return value

    convert.__name__ = name
    return convert


REAL, WHOLE = number(float, "number"), number(int, "whole number")


def add_common(parser: argparse.ArgumentParser, *, first: bool) -> None:
    """Add the options that may stand before the command and after it.

    Args:
        first: whether this is the parser of what stands before it, which sets the defaults.
    """
    for names, text in (
        (("--json",), "print one JSON object as the result"),
        (("-q", "--quiet"), "say nothing but warnings and errors"),
        (("--debug",), "show where a failure happened"),
    ):
        default = False if first else argparse.SUPPRESS
        parser.add_argument(*names, action="store_true", default=default, help=text)
