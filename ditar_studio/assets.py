"""Paths of the files that ship with the program: icons, fonts, voices, the built-in model."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@cache
def resources() -> Path:
    """Return the resources folder: inside the package when installed, beside it in a checkout.

    Raises:
        FileNotFoundError: neither place has one, so the installation is incomplete.
    """
    for folder in (_PACKAGE / "resources", _PACKAGE.parent / "resources"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"no resources folder in or beside {_PACKAGE}")


def asset(*parts: str) -> Path:
    """Return the path of one shipped file or folder, e.g. ``asset("icons", "play.svg")``."""
    return resources().joinpath(*parts)
