"""`ditar-studio verify`: whether sound files are synthetic speech of this program."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ditar_studio.cli.console import Console
from ditar_studio.services.provenance import Provenance, examine

NOT_MARKED = 1


def run(arguments: argparse.Namespace) -> int:
    """Examine files; exit code 0 if all of them are marked, 1 if one isn't."""
    console = Console.of(arguments)
    found = {name: examine(Path(name).expanduser()) for name in arguments.files}
    lines = [f"{name}: {_sentence(each)}" for name, each in found.items()]
    console.result({"files": [_values(*each) for each in found.items()]}, "\n".join(lines))
    return 0 if all(each.synthetic for each in found.values()) else NOT_MARKED


def _sentence(found: Provenance) -> str:
    marks = []
    if found.watermark.found:
        marks.append(f"the watermark (score {found.watermark.score:.1f})")
    if found.statement:
        marks.append("the statement in its tags")
    if found.recipes:
        marks.append(f"{found.recipes} recipe{'s' if found.recipes > 1 else ''}")
    if found.credentials:
        marks.append(f"Content Credentials of {found.credentials}")
    if marks:
        return f"synthetic speech of DiTAR Studio, by {', '.join(marks)}"
    return f"no mark found (score {found.watermark.score:.1f} of {found.watermark.needed:.1f})"


def _values(name: str, found: Provenance) -> dict[str, Any]:
    return {
        "file": name,
        "synthetic": found.synthetic,
        "watermark": found.watermark.found,
        "score": round(found.watermark.score, 2),
        "needed": round(found.watermark.needed, 2),
        "statement": found.statement,
        "recipes": found.recipes,
        "credentials": found.credentials,
    }
