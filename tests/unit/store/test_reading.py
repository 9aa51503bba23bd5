"""Voices are read beside an open library, and nothing is touched."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import soundfile
from fake_model import speech_like

from ditar_studio.store.library import Library
from ditar_studio.store.reading import read_voices
from ditar_studio.store.voice import NewSample


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "voice.wav"
    soundfile.write(path, speech_like().samples, 24000)
    return path


def test_voices_are_read_while_the_library_is_open(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "library"
    with Library(root) as library:
        library.voices.create("Bea", [NewSample(sound, "I am Bea.")], tags=["warm"])
        library.voices.create("anna")
        gone = library.voices.create("Gone").value
        library.voices.delete(gone.id)
        voices = read_voices(root / "library.db")
        assert voices == library.voices.all()
        assert [voice.name for voice in voices] == ["anna", "Bea"]
        assert voices[1].reference is not None
        assert voices[1].reference.path.is_file()
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert read_voices(root / "library.db") == voices
    after = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert {path: before[path] for path in before} == {path: after[path] for path in before}


def test_what_has_to_be_opened_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    assert read_voices(path) is None
    path.write_bytes(b"no database" * 100)
    assert read_voices(path) is None
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    assert read_voices(path) is None
