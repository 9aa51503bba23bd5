"""The command line within the tests' process."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ditar_studio.cli import main


def run_json(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, Any]:
    """Run a command with `--json`, and return the object that it prints."""
    capsys.readouterr()
    assert main([*words, "--json"]) == code
    value: dict[str, Any] = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    return value


def voices(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, Any]:
    """Run `voices`, and return the object that it prints."""
    return run_json(capsys, "voices", *words, code=code)
