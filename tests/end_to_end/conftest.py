"""Real sound devices without a sound card, for the tests in this folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import virtual_audio


@pytest.fixture(scope="module")
def sound_server() -> Iterator[virtual_audio.VirtualAudio]:
    """A private sound server for the tests of one file, in a folder with a short path."""
    reason = virtual_audio.missing()
    if reason:
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="sound"))
    server = virtual_audio.VirtualAudio(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def virtual_sound(
    sound_server: virtual_audio.VirtualAudio, monkeypatch: pytest.MonkeyPatch
) -> virtual_audio.VirtualAudio:
    """The server, running and reachable from this process and its children."""
    for name, value in sound_server.environment.items():
        monkeypatch.setenv(name, value)
    sound_server.ensure()
    return sound_server
