"""The man page tells every command and option, and groff has nothing to say against it."""

from __future__ import annotations

import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

from ditar_studio.cli.options import build_parser

SCRIPT = Path(__file__).resolve().parents[2] / "packaging" / "man_page.py"


@pytest.fixture(scope="module")
def page() -> str:
    text: str = runpy.run_path(str(SCRIPT))["man_page"]()
    return text


def test_every_command_and_option_is_reported(page: str) -> None:
    plain = page.replace("\\", "")
    for command in build_parser()._subparsers._group_actions[0].choices:  # type: ignore[union-attr]
        assert f".SS {command}\n" in plain
    for option in ("--temperature", "--out", "-q", "--json", "-V", "--uri", "--learning-rate"):
        assert f"fB{option}fR" in plain
    assert ".SS voices fine-tune\n" in plain
    assert "0 to 1, default: 0.3" in plain
    assert page.isascii()


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_it_is_set_without_a_warning(page: str) -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-rCHECKSTYLE=3"],
        input=page,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert "ditar-studio - clone a voice" in done.stdout.replace("\u2010", "-").replace("−", "-")
