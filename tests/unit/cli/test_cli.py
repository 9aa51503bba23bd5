from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from fake_model import FakeModel

from ditar_studio.audio.clips.files import read_clip
from ditar_studio.cli import main


def speak(reference: str, out: Path, *more: str, text: str = "One two three.") -> int:
    voice = ["--reference", reference, "--transcript", "its words"]
    return main(["speak", *voice, "--text", text, "--out", str(out), *more])


def last_object(text: str) -> dict[str, object]:
    result = json.loads(text.strip().splitlines()[-1])
    assert isinstance(result, dict)
    return result


def test_speak_writes_a_wav_and_one_json_object(
    fake: FakeModel, reference: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--json", "--temperature", "0.25", "--steps", "7", "--seed", "3", "--guidance", "2"]
    assert speak(reference, tmp_path / "out.wav", *options) == 0
    values = last_object(capsys.readouterr().out)
    clip = read_clip(tmp_path / "out.wav")
    assert values["seconds"] == pytest.approx(clip.seconds) == pytest.approx(1.2)
    for name in ("rtf", "first_patch_seconds", "peak_rss_mb"):
        assert float(values[name]) >= 0  # type: ignore[arg-type]
    settings = values["settings"]
    assert isinstance(settings, dict)
    assert (settings["temperature"], settings["steps"], settings["seed"]) == (0.25, 7, 3)
    with soundfile.SoundFile(tmp_path / "out.wav") as file:
        assert "Synthetic" in file.comment


def test_candidates_are_heard_and_reported(
    fake: FakeModel, reference: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--json", "--temperature", "1", "--candidates", "3"]
    assert speak(reference, tmp_path / "out.wav", *options) == 0
    values = last_object(capsys.readouterr().out)
    (heard,) = values["heard"]  # type: ignore[misc]
    assert fake.begun == ["One two three."] * 3
    assert (heard["text"], heard["candidates"]) == ("One two three.", 3)
    assert heard["likeness"] == 0.75
    assert speak(reference, tmp_path / "again.wav", "--verify", text="I mumble.") == 0
    assert "may be missing" in capsys.readouterr().err


def test_the_same_command_gives_the_same_file(
    fake: FakeModel, reference: str, tmp_path: Path
) -> None:
    for name, seed in (("a.wav", "1"), ("b.wav", "1"), ("c.wav", "2")):
        assert speak(reference, tmp_path / name, "--seed", seed, "--quiet") == 0
    a, b, c = ((tmp_path / name).read_bytes() for name in ("a.wav", "b.wav", "c.wav"))
    assert a == b != c


@pytest.mark.parametrize(
    "wrong",
    [
        ["--temperature", "1.5"],
        ["--temperature", "nan"],
        ["--guidance", "-1"],
        ["--steps", "0"],
        ["--seed", "-4"],
        ["--max-seconds", "0"],
        ["--pause", "-1"],
        ["--patches", "0"],
        ["--candidates", "0"],
        ["--candidates", "9"],
        ["--threads", "0"],
        ["--lexicon", "missing.txt"],
        ["--text-file", "also.txt"],
        ["--voice", "Kathleen"],
    ],
)
def test_wrong_options_are_reported_in_one_sentence(
    fake: FakeModel,
    reference: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    wrong: list[str],
) -> None:
    assert speak(reference, tmp_path / "out.wav", *wrong) == 1
    error = capsys.readouterr().err
    assert error.startswith("Error: ")
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "out.wav").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["speak"],
        ["speak", "--steps", "many", "--out", "a.wav"],
        ["nonsense"],
        ["batch"],
        ["speak", "--precision", "fp3", "--out", "a.wav"],
    ],
)
def test_wrong_usage_says_where_help_is(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert "--help" in error
    assert len(error.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--transcript", "its words"], "no reference"),
        (["--model", "voxcpm-2"], "models download voxcpm-2"),
        (["--voice", "emma", "--style", "sad", "--quiet"], "takes no style"),
        (["--voice", "emma", "--mode", "reference", "--quiet"], "one way only"),
    ],
)
def test_options_without_effect_are_reported(
    fake: FakeModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    words: str,
) -> None:
    monkeypatch.setattr("ditar_studio.services.models.default_folder", lambda: tmp_path)
    main(["speak", "--text", "One.", "--out", str(tmp_path / "out.wav"), *options])
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "   ", "###", "?!?"])
def test_a_text_without_words_leaves_an_existing_file_alone(
    fake: FakeModel,
    reference: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
) -> None:
    out = tmp_path / "out.wav"
    out.write_bytes(b"precious")
    assert speak(reference, out, text=text) == 1
    assert out.read_bytes() == b"precious"
    assert "Traceback" not in capsys.readouterr().err


