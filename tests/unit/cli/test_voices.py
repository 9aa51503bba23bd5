"""`ditar-studio voices`, on a library of the test's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from command_line import voices
from fake_model import speech_like
from small_ditar import save_small_ditar
from tuning import BEFORE, CLOSER, FURTHER, hears, short_tunings

from ditar_studio.audio.clips.files import read_clip
from ditar_studio.cli import main
from ditar_studio.engine.mixing import MixedVoice
from ditar_studio.sample_voices import sample_voices
from ditar_studio.services import mixing
from ditar_studio.store.files import default_root
from ditar_studio.store.library import Library


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with short_tunings(monkeypatch):
        yield


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_small_ditar(tmp_path_factory.mktemp("model") / "small"))


@pytest.fixture
def clip(tmp_path: Path) -> str:
    path = tmp_path / "anna.wav"
    soundfile.write(path, speech_like().samples, 24000)
    return str(path)


def test_a_voice_is_added_shown_listed_and_removed(
    clip: str, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ["--reference", clip, "--transcript", "hello there", "--reference", clip]
    added = voices(capsys, "add", "Anna", *both, "--tag", "warm", "--consent", "I am Anna.")
    assert (added["name"], added["kind"], added["tags"]) == ("Anna", "instant", ["warm"])
    assert [sample["transcript"] for sample in added["samples"]] == ["hello there", ""]
    assert voices(capsys, "show", "anna") == added
    assert voices(capsys, "list") == {"voices": [added]}
    assert main(["voices", "show", "Anna"]) == 0
    assert "I am Anna." in capsys.readouterr().out
    assert voices(capsys, "remove", "Anna") == {"removed": "Anna"}
    assert voices(capsys, "list") == {"voices": []}
    with Library() as library:
        assert [item.name for item in library.bin.contents()] == ["Anna"]


def test_a_voice_is_fine_tuned_and_made_instant_again(
    clip: str, model: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hears(monkeypatch, BEFORE, CLOSER)
    words = ["--reference", clip, "--transcript", "hello there", "--model", model]
    added = voices(capsys, "add", "Anna", *words, "--fine-tune", "quick")
    assert (added["kind"], added["tuned"]) == ("fine-tuned", True)
    assert added["fine_tuning"]["after"]["likeness"] == 0.6
    assert main(["voices", "show", "Anna"]) == 0
    assert "10% -> 10%" in capsys.readouterr().out
    assert voices(capsys, "fine-tune", "Anna", "--level", "off")["kind"] == "instant"
    hears(monkeypatch, BEFORE, FURTHER, FURTHER, FURTHER)
    kept = voices(capsys, "fine-tune", "Anna", "--model", model)
    assert (kept["kind"], kept["tuned"]) == ("instant", False)
    assert "closer" in kept["reason"]


def test_a_voice_goes_from_library_to_library_with_what_it_was_tuned_to(
    clip: str,
    model: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    hears(monkeypatch, BEFORE, CLOSER)
    words = ["--reference", clip, "--transcript", "hello there", "--model", model]
    added = voices(capsys, "add", "Anna", *words, "--fine-tune", "quick")
    path = tmp_path / "anna.ditarvoice"
    voices(capsys, "export", "Anna", str(path))
    assert "already" in voices(capsys, "export", "Anna", str(path), code=1)["error"]
    voices(capsys, "export", "Anna", str(path), "--force")
    assert "ditarvoice" in voices(capsys, "export", "Anna", "anna.zip", code=1)["remedy"]
    monkeypatch.setenv("DITAR_STUDIO_HOME", str(tmp_path / "other"))
    assert voices(capsys, "import", str(path))["fine_tuning"] == added["fine_tuning"]


def test_what_can_not_be_done_is_reported_before_anything_is_changed(
    clip: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert "no voice" in voices(capsys, "show", "Nobody", code=1)["error"]
    more = ["--reference", clip, "--transcript", "one", "--transcript", "two"]
    assert "more transcripts" in voices(capsys, "add", "Anna", *more, code=1)["error"]
    text = tmp_path / "text.wav"
    text.write_text("no sound")
    voices(capsys, "add", "Anna", "--reference", str(text), code=1)
    assert voices(capsys, "list") == {"voices": []}
    voices(capsys, "add", "Anna", "--reference", clip)
    assert "already" in voices(capsys, "add", "anna", "--reference", clip, code=1)["error"]
    with Library():
        assert "open in another" in voices(capsys, "list", code=1)["error"]


def test_speak_takes_a_voice_of_the_library_or_else_a_sample_voice(
    clip: str, model: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def speak(voice: str, *more: str) -> int:
        out = ["--out", str(tmp_path / f"{voice} says.wav"), "--model", model, "--quiet"]
        return main(["speak", "--voice", voice, "--text", "Two words.", *out, *more])

    sample = sample_voices()[0].name
    assert speak(sample) == 0
    assert not (default_root() / "library.db").exists()
    voices(capsys, "add", "Anna", "--reference", clip, "--transcript", "hello there")
    assert speak("anna") == 0
    assert speak("Nobody") == 1
    assert "voices list" in capsys.readouterr().err
    assert speak(sample, "--force") == 0
    with Library():
        assert speak(sample, "--force") == 0
        assert speak("Anna", "--force") == 0
    assert speak("Anna", "--fine-tune", "quick") == 1
    assert "voices fine-tune" in capsys.readouterr().err


def test_a_reference_is_fine_tuned_once_for_all_that_speaks_from_it(
    clip: str,
    model: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    options = ["--model", model, "--fine-tune", "quick", "--json"]
    words = ["--reference", clip, "--transcript", "hello there", "--text", "Two words."]
    instant, tuned = str(tmp_path / "instant.wav"), str(tmp_path / "tuned.wav")
    assert main(["speak", *words, "--out", instant, "--model", model]) == 0
    hears(monkeypatch, BEFORE, CLOSER)
    assert main(["speak", *words, "--out", tuned, *options]) == 0
    assert read_clip(Path(tuned)) != read_clip(Path(instant))
    rows = [
        {"id": name, "text": name, "reference": clip, "transcript": "hello there"}
        for name in ("one", "two")
    ]
    jobs = tmp_path / "jobs.jsonl"
    jobs.write_text("\n".join(json.dumps(row) for row in rows))
    batch = ["batch", str(jobs), "--out-dir", str(tmp_path / "out")]
    for states in (["made", "made"], ["kept", "kept"]):
        capsys.readouterr()
        assert main([*batch, *options]) == 0
        results = json.loads(capsys.readouterr().out.strip().splitlines()[-1])["results"]
        assert [row["state"] for row in results] == states
    assert main([*batch, "--model", model, "--json"]) == 0
    results = json.loads(capsys.readouterr().out.strip().splitlines()[-1])["results"]
    assert [row["state"] for row in results] == ["made", "made"]


def test_a_voice_is_mixed_of_others_by_their_shares(
    model: str, clip: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[float]] = []

    def mixed(_model: object, parts: object, *_rest: object, **_more: object) -> MixedVoice:
        asked.append([share for _reference, share in parts])  # type: ignore[attr-defined]
        return MixedVoice(speech_like(4.0), "Mixed words.")

    monkeypatch.setattr(mixing, "mix", mixed)
    for name in ("Anna", "Ben"):
        voices(capsys, "add", name, "--reference", clip, "--consent", "Yes.")
    made = voices(capsys, "mix", "Between", "--of", "Anna=60", "--of", "Ben=40%", "--model", model)
    assert asked == [[60.0, 40.0]]
    assert made["name"] == "Between"
    assert main(["voices", "show", "Between"]) == 0
    assert "made of Anna 60 %, Ben 40 %" in capsys.readouterr().out
    for wrong in (["--of", "Anna=60"], ["--of", "Anna=60", "--of", "Nobody=40"], ["--of", "Ben"]):
        refused = voices(capsys, "mix", "Other", *wrong, "--model", model, code=1)
        assert refused["error"]
    assert [each["name"] for each in voices(capsys, "list")["voices"]] == ["Anna", "Ben", "Between"]
