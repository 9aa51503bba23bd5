"""The kind of this installation; from that, how the program is called and what can be added to it.

The package is on no index, so asking one for it would fetch a stranger's. What is said to
the user names this checkout or what an extra needs itself.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Final, Literal

from ditar_studio.assets import resources

NAME: Final = "ditar-studio"

Kind = Literal["frozen", "checkout", "installed"]

_WITHOUT_REQUIREMENTS: Final = {"evaluation": "Resemblyzer==0.1.4"}
"""What an extra needs besides, whose own requirements can't be installed."""

_EXTRA: Final = re.compile(r"(?P<what>[^;]+);.*\bextra\s*==\s*['\"](?P<extra>[^'\"]+)['\"]")


def kind() -> Kind:
    """Return whether this is a frozen program, a checkout, or a package installed from a wheel."""
    if getattr(sys, "frozen", False):
        return "frozen"
    return "checkout" if (_root() / "pyproject.toml").is_file() else "installed"


def program() -> str:
    """Return the command that calls this program, as it may be typed anywhere on this machine."""
    called = Path(sys.argv[0])
    if called.stem != NAME:
        return f"{_quoted(sys.executable)} -m ditar_studio" if kind() != "frozen" else NAME
    found = shutil.which(NAME)
    here = found is not None and os.path.realpath(found) == os.path.realpath(called)
    return NAME if here else _quoted(str(called))


def how_to_add(extra: str) -> str:
    """Return what to do to get the packages of an optional dependency group of pyproject.toml."""
    pip = f"{_quoted(sys.executable)} -m pip install"
    if kind() == "frozen":
        return "The packaged program can't be extended: run DiTAR Studio from its source code."
    if kind() == "checkout":
        command = f'{pip} -e "{_root()}[{extra}]"'
    else:
        needed = _requirements(extra)
        if not needed:
            return "Install DiTAR Studio again from its source code, with all that it needs."
        command = " ".join([pip, *(f'"{each}"' for each in needed)])
    besides = _WITHOUT_REQUIREMENTS.get(extra)
    if besides is not None:
        return f"Install it with: {command} and then: {pip} --no-deps {besides}"
    return f"Install it with: {command}"


def _root() -> Path:
    """Return the folder that a checkout has around the package."""
    return resources().parent


def _requirements(extra: str) -> list[str]:
    try:
        rows = importlib.metadata.requires(NAME) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    found = [match for row in rows if (match := _EXTRA.match(row))]
    return [match["what"].strip() for match in found if match["extra"] == extra]


def _quoted(path: str) -> str:
    return f'"{path}"' if " " in path else path