def test_bad_references_and_outputs_are_refused(
    fake: FakeModel, reference: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    out = tmp_path / "out.wav"
    for bad in (str(tmp_path), str(tmp_path / "missing.wav"), str(tmp_path / "text.wav")):
        assert speak(bad, out) == 1
    impossible = (tmp_path / f"{'x' * 300}.wav", tmp_path / "a\0b.wav")
    for bad_out in (tmp_path, tmp_path / "no" / "a.wav", tmp_path / "a.txt", *impossible):
        assert speak(reference, bad_out) == 1
    assert main(["speak", "--reference", reference, "--text", "Hi.", "--out", str(out)]) == 1
    errors = capsys.readouterr().err
    assert errors.count("Error: ") == 9
    assert len(errors.strip().splitlines()) == 9


def test_unexpected_failures_have_no_traceback_unless_asked_for(
    fake: FakeModel,
    reference: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(fake, "begin", lambda *a, **k: {}["missing"])
    assert speak(reference, tmp_path / "a.wav", "--json") == 70
    output = capsys.readouterr()
    assert "--debug" in output.err
    assert "Traceback" not in output.err
    assert "error" in last_object(output.out)
    with pytest.raises(KeyError):
        speak(reference, tmp_path / "a.wav", "--debug")


def test_ctrl_c_keeps_what_was_made(
    fake: FakeModel,
    reference: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    begin = fake.begin

    def slow(*arguments: object, **named: object) -> object:
        utterance = begin(*arguments, **named)
        step = utterance.step

        def interrupted() -> object:
            if utterance.made == 3:
                os.kill(os.getpid(), signal.SIGINT)
            return step()

        utterance.step = interrupted
        return utterance

    monkeypatch.setattr(fake, "begin", slow)
    assert speak(reference, tmp_path / "a.wav", text="One two three four five six.") == 130
    assert 0.3 <= read_clip(tmp_path / "a~growing.wav").seconds <= 0.5
    output = capsys.readouterr()
    assert "Stopped" in output.out
    assert "a~growing.wav" in output.out
    assert "a~growing.wav" in output.err
    assert not (tmp_path / "a.wav").exists()


def test_the_wav_can_be_read_while_it_grows(
    fake: FakeModel, reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    begin = fake.begin

    def watched(*arguments: object, **named: object) -> object:
        utterance = begin(*arguments, **named)
        step = utterance.step

        def look() -> object:
            if utterance.made:
                seen.append(read_clip(tmp_path / "a~growing.wav").seconds)
            return step()

        utterance.step = look
        return utterance

    monkeypatch.setattr(fake, "begin", watched)
    assert speak(reference, tmp_path / "a.wav") == 0
    assert seen == sorted(seen)
    assert len(set(seen)) == 11
    assert read_clip(tmp_path / "a.wav").seconds > seen[-1]
    assert not (tmp_path / "a~growing.wav").exists()


def test_a_sample_voice_can_be_named(
    fake: FakeModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "a.wav")
    assert main(["speak", "--voice", "kathleen", "--text", "Hello.", "--out", out]) == 0
    assert main(["speak", "--voice", "nobody", "--text", "Hello.", "--out", out]) == 1
    assert "Kathleen" in capsys.readouterr().err


def test_benchmark_compares_in_one_run(fake: FakeModel, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["benchmark", "--steps", "2", "4", "--threads", "1", "--seconds", "1", "--json"]
    assert main(command) == 0
    rows = last_object(capsys.readouterr().out)["rows"]
    assert isinstance(rows, list)
    assert [row["steps"] for row in rows] == [2, 4]
    assert rows[0]["relative"] == 1.0
    assert main(["benchmark", "--steps", "0"]) == 1


def test_help_comes_at_once_and_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom ditar_studio.app import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'PySide6', 'soundfile', 'pycrfsuite'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "speak" in done.stdout


def test_kill_9_leaves_a_readable_wav(reference: str, tmp_path: Path) -> None:
    script = f"""
import sys, time
sys.path[:0] = [{str(Path(__file__).parents[2] / "support")!r}, {str(Path.cwd())!r}]
from fake_model import FakeModel, FakeUtterance
from ditar_studio.services import loaded_model
loaded_model.load_model = lambda *a: FakeModel()
step = FakeUtterance.step
def slow(self):
    if self.made == 5:
        print("five", flush=True)
        sys.stdin.read()
    return step(self)
FakeUtterance.step = slow
from ditar_studio.cli import main
main(["speak", "--reference", {reference!r}, "--transcript", "w", "--text", "One two three four.",
      "--out", {str(tmp_path / "a.wav")!r}])
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"five\n"
        child.kill()
    assert read_clip(tmp_path / "a~growing.wav").seconds == pytest.approx(0.475, abs=0.03)


def test_benchmark_compares_long_with_short(
    fake: FakeModel, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["benchmark", "--steps", "2", "--threads", "1", "--seconds", "1", "--long", "12"]
    assert main(command) == 0
    assert "times that over 10 s" in capsys.readouterr().out


def test_marks_and_ssml_are_obeyed(
    fake: FakeModel, reference: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert speak(reference, tmp_path / "a.wav", text="One [pause 2] two.") == 0
    assert read_clip(tmp_path / "a.wav").seconds == pytest.approx(0.4 + 2.0 + 0.4)
    document = "<speak>One <break time='2s'/> [voice Emma]two.[/voice]</speak>"
    assert speak(reference, tmp_path / "b.wav", text=document) == 0
    assert read_clip(tmp_path / "b.wav").seconds == pytest.approx(0.4 + 2.0 + 0.4)
    assert len(fake.prepared) == 3  # the reference, twice, and Emma, who is a sample voice
    capsys.readouterr()
    assert speak(reference, tmp_path / "c.wav", text="<speak>open") == 1
    assert "SSML" in capsys.readouterr().err
