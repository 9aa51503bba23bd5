"""`spd-say` speaks by the module, through the real Speech Dispatcher, and is heard."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from virtual_audio import VirtualAudio

ROOT = Path(__file__).parents[2]
RATE = 24000

pytestmark = pytest.mark.skipif(
    shutil.which("speech-dispatcher") is None or shutil.which("spd-say") is None,
    reason="Speech Dispatcher is not installed: sudo apt install speech-dispatcher",
)

SETTINGS = """
LogLevel 3
LogDir "{folder}/log"
CommunicationMethod "unix_socket"
SocketPath "{folder}/socket"
AudioOutputMethod "pulse"
AudioPulseServer "{server}"
AddModule "ditar-studio" "{module}" ""
DefaultModule ditar-studio
"""


@pytest.fixture
def dispatcher(
    virtual_sound: VirtualAudio, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """A Speech Dispatcher of its own that knows the module only; what its clients need to know."""
    folder = Path(tempfile.mkdtemp(prefix="spd"))  # short, it holds a socket
    (folder / "log").mkdir()
    module = folder / "sd_ditar-studio"
    start = "from ditar_studio.app import speech_dispatcher_module as m; raise SystemExit(m())"
    module.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c '{start}'\n")
    module.chmod(0o755)
    server = virtual_sound.environment["PULSE_SERVER"]
    (folder / "speechd.conf").write_text(
        SETTINGS.format(folder=folder, server=server, module=module)
    )
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DITAR_STUDIO_HOME": str(folder / "library"),
        "SPEECHD_ADDRESS": f"unix_socket:{folder}/socket",
        "XDG_RUNTIME_DIR": str(folder),
    }
    with subprocess.Popen(
        ["speech-dispatcher", "--run-single", "-C", folder, "-P", folder / "pid"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            until(lambda: (folder / "socket").exists() or process.poll() is not None)
            assert process.poll() is None
            yield environment
        finally:
            process.terminate()
            process.wait(30)
            shutil.rmtree(folder, ignore_errors=True)


def until(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for what another process does: it has a model to load."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def said(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        ["spd-say", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def test_spd_say_is_heard(dispatcher: dict[str, str], tmp_path: Path) -> None:
    assert said(dispatcher, "-O").split("\n")[1:2] == ["ditar-studio"]
    voices = said(dispatcher, "-o", "ditar-studio", "-L")
    assert all(name in voices for name in ("Emma", "Kathleen", "Michael"))
    sound = tmp_path / "heard.raw"
    with sound.open("wb") as file, subprocess.Popen(
        ["parec", "-d", "virtual_speakers.monitor", "--raw", f"--rate={RATE}",
         "--channels=1", "--format=s16le"],
        env=dispatcher, stdout=file,
    ) as recording:  # fmt: skip
        until(lambda: sound.stat().st_size > 0)
        said(dispatcher, "-w", "-o", "ditar-studio", "-y", "Michael", "Good morning to you.")
        spoken = sound.stat().st_size
        until(
            lambda: sound.stat().st_size > spoken + RATE
        )  # half a second, what is still on its way
        recording.terminate()
    heard = np.frombuffer(sound.read_bytes()[: sound.stat().st_size // 2 * 2], "<i2") / 32768
    loud = np.abs(heard[: len(heard) // 240 * 240]).reshape(-1, 240).max(axis=1) > 0.01
    assert 0.5 < loud.sum() / 100 < 6  # seconds
    assert np.abs(heard).max() > 0.05
