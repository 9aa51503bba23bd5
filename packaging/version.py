"""Print the program's version, or with --changes its part of the changelog, for workflows."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def version() -> str:
    """Return what `ditar_studio.__version__` says, without importing it."""
    text = (ROOT / "ditar_studio" / "version.py").read_text("utf-8")
    found = re.search(r'^__version__ = "(.+)"', text, re.M)
    assert found is not None
    return found[1]


def changes(name: str) -> str:
    """Return the changelog's part on one version."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    found = re.search(rf"^## {re.escape(name)}\b.*?\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    if found is None:
        sys.exit(f"CHANGELOG.md has nothing on {name}.")
    return found[1].strip()


if __name__ == "__main__":
    print(changes(version()) if "--changes" in sys.argv else version())
