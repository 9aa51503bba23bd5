"""setup.sh takes torch's CPU build where there is no GPU, and goes on where that can't be had."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SETUP = Path(__file__).parents[2] / "packaging" / "setup.sh"
RUN = """
source {setup}
venv={venv}
has_nvidia() {{ {gpu}; }}
install_cpu_torch && install_program dev
"""
PYTHON = """#!/bin/sh
printf '%s\\n' "$*" >>"$0.log"
case "$*" in
    -c*) {knows_torch} ;;
    *--index-url*) {reaches_index} ;;
esac
"""
CPU = "--index-url https://download.pytorch.org/whl/cpu torch>="

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="setup.sh is for Linux")


def commands(
    folder: Path, gpu: str = "false", knows_torch: str = "false", reaches_index: str = "true"
) -> list[str]:
    """What the virtual environment's Python is told to do; each answer is `true` or `false`."""
    python = folder / "bin" / "python"
    python.parent.mkdir()
    python.write_text(PYTHON.format(knows_torch=knows_torch, reaches_index=reaches_index))
    python.chmod(0o755)
    script = RUN.format(setup=SETUP, venv=folder, gpu=gpu)
    subprocess.run(["bash", "-c", script], check=True, timeout=60)
    reported = python.with_name("python.log").read_text().splitlines()
    return [line for line in reported if line.startswith("-m pip")]


@pytest.mark.parametrize("reaches_index", ["true", "false"])
def test_without_a_gpu_the_cpu_build_is_tried_first(tmp_path: Path, reaches_index: str) -> None:
    first, second = commands(tmp_path, reaches_index=reaches_index)
    assert CPU in first
    assert "--no-deps" in first
    assert second.endswith("[dev]")


def test_with_a_gpu_the_usual_build_is_taken(tmp_path: Path) -> None:
    assert CPU not in " ".join(commands(tmp_path, gpu="true"))


def test_an_installed_torch_is_kept(tmp_path: Path) -> None:
    assert CPU not in " ".join(commands(tmp_path, knows_torch="true"))
