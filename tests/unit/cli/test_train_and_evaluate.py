from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fake_model import FakeModel, speech_like

from ditar_studio.audio.io import read_clip
from ditar_studio.cli import main
from ditar_studio.engine import load
from ditar_studio.training import judges, pitch

WORDS = ["hello there", "good morning", "yes indeed", "one more time", "and again", "the end"]


@pytest.fixture(autouse=True)
def flat_pitch(monkeypatch: pytest.MonkeyPatch) -> None:
    def track(samples: np.ndarray, sample_rate: int, hop: int) -> np.ndarray:
        return np.full(len(samples) // hop, 150.0, np.float32)

    monkeypatch.setattr(pitch, "track_pitch", track)


def corpus(folder: Path) -> Path:
    rows = []
    for number, words in enumerate(WORDS):
        clip = speech_like(1.5 + 0.2 * number)
        soundfile.write(folder / f"{number}.flac", clip.samples, 24000)
        row = {"audio": f"{number}.flac", "text": words, "speaker": f"s{number % 2}"}
        rows.append({**row, "seconds": clip.seconds})
    lines = [json.dumps(row) for row in rows]
    lines += ["{broken", json.dumps({**rows[0], "audio": "missing.flac"})]
    (folder / "manifest.jsonl").write_text("\n".join(lines))
    return folder / "manifest.jsonl"


def test_from_a_manifest_to_a_model_that_speaks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ditar_studio.training.latents._WORST_FIT", -1e9)
    steps = ("data", "vae", "reader", "speaker", "latents", "decoder", "ditar")
    place = {name: str(tmp_path / name) for name in steps}
    common = ["--batch-seconds", "6", "--quiet", "--steps", "2"]
    assert main(["train", "prepare", str(corpus(tmp_path)), "--out", place["data"]]) == 0
    output = capsys.readouterr()
    assert "clips: 6" in output.out
    assert "missing.flac" in output.err
    data = ["--data", place["data"]]
    assert main(["train", "vae", *data, "--out", place["vae"], *common]) == 0
    for step in ("reader", "speaker"):
        assert main(["train", step, *data, "--out", place[step], *common]) == 0
    made = ["--vae", place["vae"] + "/vae.safetensors"]
    made += ["--reader", place["reader"] + "/reader.safetensors"]
    made += ["--speaker", place["speaker"] + "/speaker.safetensors"]
    assert main(["train", "latents", *data, *made, "--out", place["latents"], "--quiet"]) == 0
    latents = ["--latents", place["latents"]]
    assert main(["train", "decoder", *data, *latents, "--out", place["decoder"], *common]) == 0
    ditar = ["train", "ditar", *latents, "--out", place["ditar"]]
    ditar += ["--vae", place["decoder"] + "/vae.safetensors"]
    assert main([*ditar, *common, "--preset", "none"]) == 1
    assert main([*ditar, *common]) == 0
    log = (tmp_path / "ditar" / "log.jsonl").read_text().splitlines()
    assert "text_gain_0.9" in json.loads(log[-1])
    out = tmp_path / "said.wav"
    speak = ["speak", "--model", place["ditar"], "--voice", "Kathleen", "--text", "Hello."]
    assert main([*speak, "--steps", "2", "--patches", "3", "--out", str(out)]) == 0
    assert read_clip(out).seconds == pytest.approx(0.3)


@pytest.mark.parametrize(
    "arguments",
    [
        ["prepare", "missing.jsonl", "--out", "data"],
        ["vae", "--data", "missing", "--out", "vae"],
        ["reader", "--data", "missing", "--out", "reader"],
        ["speaker", "--data", "missing", "--out", "speaker"],
        ["latents", "--data", "no", "--vae", "m", "--reader", "m", "--speaker", "m", "--out", "l"],
        ["decoder", "--data", "missing", "--latents", "missing", "--out", "decoder"],
        ["ditar", "--latents", "missing", "--out", "ditar"],
    ],
)
def test_training_without_its_input_says_what_is_missing(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", *arguments]) == 1
    assert capsys.readouterr().err.startswith("Error: ")


def test_evaluate_speaks_and_lets_the_judges_listen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    soundfile.write(tmp_path / "reference.wav", speech_like().samples, 24000)
    row = {"text": "hello there", "reference": "reference.wav", "transcript": "words"}
    jobs = tmp_path / "jobs.jsonl"
    jobs.write_text("\n".join(json.dumps({"id": name, **row}) for name in "ab"))
    panel = judges.Panel(
        {"deaf": lambda samples: "hello nobody"},
        lambda samples: np.array([1.0, 0.0], np.float32),
        lambda samples: 4.0,
    )
    monkeypatch.setattr(judges, "open_panel", lambda: panel)
    monkeypatch.setattr(load, "load_model", lambda name=None, precision=None: FakeModel())
    command = ["evaluate", str(jobs), "--out-dir", str(tmp_path / "out"), "--json"]
    for more in ([], ["--only-judge"]):
        assert main([*command, *more]) == 0
        summary = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
        assert (summary["judged"], summary["word_error_rate"]) == (2, 0.5)
        assert summary["similarity"] == 1.0
