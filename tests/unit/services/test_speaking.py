"""One service draws the engine's events, and tells what they add up to."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from fake_model import FakeModel, speech_like

import ditar_studio
from ditar_studio.engine.events import Done, PatchReady, WordSpoken
from ditar_studio.engine.generate import generate
from ditar_studio.engine.request import GenerationRequest
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.engine.voice import Reference
from ditar_studio.errors import StudioError
from ditar_studio.services.speaking import SpeechStream

VOICE = Reference(speech_like(), "its words")


def request(text: str, **changes: object) -> GenerationRequest:
    return GenerationRequest.of(text, VOICE, GenerationSettings(**changes))  # type: ignore[arg-type]


def test_the_events_are_the_engines_and_add_up() -> None:
    model = FakeModel()
    speech = SpeechStream(model, request("One two. Runaway.", verify=True))
    events = list(speech)
    samples = sum(len(event.samples) for event in events if isinstance(event, PatchReady))
    whole = generate(model, request("One two. Runaway.", verify=True))
    assert samples == len(whole.clip.samples)
    summary = speech.summary
    assert isinstance(events[-1], Done)
    assert summary.complete
    assert summary.checked_stats() == events[-1].stats
    assert summary.warnings == whole.warnings != ()
    assert [word.at_seconds for word in summary.words] == sorted(
        event.at_seconds for event in events if isinstance(event, WordSpoken)
    )
    assert [each.text for each in summary.sentences] == ["One two.", "Runaway."]


def test_a_cancelled_speech_is_not_complete() -> None:
    cancel = threading.Event()
    speech = SpeechStream(FakeModel(), request("One two three four."), cancel)
    for event in speech:
        if isinstance(event, PatchReady):
            cancel.set()
    assert speech.summary.cancelled
    assert not speech.summary.complete
    assert speech.summary.checked_stats().patches == 1


def test_a_failure_is_raised_where_it_is_asked_for() -> None:
    speech = SpeechStream(FakeModel(), GenerationRequest.of("One."))
    list(speech)
    assert not speech.summary.complete
    with pytest.raises(StudioError, match="needs a reference"):
        speech.summary.checked_stats()


def test_a_speech_that_is_left_has_no_stats() -> None:
    speech = SpeechStream(FakeModel(), request("One two three."))
    next(iter(speech))
    speech.close()
    assert list(speech) == []
    with pytest.raises(RuntimeError):
        speech.summary.checked_stats()


def test_nothing_else_draws_the_engines_events() -> None:
    root = Path(ditar_studio.__file__).parent
    drawn = re.compile(r"from ditar_studio\.engine\.generate import [^\n]*\bstream\b")
    found = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if drawn.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"services/speaking.py", "cli/benchmark.py"}
