"""`ditar-studio book`: what is read, what is kept, what comes out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import soundfile
from documents import PNG, epub, page
from fake_model import FakeModel, speech_like

from ditar_studio.cli import book
from ditar_studio.cli.main import main
from ditar_studio.engine.voice import Reference
from ditar_studio.services import narration
from ditar_studio.services.metadata import open_recipe

PAGES = {
    "toc.xhtml": page("<p>Chapter 1, 2</p>"),
    "one.xhtml": page("<h1>One</h1><p>First here. Second one.</p>"),
    "two.xhtml": page("<h1>Two</h1><p>Third words.</p>"),
}
TOC = (
    "<li><a href='toc.xhtml'>Contents</a></li><li><a href='one.xhtml'>One</a></li>"
    "<li><a href='two.xhtml'>Two</a></li>"
)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    made = FakeModel(needs_voice=False)
    monkeypatch.setattr(book, "load", lambda arguments: made)
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "book.epub"
    made.write_bytes(epub(PAGES, TOC, PNG))
    return made


def answer(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(capsys.readouterr().out)
    return values


def test_chapters_are_listed_without_a_model(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["book", str(path), "--list", "--json"]) == 0
    values = answer(capsys)
    assert [c["title"] for c in values["chapters"]] == ["Contents", "One", "Two"]
    assert [c["read_out"] for c in values["chapters"]] == [False, True, True]
    assert main(["book", str(path), "--list"]) == 0
    assert "Contents (left out)" in capsys.readouterr().out


def test_a_book_is_read_once_and_what_is_changed_again(
    path: Path, model: FakeModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = ["book", str(path), "--out-dir", str(out), "--json", "--force"]
    assert main([*command, "--subtitles", "srt", "--by-word"]) == 0
    made, srt = (Path(each) for each in answer(capsys)["files"])
    assert made.name == "The Book.m4b"
    assert b"Two" in made.read_bytes()
    assert PNG in made.read_bytes()
    assert len(open_recipe(made)) == 2
    assert "\nFirst\n" in srt.read_text("utf-8")
    parts = sorted(each.name for each in (out / "parts").glob("*.wav"))
    assert parts == ["01 One.wav", "02 Two.wav"]
    model.begun.clear()
    assert main(command) == 0
    assert model.begun == []
    changed = {**PAGES, "two.xhtml": page("<h1>Two</h1><p>Other words.</p>")}
    path.write_bytes(epub(changed, TOC))
    assert main(command) == 0
    assert model.begun == ["Two", "Other words."]


def test_a_chapter_is_read_again_when_a_voice_named_in_it_is_another(
    model: FakeModel,
    path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    marked = page("<h1>Two</h1><p>He said: [voice Ben]No.[/voice]</p>")
    path.write_bytes(epub({**PAGES, "two.xhtml": marked}, TOC))
    bens = [Reference(speech_like(1.0), "One."), Reference(speech_like(2.0), "Other.")]
    command = ["book", str(path), "--out-dir", str(tmp_path / "out"), "--json", "--force"]
    begun = []
    for ben in (bens[0], bens[0], bens[1]):
        monkeypatch.setattr(
            narration,
            "others_named",
            lambda texts, ben=ben: {"ben": ben} if any("[voice" in text for text in texts) else {},
        )
        model.begun.clear()
        assert main(command) == 0
        begun.append(list(model.begun))
    capsys.readouterr()
    assert "First here." in begun[0]
    assert begun[1:] == [[], ["Two", "He said:", "No."]]


def test_chosen_chapters_get_files_of_their_own(
    path: Path, model: FakeModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    options = ["--chapters", "3", "--format", "mp3", "--per-chapter", "--no-headings"]
    assert main(["book", str(path), "--out-dir", str(out), "--json", *options]) == 0
    (made,) = (Path(each) for each in answer(capsys)["files"])
    assert made.name == "The Book 01 Two.mp3"
    assert model.begun == ["Third words."]
    assert soundfile.info(str(made)).duration > 0.5


def test_what_acx_does_not_take_is_reported(
    path: Path, model: FakeModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["book", str(path), "--out-dir", str(tmp_path / "o"), "--json", "--acx"]
    code = main(command)
    values = answer(capsys)
    assert code == (1 if values["failed_checks"] else 0)
    assert {Path(each).suffix for each in values["files"]} == {".mp3"}
    assert "rate" not in values["failed_checks"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--chapters", "1-9"], "names no chapters"),
        (["--chapters", "x"], "names no chapters"),
        (["--voice", "a", "--reference", "b"], "Both"),
    ],
)
def test_wrong_options_are_reported(
    path: Path,
    model: FakeModel,
    tmp_path: Path,
    options: list[str],
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["book", str(path), "--out-dir", str(tmp_path / "o"), *options]) == 1
    assert says in capsys.readouterr().err
    assert main(["book", str(path)]) == 1
    assert "no place" in capsys.readouterr().err
