"""Listening to takes by what is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fake_model import speech_like
from library_fixtures import recipe

from ditar_studio.audio.analysis import transcribe
from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.files import StreamingWavWriter
from ditar_studio.engine import listening
from ditar_studio.errors import StudioError
from ditar_studio.services.word_check import InstalledListeners
from ditar_studio.store.library import Library
from ditar_studio.store.project import NewLine
from ditar_studio.store.take import Take


@pytest.fixture
def listeners(monkeypatch: pytest.MonkeyPatch) -> InstalledListeners:
    """They hear "the cat sat on the mat", whatever was said; each is to be loaded once."""
    loaded: list[str] = []

    class Reader:
        def __init__(self) -> None:
            assert "reader" not in loaded
            loaded.append("reader")

        def differing(self, clip: Clip, text: str, _words: Any) -> tuple[tuple[int, int], ...]:
            assert clip.seconds > 0.5
            place = text.find("dog")
            return ((place, place + 3),) if place >= 0 else ()

    class Whisper:
        def __init__(self, threads: int) -> None:
            assert "whisper" not in loaded
            assert threads == 1
            loaded.append("whisper")

        def transcribe(self, clip: Clip) -> Any:
            if clip.seconds > 1.5:
                raise StudioError("No words were heard.")
            return transcribe.Transcript("The cat sat on the mat.", "en", 0.9)

    monkeypatch.setattr(listening, "ReaderListener", Reader)
    monkeypatch.setattr(transcribe, "Transcriber", Whisper)
    return InstalledListeners()


def take_of(tmp_path: Path, text: str, seconds: float = 1.0) -> Take:
    with Library(tmp_path / "library") as library:
        project = library.projects.create().value.id
        (line,) = library.lines.add(project, [NewLine(text)]).value
        take = library.takes.begin(project, line.id, recipe(text), line.fingerprint).value
        clip = speech_like(seconds)
        with StreamingWavWriter(take.path, clip.sample_rate) as writer:
            writer.append(clip.samples)
        return library.takes.finish(take.id, "complete").value


def test_words_that_differ_are_reported_by_their_place_in_the_marked_text(
    listeners: InstalledListeners, tmp_path: Path
) -> None:
    text = "The [slow]dog[/slow] sat on the mat."
    take = take_of(tmp_path, text)
    for by in ("reader", "whisper", "reader"):
        check = listeners(take, by)  # type: ignore[arg-type]
        assert check is not None
        assert check.by == by
        assert [text[start:end] for start, end in check.differing] == ["dog"]


def test_nothing_that_is_heard_differs_wholly(
    listeners: InstalledListeners, tmp_path: Path
) -> None:
    assert listeners(take_of(tmp_path, "The cat sat on the mat.", 2.0), "whisper") is None


def test_a_text_in_another_script_is_not_listened_to(
    listeners: InstalledListeners, tmp_path: Path
) -> None:
    assert listeners(take_of(tmp_path, "猫がマットの上に座った。"), "reader") is None
