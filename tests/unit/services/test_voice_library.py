"""The voices that can be named, beside an open library; new ones are looked at first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from fake_model import speech_like

from ditar_studio.errors import StudioError
from ditar_studio.services.voice_library import (
    known_voices,
    new_samples,
    reference_named,
    save_voice,
)
from ditar_studio.store.library import Library
from ditar_studio.store.voice import NewSample


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "voice.wav"
    soundfile.write(path, speech_like().samples, 24000)
    return path


def test_library_and_sample_voices_are_known_even_while_the_studio_is_open(sound: Path) -> None:
    assert {voice.sample for voice in known_voices()} == {True}
    with Library() as library:
        voice = save_voice(library, "Änna", [NewSample(sound, "I am Anna.")], consent="hers")
        save_voice(library, "emma", [NewSample(sound, "Not the sample.")])
        library.voices.create("Without a recording")
        names = [known.name for known in known_voices()]
        assert "Änna" in names
        assert "emma" in names
        assert "Emma" not in names
        assert "Without a recording" not in names
        assert voice.reference is not None
        assert reference_named(" ÄNNA ").source == voice.reference.path
        assert reference_named("emma").transcript == "Not the sample."
        with pytest.raises(StudioError, match="a voice “änna” already"):
            save_voice(library, "änna", [NewSample(sound, "")])
    with pytest.raises(StudioError, match="no voice “Bert”"):
        reference_named("Bert")


def test_recordings_are_looked_at_before_they_are_kept(sound: Path, tmp_path: Path) -> None:
    assert [each.transcript for each in new_samples([(sound, "a"), (sound, "b")])] == ["a", "b"]
    short, silent = tmp_path / "short.wav", tmp_path / "silent.wav"
    soundfile.write(short, speech_like(0.5).samples, 24000)
    soundfile.write(silent, np.zeros(48000), 24000)
    with pytest.raises(StudioError, match="only"):
        new_samples([(short, "")])
    assert len(new_samples([(sound, ""), (short, "")])) == 2
    with pytest.raises(StudioError, match="silent"):
        new_samples([(silent, "")])
