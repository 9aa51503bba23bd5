from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from fake_model import FakeModel, speech_like, use_model
from safetensors.torch import load_file
from tiny_ditar import tiny_config

from ditar_studio.audio.clips.files import read_clip
from ditar_studio.cli import main
from ditar_studio.model import config
from ditar_studio.model.config import VaeConfig
from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.speaker import SpeakerEncoder
from ditar_studio.model.vae import Vae
from ditar_studio.model.weights import load_ditar, save_model
from ditar_studio.text import symbols
from ditar_studio.training import judges, pitch

WORDS = ["hello there", "good morning", "yes indeed", "one more time", "and again", "the end"]


@pytest.fixture(autouse=True)
def flat_pitch(monkeypatch: pytest.MonkeyPatch) -> None:
    def track(samples: np.ndarray, sample_rate: int, hop: int) -> np.ndarray:
        return np.full(len(samples) // hop, 150.0, np.float32)

    monkeypatch.setattr(pitch, "track_pitch", track)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other take many times as long on a machine that is busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@contextmanager
def small_networks() -> Iterator[None]:
    """Every network that a command makes within is a small one."""
    small = tiny_config(True)
    vae = replace(small.vae, speaker=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config, "VaeConfig", lambda **given: replace(vae, **given))
        patch.setitem(config.PRESETS, "builtin", small)
        yield


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
    with small_networks():
        assert main(["train", "prepare", str(corpus(tmp_path)), "--out", place["data"]]) == 0
        output = capsys.readouterr()
        assert "clips: 6" in output.out
        assert "missing.flac" in output.err
        data = ["--data", place["data"]]
        for step in ("reader", "speaker"):
            assert main(["train", step, *data, "--out", place[step], *common]) == 0
        assert main(["train", "vae", *data, "--out", place["vae"], *common]) == 1
        assert "--reader" in capsys.readouterr().err
        made = ["--reader", place["reader"] + "/reader.safetensors"]
        made += ["--speaker", place["speaker"] + "/speaker.safetensors"]
        assert main(["train", "vae", *data, *made, "--out", place["vae"], *common]) == 0
        made += ["--vae", place["vae"] + "/vae.safetensors"]
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
    further = ["train", "self-feeding", "--rollouts", str(tmp_path), *common]
    further += ["--out", str(tmp_path / "further"), "--from", place["ditar"] + "/model.safetensors"]
    with pytest.raises(SystemExit):
        main([*further, "--share", "1.1"])
    assert "at most 1" in capsys.readouterr().err
    assert main(further) == 1
    assert "train rollouts" in capsys.readouterr().err
    again = ["train", "rollouts", *latents, "--from", place["ditar"], "--out", str(tmp_path)]
    assert main([*again, "--quiet"]) == 0
    assert main(further) == 0


def test_a_trained_model_is_trained_on_with_another_speaker_encoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ditar_studio.training.latents._WORST_FIT", -1e9)
    torch.manual_seed(0)
    model = DiTAR(replace(tiny_config(True), symbols=len(symbols.SYMBOLS)))
    torch.nn.init.normal_(model.vae.decoder.voice.weight)
    save_model(model, tmp_path / "model.safetensors", dtype=torch.float32)
    data, out = str(tmp_path / "data"), {n: str(tmp_path / n) for n in ("speaker", "l", "ditar")}
    assert main(["train", "prepare", str(corpus(tmp_path)), "--out", data, "--quiet"]) == 0
    begun = ["--from", str(tmp_path / "model.safetensors")]
    common = ["--steps", "2", "--batch-seconds", "6", "--quiet"]
    speaker = ["train", "speaker", "--data", data, *begun, "--out", out["speaker"], *common]
    assert main(speaker) == 0
    capsys.readouterr()
    latents = ["train", "latents", "--data", data, "--out", out["l"], "--quiet"]
    assert main(latents) == 1
    assert "--from" in capsys.readouterr().err
    replaced = ["--speaker", out["speaker"] + "/speaker.safetensors"]
    assert main([*latents, *begun, *replaced]) == 0
    with_other = load_ditar(tmp_path / "l" / "model.safetensors")
    assert torch.equal(with_other.vae.latent_scale, model.vae.latent_scale)
    assert not torch.equal(with_other.voice.text.weight, model.voice.text.weight)
    ditar = ["train", "ditar", "--latents", out["l"], "--out", out["ditar"], *common, "--reward"]
    ditar += ["--from", out["l"] + "/model.safetensors"]
    assert main([*ditar, "--repeat", "nowhere=2"]) == 1
    assert "nowhere" in capsys.readouterr().err
    assert main(ditar) == 0
    last = json.loads((tmp_path / "ditar" / "log.jsonl").read_text().splitlines()[-1])
    assert {"diffusion", "speaker", "phonetic"} <= last.keys()


def test_the_same_seed_gives_the_same_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ditar_studio.training.latents._WORST_FIT", -1e9)
    data, latents = str(tmp_path / "data"), str(tmp_path / "latents")
    assert main(["train", "prepare", str(corpus(tmp_path)), "--out", data, "--quiet"]) == 0

    def train(step: str, *inputs: str, seeds: tuple[int, ...] = (7, 7)) -> Path:
        """The first training's weights; those of the same seed must be equal, others must not."""
        weights = []
        for number, seed in enumerate(seeds):
            torch.rand(number), np.random.rand(number)  # what the process has drawn before
            out = tmp_path / f"{step}{number}"
            options = ["--steps", "2", "--batch-seconds", "6", "--seed", str(seed), "--quiet"]
            assert main(["train", step, *inputs, "--out", str(out), *options]) == 0
            weights.append(next(out.glob("*.safetensors")))
        first = load_file(weights[0])
        for seed, path in zip(seeds, weights, strict=True):
            other = load_file(path)
            assert other.keys() == first.keys()
            same = all(torch.equal(first[name], other[name]) for name in first)
            assert same is (seed == seeds[0]), (step, seed)
        return weights[0]

    with small_networks():
        reader = train("reader", "--data", data)
        speaker = train("speaker", "--data", data, seeds=(7, 7, 8))
        listeners = ["--reader", str(reader), "--speaker", str(speaker)]
        vae = train("vae", "--data", data, *listeners)
        step = ["train", "latents", "--data", data, "--out", latents, "--quiet"]
        assert main([*step, *listeners, "--vae", str(vae)]) == 0
        train("decoder", "--data", data, "--latents", latents)
        train("ditar", "--latents", latents)


BAD_OPTIONS = [
    *[(name, value) for name in ("--learning-rate", "--batch-seconds") for value in ("nan", "inf")],
    *[(name, value) for name in ("--steps", "--save-every", "--threads") for value in ("0", "-1")],
    *[("--learning-rate", "0"), ("--batch-seconds", "-1"), ("--batch-seconds", "1e400")],
    *[("--seed", "-1"), ("--seed", "nan"), ("--seed", str(2**63)), ("--threads", "257")],
    *[("--latent-dim", "0"), ("--latent-dim", "-8"), ("--latent-dim", "100000")],
]


@pytest.mark.parametrize(("option", "value"), BAD_OPTIONS)
def test_numbers_that_no_training_can_use_are_refused(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["train", "vae", "--data", "data", "--out", "out", f"{option}={value}"])
    assert ended.value.code == 2
    received = capsys.readouterr().err
    assert option in received
    assert len(received.splitlines()) == 1


def test_a_preparation_of_nothing_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "manifest.jsonl").write_text("{broken")
    place = [str(tmp_path / "manifest.jsonl"), "--out", str(tmp_path / "data")]
    assert main(["train", "prepare", *place]) == 1
    assert "No clip" in capsys.readouterr().err


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


