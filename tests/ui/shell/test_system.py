"""What comes from outside the window: signals close it in order, and Qt's end is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from ditar_studio.ui.shell.system import closing_on_signals

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals by POSIX")

STUDIO = [sys.executable, "-m", "ditar_studio", "studio"]
PATIENCE = 240.0


def surroundings(**more: str) -> dict[str, str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **more}
    environment.pop("WAYLAND_DISPLAY", None)
    return environment


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_in_order_and_a_second_one_at_once(
    number: signal.Signals, qtbot: QtBot
) -> None:
    closed: list[str] = []
    timer = QTimer()
    timer.start(5)
    before = signal.getsignal(number)
    with closing_on_signals(lambda: closed.append("closed")) as came:
        os.kill(os.getpid(), number)
        qtbot.waitUntil(lambda: bool(closed))
        assert came == [number]
        assert signal.getsignal(number) == signal.SIG_DFL
    assert signal.getsignal(number) == before


def test_ctrl_c_ends_the_studio_cleanly(tmp_path: Path) -> None:
    logs = tmp_path / "library" / "logs"
    environment = surroundings(
        QT_QPA_PLATFORM="offscreen", DITAR_STUDIO_HOME=str(tmp_path / "library")
    )
    with subprocess.Popen(STUDIO, env=environment, stderr=subprocess.PIPE, text=True) as studio:
        deadline = time.monotonic() + PATIENCE
        while not (logs / "running.txt").exists():
            assert studio.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        studio.send_signal(signal.SIGINT)
        _, error = studio.communicate(timeout=PATIENCE)
    assert studio.returncode == 130
    assert "Traceback" not in error
    assert not (logs / "running.txt").exists()
    assert "clean end" in (logs / "ditar-studio.log").read_text()


def test_where_qt_would_abort_a_sentence_is_reported_and_its_words_are_in_the_log(
    tmp_path: Path,
) -> None:
    environment = surroundings(
        QT_QPA_PLATFORM="xcb", DISPLAY="", DITAR_STUDIO_HOME=str(tmp_path / "library")
    )
    done = subprocess.run(
        STUDIO, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: The window can't be opened.")
    assert len(done.stderr.splitlines()) == 1
    assert "platform plugin" in (tmp_path / "library" / "logs" / "commands.log").read_text()
