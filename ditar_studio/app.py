"""The composition root: the one place that knows both the command line and the interface."""

from __future__ import annotations

from collections.abc import Sequence

from ditar_studio import cli


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit code."""
    return cli.main(arguments, start_studio=_start_studio)


def _start_studio(arguments: Sequence[str]) -> int:
    from ditar_studio.ui.start import start

    return start(arguments)
