"""`ditar-studio serve` as a process: it tells where it is, answers, and ends when interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from ditar_studio.cli.main import main


@pytest.mark.skipif(sys.platform == "win32", reason="interrupts by POSIX")
def test_it_serves_until_interrupted(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "ditar_studio", "serve", "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "DITAR_STUDIO_HOME": str(tmp_path), "PYTHONPATH": os.getcwd()},
    ) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        request = urllib.request.Request(f"{told['url']}/audio/voices")
        request.add_header("Authorization", f"Bearer {told['token']}")
        with urllib.request.urlopen(request, timeout=60) as answer:
            names = [voice["name"] for voice in json.load(answer)["voices"]]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert "Kathleen" in names


def test_a_wrong_port_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", "99999"]) == 1
    assert "99999" in capsys.readouterr().err
