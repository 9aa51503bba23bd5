"""`ditar-studio doctor`: what works on this machine, and why not."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from ditar_studio.cli.console import Console
from ditar_studio.cli.display import display_is_there
from ditar_studio.services.checkup import State, examine

_MARKS: dict[State, str] = {"works": "✓", "optional": "–", "broken": "✗"}


def run(arguments: argparse.Namespace) -> int:
    """Check everything; return exit code 1 if something that is needed is broken."""
    console = Console.of(arguments)
    findings = list(examine(display_is_there()))
    broken = [finding for finding in findings if finding.state == "broken"]
    lines = []
    for finding in findings:
        lines.append(f"{_MARKS[finding.state]} {finding.name}: {finding.detail}")
        if finding.remedy:
            lines.append(f"    {finding.remedy}")
    lines.append("Something is broken." if broken else "All that is needed works.")
    console.result(
        {"ok": not broken, "findings": [asdict(finding) for finding in findings]}, "\n".join(lines)
    )
    return 1 if broken else 0
