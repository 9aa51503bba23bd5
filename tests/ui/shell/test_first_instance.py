"""A second start brings the first window to the front."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from ditar_studio.ui.shell.first_instance import FirstInstance, address_of, raise_first

ROOT = Path(__file__).parents[3]


def test_the_first_studio_hears_of_a_second_start(qtbot: QtBot, tmp_path: Path) -> None:
    address, came, parent = address_of(tmp_path), [], QObject()
    assert not raise_first(address)
    first = FirstInstance(address, lambda: came.append(True), parent)
    script = "import sys; from ditar_studio.ui.shell.first_instance import raise_first; "
    script += "sys.exit(not raise_first(sys.argv[1]))"
    with subprocess.Popen([sys.executable, "-c", script, address], cwd=ROOT) as second:
        qtbot.waitUntil(lambda: second.poll() is not None)
        assert second.returncode == 0
    assert came == [True]
    first.close()
    assert not raise_first(address)


def test_studios_of_other_libraries_are_left_alone(tmp_path: Path) -> None:
    assert address_of(tmp_path / "a") != address_of(tmp_path / "b")
    assert address_of(tmp_path / "a") == address_of(tmp_path / "a")
