"""Real sound devices without a sound card, for the tests in this folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import screen_reader
import virtual_audio
import whole_program

from ditar_studio.ui.kit.preferences import PreferenceFile


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


@pytest.fixture
def desktop() -> Iterator[screen_reader.Desktop]:
    """A screen with an accessibility bus."""
    reason = screen_reader.missing()
    if reason:
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="desk"))
    desktop = screen_reader.Desktop(folder)
    yield desktop
    desktop.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def program(
    desktop: screen_reader.Desktop,
    virtual_sound: virtual_audio.VirtualAudio,
    own_home: Path,
    tmp_path: Path,
) -> Iterator[whole_program.Program]:
    """The running program, its first start behind it."""
    library = tmp_path / "library"
    PreferenceFile().change(language="en", first_run_done=True, library_folder=str(library))
    with whole_program.running(
        desktop, virtual_sound, library, tmp_path / "program.log"
    ) as program:
        yield program
