"""Voices of VoxCPM models on the command line: fine-tuned, spoken with, carried away as LoRA."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import voxcpm_folders as folders
from command_line import voices
from fake_model import speech_like
from safetensors.torch import load_file
from tuning import BEFORE, CLOSER, ear_hears, short_tunings

from ditar_studio.cli import main
from ditar_studio.cli.tuning import about
from ditar_studio.engine.lora_tuner import LoraTuner


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with short_tunings(monkeypatch):
        yield


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(folders.make_folder(tmp_path_factory.mktemp("model") / "small", "0.5b"))


@pytest.fixture
def clip(tmp_path: Path) -> str:
    path = tmp_path / "anna.wav"
    soundfile.write(path, speech_like(1.2).samples, 24000)
    return str(path)


def spoken(model: str, out: Path, *options: str) -> np.ndarray:
    settings = ["--patches", "2", "--steps", "2", "--threads", "1", "--subtype", "FLOAT", "--force"]
    command = ["speak", "Hello", "--model", model, *settings, *options, "--out", str(out)]
    assert main(command) == 0
    samples: np.ndarray = soundfile.read(out)[0]
    return samples


def test_a_voice_learns_a_lora_speaks_with_it_and_goes_into_the_familys_folder(
    clip: str,
    model: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    words = ["--reference", clip, "--transcript", "hello there"]
    voices(capsys, "add", "Anna", *words)
    folder = tmp_path / "lora"
    assert "not fine-tuned" in voices(capsys, "export-lora", "Anna", str(folder), code=1)["error"]
    instant = spoken(model, tmp_path / "instant.wav", "--voice", "Anna")
    ear_hears(monkeypatch, BEFORE, CLOSER)
    monkeypatch.setattr(LoraTuner, "measure", lambda self: 1200.0)
    assert main(["voices", "fine-tune", "Anna", "--model", model, "--threads", "1"]) == 0
    assert "about 20 min" in capsys.readouterr().err
    shown = voices(capsys, "show", "Anna")
    assert (shown["kind"], shown["fine_tuning"]["model_name"]) == ("fine-tuned", "small")
    tuned = spoken(model, tmp_path / "tuned.wav", "--voice", "Anna")
    assert not np.array_equal(tuned, instant)
    voices(capsys, "export-lora", "Anna", str(folder))
    assert load_file(folder / "lora_weights.safetensors").keys() == (
        folders.lora_tensors("0.5b").keys()
    )
    merged = spoken(model, tmp_path / "merged.wav", *words, "--lora", str(folder))
    np.testing.assert_allclose(merged, tuned, rtol=0, atol=1e-6)
    assert "already" in voices(capsys, "export-lora", "Anna", str(folder), code=1)["error"]
    bundle = tmp_path / "anna.ditarvoice"
    voices(capsys, "export", "Anna", str(bundle))
    monkeypatch.setenv("DITAR_STUDIO_HOME", str(tmp_path / "other"))
    assert voices(capsys, "import", str(bundle))["fine_tuning"] == shown["fine_tuning"]


@pytest.mark.parametrize(
    ("seconds", "words"), [(50.4, "50 s"), (720.0, "12 min"), (12600.0, "3.5 h")]
)
def test_a_time_is_reported_in_the_unit_that_fits(seconds: float, words: str) -> None:
    assert about(seconds) == words