@pytest.fixture
def listening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The beginning of a command that evaluates a list of two rows by judges of the test's own."""
    soundfile.write(tmp_path / "reference.wav", speech_like().samples, 24000)
    row = {"text": "hello there", "reference": "reference.wav", "transcript": "words"}
    rows = [{"id": "a", "half": "a"}, {"id": "b", "half": "b", "other": "reference.wav"}]
    (tmp_path / "jobs.jsonl").write_text("\n".join(json.dumps(row | each) for each in rows))
    panel = judges.Panel(
        {"deaf": lambda samples: "hello nobody"},
        lambda samples: np.array([1.0, 0.0], np.float32),
        lambda samples: 4.0,
        lambda samples: 150.0,
        lambda samples: len(samples) / 16000,
    )
    monkeypatch.setattr(judges, "open_panel", lambda recogniser: panel)
    use_model(monkeypatch, FakeModel())
    return ["evaluate", str(tmp_path / "jobs.jsonl"), "--out-dir", str(tmp_path / "out"), "--json"]


def summary(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    return found


def test_evaluate_speaks_and_lets_the_judges_listen(
    listening: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for more in ([], ["--only-judge"]):
        assert main([*listening, *more]) == 0
        found = summary(capsys)
        assert (found["judged"], found["word_error_rate"]) == (2, 0.5)
        assert (found["similarity"], found["pitch_error"]) == (1.0, 0.0)
    assert main([*listening, "--half", "b", "--seeds", "0", "1"]) == 0
    found = summary(capsys)
    assert (found["rows"], found["other_similarity"]) == (2, 1.0)
    assert list(found["parts"]) == ["seed 0", "seed 1"]
    assert len((tmp_path / "out" / "rows.jsonl").read_text().splitlines()) == 2
    assert len((tmp_path / "out" / "verdicts.jsonl").read_text().splitlines()) == 3
    assert main([*listening[:-1], "--seed", "1"]) == 0
    assert "similarity" in capsys.readouterr().out


def test_evaluate_without_a_row_of_that_half_says_so(
    listening: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = tmp_path / "jobs.jsonl"
    jobs.write_text(jobs.read_text().replace('"half": "b"', '"half": "a"'))
    assert main([*listening, "--half", "b"]) == 1
    assert "no half “b”" in capsys.readouterr().err


def test_evaluate_can_listen_to_what_a_vae_makes_of_the_recordings(
    listening: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_model(Vae(VaeConfig(speaker=True)), tmp_path / "vae.safetensors")
    save_model(SpeakerEncoder(VaeConfig()), tmp_path / "speaker.safetensors")
    own = ["--vae", str(tmp_path / "vae.safetensors")]
    own += ["--speaker", str(tmp_path / "speaker.safetensors")]
    for files in ([], own):
        assert main([*listening, "--reconstruct", *files]) == 0
        parts = summary(capsys)["parts"]
        assert {name: part["rows"] for name, part in parts.items()} == {
            "self": 2,
            "recorded": 1,
            "decoded": 1,
        }
