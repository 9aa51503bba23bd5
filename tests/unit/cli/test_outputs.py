"""Nothing that is read is written over, nothing else unasked, and what was made stays."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_model import FakeUtterance

from ditar_studio.audio.clips.files import read_clip
from ditar_studio.cli import main
from ditar_studio.cli import output as outputs
from ditar_studio.cli.output import Inputs, Output
from ditar_studio.errors import StudioError

pytestmark = pytest.mark.usefixtures("fake")


def speak(reference: str | Path, out: str | Path, *more: str) -> int:
    voice = ["--reference", str(reference), "--transcript", "its words"]
    return main(["speak", *voice, "--text", "One two three.", "--out", str(out), *more])


def hard_link(path: Path) -> Path:
    os.link(path, path.with_name("hard.wav"))
    return path.with_name("hard.wav")


def symbolic_link(path: Path) -> Path:
    path.with_name("soft.wav").symlink_to(path)
    return path.with_name("soft.wav")


def through_a_linked_folder(path: Path) -> Path:
    (path.parent / "elsewhere").symlink_to(path.parent)
    return path.parent / "elsewhere" / path.name


def other_case(path: Path) -> Path:
    return path.with_name(path.name.upper())


@pytest.mark.parametrize(
    "name", [Path, hard_link, symbolic_link, through_a_linked_folder, other_case]
)
@pytest.mark.parametrize("force", [[], ["--force"]])
def test_the_reference_is_never_written_over(
    name: Callable[[Path], Path],
    force: list[str],
    reference: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = Path(reference).read_bytes()
    assert speak(reference, name(Path(reference)), *force) == 1
    assert Path(reference).read_bytes() == before
    assert "is read by this command" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--lexicon", "--text-file", "--model"])
def test_no_other_input_is_written_over(
    option: str, reference: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "given.wav"
    given.write_text("word = wurd\n")
    text = [] if option == "--text-file" else ["--text", "One."]
    command = ["speak", "--reference", reference, "--transcript", "w", *text]
    assert main([*command, option, str(given), "--out", str(given), "--force"]) == 1
    assert given.read_text() == "word = wurd\n"
    assert "is read by this command" in capsys.readouterr().err


def test_another_file_stays_without_force_and_until_the_new_one_is_whole(
    reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.wav"
    out.write_bytes(b"precious")
    assert speak(reference, out) == 1
    assert out.read_bytes() == b"precious"
    during: list[bytes] = []
    step = FakeUtterance.step

    def look(utterance: FakeUtterance) -> object:
        during.append(out.read_bytes())
        return step(utterance)

    monkeypatch.setattr(FakeUtterance, "step", look)
    assert speak(reference, out, "--force") == 0
    assert set(during) == {b"precious"}
    assert read_clip(out).seconds == pytest.approx(1.2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.wav", "reference.wav"]


def test_a_link_that_leads_nowhere_is_a_file_that_is_there(reference: str, tmp_path: Path) -> None:
    target, link = tmp_path / "target.wav", tmp_path / "link.wav"
    link.symlink_to(target)
    assert speak(reference, link) == 1
    assert not target.exists()
    assert speak(reference, link, "--force") == 0
    assert not target.exists()
    assert not link.is_symlink()


def test_a_pipe_is_not_replaced(reference: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    assert speak(reference, tmp_path / "pipe.wav", "--force") == 1
    assert (tmp_path / "pipe.wav").is_fifo()


def test_files_that_grew_before_are_left_alone(reference: str, tmp_path: Path) -> None:
    (tmp_path / "out~growing.wav").write_bytes(b"of a killed run")
    assert speak(reference, tmp_path / "out.wav") == 0
    assert (tmp_path / "out~growing.wav").read_bytes() == b"of a killed run"
    assert read_clip(tmp_path / "out.wav").seconds == pytest.approx(1.2)
    assert not (tmp_path / "out~growing-2.wav").exists()


def test_a_failure_tells_where_the_rest_is(
    reference: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    step = FakeUtterance.step

    def fail(utterance: FakeUtterance) -> object:
        if utterance.made == 3:
            raise StudioError("The disk is full.", "Make room.")
        return step(utterance)

    monkeypatch.setattr(FakeUtterance, "step", fail)
    assert speak(reference, tmp_path / "out.wav") == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("Error: The disk is full. Make room. What was made")
    assert "out~growing.wav" in error
    assert read_clip(tmp_path / "out~growing.wav").seconds > 0.1
    assert not (tmp_path / "out.wav").exists()


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_appears_meanwhile_is_kept(
    links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not links:
        monkeypatch.setattr(outputs.os, "link", lambda one, other: exec("raise OSError(1, 'no')"))
    output = Output(tmp_path / "out.wav", Inputs([]))
    grown = output.begin()
    grown.write_bytes(b"new")
    (tmp_path / "out.wav").write_bytes(b"somebody's")
    with pytest.raises(StudioError, match="is whole"):
        output.finish(grown)
    assert (tmp_path / "out.wav").read_bytes() == b"somebody's"
    assert grown.read_bytes() == b"new"
    (tmp_path / "out.wav").unlink()
    output.finish(grown)
    assert (tmp_path / "out.wav").read_bytes() == b"new"
    assert not grown.exists()


def test_json_says_where_the_file_is(
    reference: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert speak(reference, tmp_path / "a.wav", "--json") == 0
    assert json.loads(capsys.readouterr().out)["out"] == str(tmp_path / "a.wav")


def test_the_demonstration_finds_a_free_name_unless_one_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_judge() -> None:
        raise StudioError("There is no judge.")

    monkeypatch.setattr("ditar_studio.services.clips.speaker_encoder", no_judge)
    monkeypatch.chdir(tmp_path)
    Path("demo.wav").write_bytes(b"precious")
    assert main(["demo", "--quiet"]) == 0
    assert Path("demo.wav").read_bytes() == b"precious"
    assert read_clip("demo-2.wav").seconds > 3
    assert main(["demo", "--out", "demo.wav"]) == 1
    assert Path("demo.wav").read_bytes() == b"precious"
    assert main(["demo", "--out", "demo.wav", "--force", "--quiet"]) == 0
    assert read_clip("demo.wav").seconds > 3
