"""`verify`: whether sound files are speech that this program made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile
from speech import recording

from ditar_studio.audio.clips.watermark import watermarked
from ditar_studio.cli.main import main
from ditar_studio.services.sound_file import write_sound
from ditar_studio.store.recipe import Recipe


def _values(
    capsys: pytest.CaptureFixture[str], *files: Path
) -> tuple[int, list[dict[str, object]]]:
    code = main(["verify", "--json", *map(str, files)])
    return code, json.loads(capsys.readouterr().out)["files"]


def test_a_written_file_has_all_marks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "said.mp3"
    write_sound(path, recording(), [Recipe("builtin", "m", "v", "Anna", "h", "Hello.", {})])
    code, (found,) = _values(capsys, path)
    assert code == 0
    assert (found["synthetic"], found["watermark"], found["statement"]) == (True, True, True)
    assert found["recipes"] == 1
    assert main(["verify", str(path)]) == 0
    assert "synthetic speech of DiTAR Studio, by the watermark" in capsys.readouterr().out


def test_the_watermark_remains_when_the_tags_are_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = watermarked(recording())
    path = tmp_path / "bare.wav"
    soundfile.write(path, clip.samples, clip.sample_rate)
    code, (found,) = _values(capsys, path)
    assert code == 0
    assert (found["watermark"], found["statement"], found["recipes"]) == (True, False, 0)


def test_a_recording_of_a_person_has_no_mark(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = recording("michael")
    path, marked = tmp_path / "real.flac", tmp_path / "made.flac"
    soundfile.write(path, clip.samples, clip.sample_rate)
    write_sound(marked, clip, watermark=False)
    code, (real, made) = _values(capsys, path, marked)
    assert code == 1
    assert not real["synthetic"]
    assert made["statement"]
    assert not made["watermark"]
    assert main(["verify", str(path)]) == 1
    assert "no mark found" in capsys.readouterr().out


def test_what_cannot_be_examined_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(tmp_path / "none.wav")]) == 1
    assert "Error: " in capsys.readouterr().err
