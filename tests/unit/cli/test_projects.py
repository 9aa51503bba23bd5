"""Projects of the studio: listed, spoken, exported and taken in without it."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import run_json as run
from fake_model import FakeModel, FakeUtterance

from ditar_studio.audio.clips.files import read_clip
from ditar_studio.audio.clips.speed import FASTEST, SLOWEST
from ditar_studio.cli import main, options
from ditar_studio.errors import StudioError
from ditar_studio.store.library import Library
from ditar_studio.store.project import NewLine, ProjectSettings
from ditar_studio.store.voice import NewSample
from ditar_studio.ui.features.export.dialog import FORMATS, LAYOUTS

pytestmark = pytest.mark.usefixtures("fake")


@pytest.fixture
def book(reference: str) -> str:
    """A project of two lines, spoken in a voice of the library."""
    with Library() as library:
        voice = library.voices.create("Anna", [NewSample(Path(reference), "its words")]).value
        settings = ProjectSettings(voice_id=voice.id)
        project = library.projects.create("My book", settings).value
        library.lines.add(project.id, [NewLine("One two."), NewLine("Three.")])
    return project.name


def test_projects_are_listed(capsys: pytest.CaptureFixture[str], book: str) -> None:
    assert main(["projects"]) == 0
    assert capsys.readouterr().out == "My book  2 lines, 0 spoken, 2 to be spoken\n"
    listed = run(capsys, "projects")["projects"]
    assert listed == [{"name": book, "lines": 2, "spoken": 0, "due": 2}]


def test_a_project_is_spoken_and_exported(
    capsys: pytest.CaptureFixture[str], book: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = ["export", "my book", "--out-dir", str(out), "--format", "flac"]
    assert "never spoken" in run(capsys, *command, code=1)["error"]
    made = run(capsys, *command, "--speak", "--subtitles", "srt", "--layout", "per_line")
    names = sorted(Path(file).name for file in made["files"])
    assert names == [
        f"My book {number} Anna.{kind}" for number in ("01", "02") for kind in ("flac", "srt")
    ]
    assert read_clip(out / "My book 01 Anna.flac").seconds == pytest.approx(0.8)
    again = run(capsys, *command)
    assert [Path(file).name for file in again["files"]] == ["My book.flac"]
    numbered = run(capsys, *command)
    assert [Path(file).name for file in numbered["files"]] == ["My book 2.flac"]
    forced = run(capsys, *command, "--force", "--speed", "2")
    assert [Path(file).name for file in forced["files"]] == ["My book.flac"]
    assert read_clip(out / "My book.flac").seconds < 1.0
    assert run(capsys, "projects")["projects"][0]["due"] == 0


def test_what_an_interruption_left_is_kept(
    capsys: pytest.CaptureFixture[str],
    book: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import os
    import signal

    step = FakeUtterance.step

    def interrupted(self: FakeUtterance) -> object:
        if self.made == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return step(self)

    monkeypatch.setattr(FakeUtterance, "step", interrupted)
    command = ["export", book, "--out-dir", str(tmp_path / "out"), "--speak"]
    assert run(capsys, *command, code=130) == {"files": [], "cancelled": True}
    assert not (tmp_path / "out").exists()


def test_a_line_that_cannot_be_spoken_is_reported(
    capsys: pytest.CaptureFixture[str],
    book: str,
    fake: FakeModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*arguments: object, **named: object) -> None:
        raise StudioError("This can't be read.", "Type something else.")

    monkeypatch.setattr(fake, "begin", refuse)
    command = ["export", book, "--out-dir", str(tmp_path / "out"), "--speak"]
    assert "2 lines can't be spoken: This can't be read." in run(capsys, *command, code=1)["error"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--loudness", "3"], "loudness"),
        (["--speed", "9"], "speed"),
        (["--sample-rate", "3"], "sample rate"),
        (["--name", "{nonsense}"], "no {nonsense}"),
    ],
)
def test_wrong_wishes_are_reported(
    more: list[str], words: str, capsys: pytest.CaptureFixture[str], book: str, tmp_path: Path
) -> None:
    run(capsys, "export", book, "--out-dir", str(tmp_path / "a"), "--speak")
    command = ["export", book, "--out-dir", str(tmp_path / "b"), *more]
    assert words in run(capsys, *command, code=1)["error"]
    assert not list((tmp_path / "b").glob("*")) if (tmp_path / "b").exists() else True


def test_an_exported_sound_becomes_a_project_again(
    capsys: pytest.CaptureFixture[str], book: str, tmp_path: Path
) -> None:
    made = run(capsys, "export", book, "--out-dir", str(tmp_path), "--speak", "--format", "mp3")
    project = run(capsys, "import", made["files"][0], "--name", "Again")
    assert project == {"project": "Again", "lines": 2}
    with Library() as library:
        again = next(each for each in library.projects.all() if each.name == "Again")
        lines = library.lines.of_project(again.id)
        assert [line.text for line in lines] == ["One two.", "Three."]
        voice = library.voices.find("Anna")
        assert voice is not None
        assert {line.voice_id for line in lines} == {voice.id}


def test_what_speak_wrote_becomes_a_project_too(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "said.opus"
    assert main(["speak", "One two.", "--voice", "Emma", "-q", "--out", str(out)]) == 0
    assert run(capsys, "import", str(out)) == {"project": "said", "lines": 1}


def test_a_voice_is_taken_in(capsys: pytest.CaptureFixture[str], book: str, tmp_path: Path) -> None:
    path = tmp_path / "anna.ditarvoice"
    run(capsys, "voices", "export", "Anna", str(path))
    assert run(capsys, "import", str(path)) == {"voice": "Anna 2"}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.xyz", b"x", "can't be imported"),
        ("a.wav", b"x", "no recipe"),
        ("a.ditarvoice", b"x", "a.ditarvoice"),
    ],
)
def test_what_cannot_be_taken_in_is_reported(
    name: str, content: bytes, words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert words in run(capsys, "import", str(path), code=1)["error"]
    assert run(capsys, "projects")["projects"] == []


def test_a_voice_that_is_not_there_is_reported(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "said.wav"
    assert main(["speak", "One two.", "-q", "--out", str(out)]) == 0
    assert "no voice" in run(capsys, "import", str(out), "--voice", "Nobody", code=1)["error"]


def test_the_choices_are_those_of_the_studio() -> None:
    assert set(options.EXPORT_FORMATS) == {name for name, _title in FORMATS}
    assert set(options.EXPORT_LAYOUTS) == set(LAYOUTS)
    assert (SLOWEST, FASTEST) == (0.25, 4.0)
