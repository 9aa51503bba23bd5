"""Text from the standard input, sound to the standard output, files of every format."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fake_model import FakeModel

from ditar_studio.audio.clips.files import read_clip
from ditar_studio.cli import main
from ditar_studio.services.metadata import open_recipe

pytestmark = pytest.mark.usefixtures("fake")

SPEAK = ["speak", "--voice", "Emma", "-q"]


@pytest.mark.parametrize(("form", "container"), [("wav", "WAV"), ("flac", "FLAC"), ("opus", "OGG")])
def test_sound_goes_to_the_standard_output(
    form: str, container: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main([*SPEAK, "One two three.", "--out", "-", "--format", form]) == 0
    output = capfdbinary.readouterr()
    assert output.err == b""
    with soundfile.SoundFile(io.BytesIO(output.out)) as file:
        assert file.format == container
        seconds = len(file.read()) / file.samplerate
    assert seconds == pytest.approx(1.2, abs=0.1)


def test_raw_sound_has_no_head_and_equals_the_file(
    capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    assert main([*SPEAK, "One two.", "-o", "-", "--format", "raw"]) == 0
    raw = np.frombuffer(capfdbinary.readouterr().out, "<i2")
    assert main([*SPEAK, "One two.", "-o", str(tmp_path / "a.wav")]) == 0
    samples, rate = soundfile.read(tmp_path / "a.wav", dtype="int16")
    assert rate == 24000
    np.testing.assert_array_equal(raw, samples)


def test_what_is_for_people_goes_beside_the_sound(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    assert main(["speak", "One.", "--voice", "Emma", "--out", "-"]) == 0
    output = capfdbinary.readouterr()
    assert output.out[:4] == b"RIFF"
    assert b"the standard output: 0.4 s of speech" in output.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--out", "-", "--json"], "can't both go"),
        (["--out", "a.wav", "--format", "wav"], "tells its format"),
        (["--out", "a.ogg"], "end in .wav or .flac"),
        (["--out", "a.wav", "--text", "Two."], "Give the text once"),
    ],
)
def test_what_cannot_be_is_reported(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SPEAK, "One.", *options]) == 1
    assert words in capsys.readouterr().err


def test_sound_is_not_written_to_a_terminal() -> None:
    first, second = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "ditar_studio", "speak", "One.", "--voice", "Emma", "--out", "-"],
        stdout=second,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        timeout=120,
        check=False,
    )
    os.close(first)
    os.close(second)
    assert done.returncode == 1
    assert b"written to the terminal" in done.stderr


@pytest.mark.parametrize("given", [["-"], ["--text", "-"], ["--text-file", "-"]])
def test_text_comes_from_the_standard_input(
    given: list[str], fake: FakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("Zwölf.\n".encode())))
    assert main([*SPEAK, *given, "--out", str(tmp_path / "a.wav")]) == 0
    assert fake.begun == ["Zwölf."]


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "opus"])
def test_files_are_what_their_names_say_and_hold_the_recipe(suffix: str, tmp_path: Path) -> None:
    out = tmp_path / f"a.{suffix}"
    assert main([*SPEAK, "One two.", "--seed", "4", "--out", str(out)]) == 0
    assert read_clip(out).seconds == pytest.approx(0.8, abs=0.1)
    (recipe,) = open_recipe(out)
    assert (recipe.text, recipe.voice_name, recipe.settings["seed"]) == ("One two.", "Emma", 4)
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    assert main([*SPEAK, "One two.", "--out", str(out)]) == 1
    assert main([*SPEAK, "Three.", "--out", str(out), "--force"]) == 0
    assert open_recipe(out)[0].text == "Three."


def test_a_file_that_cannot_be_encoded_keeps_what_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def appears(path: Path, *more: object, **options: object) -> None:
        path.write_bytes(b"somebody's")
        write(path, *more, **options)

    from ditar_studio.services import sound_file

    write = sound_file.write_sound
    monkeypatch.setattr(sound_file, "write_sound", appears)
    assert main([*SPEAK, "One.", "--out", str(tmp_path / "a.mp3")]) == 1
    assert "a~growing.wav" in capsys.readouterr().err
    assert (tmp_path / "a.mp3").read_bytes() == b"somebody's"
    assert read_clip(tmp_path / "a~growing.wav").seconds == pytest.approx(0.4)


def test_who_names_nobody_hears_a_sample_voice(tmp_path: Path) -> None:
    out = tmp_path / "a.wav"
    assert main(["speak", "One.", "-q", "--out", str(out)]) == 0
    assert open_recipe(out)[0].voice_name == "Kathleen"
