"""What marks in a text do to its speech."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fake_model import RATE, FakeModel, FakeUtterance, speech_like

from ditar_studio.engine.events import Failed, PatchReady, SentenceVerified, Warned, WordSpoken
from ditar_studio.engine.generate import generate, stream
from ditar_studio.engine.request import GenerationRequest, SpokenLine
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.engine.voice import Reference
from ditar_studio.engine.word_times import WordTime

VOICE = Reference(speech_like(), "what is said in it")
OTHER = Reference(speech_like(level=0.02), "another one says this")
PLAIN = GenerationSettings(pause_seconds=0.25, verify=True)


def spoken(
    text: str, model: FakeModel | None = None, **settings: object
) -> tuple[FakeModel, list[object]]:
    model = model or FakeModel()
    chosen = replace(PLAIN, **settings)  # type: ignore[arg-type]
    request = GenerationRequest((SpokenLine(text),), VOICE, chosen, others={"ben": OTHER})
    return model, list(stream(model, request))


def sound(events: list[object]) -> np.ndarray:
    return np.concatenate([e.samples for e in events if isinstance(e, PatchReady)])


def words(text: str, events: list[object]) -> list[tuple[str, float, float]]:
    found = [e for e in events if isinstance(e, WordSpoken)]
    return [(text[w.start : w.end], round(w.at_seconds, 3), round(w.seconds, 3)) for w in found]


def test_a_pause_within_a_line_is_silence_there() -> None:
    text = "One two [pause 1.5] three."
    model, events = spoken(text)
    assert model.begun == ["One two,", "three."]
    samples = sound(events)
    assert len(samples) / RATE == pytest.approx(1.2 + 1.5, abs=0.01)
    assert not samples[round(0.81 * RATE) : round(2.29 * RATE)].any()
    assert [(word, at) for word, at, _ in words(text, events)] == [
        ("One", 0.0),
        ("two", 0.4),
        ("three", 2.3),
    ]


def test_a_pause_at_the_end_of_a_text_is_heard() -> None:
    _, events = spoken("One two. [pause 1]")
    assert len(sound(events)) / RATE == pytest.approx(0.8 + 1.0, abs=0.01)


def test_a_marked_word_is_slower_and_louder_and_the_words_tell_when() -> None:
    text = "One [speed 0.5][volume 6]two[/volume][/speed] three."
    plain = sound(spoken("One two three.")[1])
    model, events = spoken(text)
    assert model.begun == ["One two three."]  # in one go: the melody of the sentence is kept
    samples = sound(events)
    assert len(samples) / RATE == pytest.approx(1.6, abs=0.02)
    assert words(text, events) == [
        ("One", 0.0, 0.4),
        ("two", 0.4, 0.8),
        ("three", 1.2, 0.4),
    ]
    assert np.array_equal(samples[: round(0.39 * RATE)], plain[: round(0.39 * RATE)])

    def level(part: np.ndarray, begin: float, end: float) -> float:
        return float(np.sqrt(np.mean(part[round(begin * RATE) : round(end * RATE)] ** 2)))

    assert level(samples, 0.5, 1.1) / level(plain, 0.45, 0.75) == pytest.approx(2.0, rel=0.15)


def test_a_model_that_times_no_words_speaks_marked_stretches_apart() -> None:
    class UntimedUtterance(FakeUtterance):
        word_times: list[WordTime] = []  # type: ignore[assignment]  # noqa: RUF012

    class UntimedModel(FakeModel):
        def begin(self, text, voice, settings, *rest):  # type: ignore[no-untyped-def]
            super().begin(text, voice, settings, *rest)
            return UntimedUtterance(text, voice, settings, rest[0])

    model = UntimedModel(times_words=False)
    _, events = spoken("One [slow]two three[/slow] four.", model)
    assert model.begun == ["One,", "two three,", "four."]
    assert len(sound(events)) / RATE == pytest.approx(0.4 + 0.8 / 0.8 + 0.4, abs=0.02)


def test_another_voice_speaks_its_part() -> None:
    model, events = spoken("He said: [voice Ben]No.[/voice] And left.")
    assert model.begun == ["He said:", "No.", "And left."]
    assert len(model.prepared) == 2
    assert not any(isinstance(e, Warned) for e in events)
    model, events = spoken("[voice Zoe]One. Two.[/voice]")
    (warning,) = [e for e in events if isinstance(e, Warned)]
    assert "“Zoe”" in warning.message
    assert model.begun == ["One.", "Two."]


def test_sounds_that_are_given_reach_the_model() -> None:
    model, _ = spoken("I [say /ɹɛd/]read[/say] it. [say dee tar]DiTAR[/say] works.")
    assert model.sayings == [("read", "/ɹɛd/")]
    assert model.begun == ["I read it.", "dee tar works."]


def test_a_model_that_reads_no_sounds_says_so_once() -> None:
    text = "I [say /ɹɛd/]read[/say] it. You [say /ɹɛd/]read[/say] it."
    _, events = spoken(text, FakeModel(reads_phonemes=False))
    (warning,) = [e for e in events if isinstance(e, Warned)]
    assert "phonetic signs" in warning.message
    assert "[say dee tar]" in warning.remedy
    _, events = spoken(text)
    assert not any(isinstance(e, Warned) for e in events)


def test_words_that_differ_are_found_in_the_marked_text() -> None:
    text = "Now [slow]I mumble[/slow] again."
    _, events = spoken(text)
    (heard,) = [e for e in events if isinstance(e, SentenceVerified)]
    assert [text[a:b] for a, b in heard.differing] == ["mumble"]


def test_a_mark_that_cannot_be_used_is_reported_and_other_lines_are_spoken() -> None:
    request = GenerationRequest(
        (SpokenLine("One [speed 9]two."), SpokenLine("Three.")), VOICE, PLAIN
    )
    events = list(stream(FakeModel(), request))
    assert [e.message for e in events if isinstance(e, Warned)] == [
        "The mark [speed 9] can't be used."
    ]
    _, events = spoken("One [speed 9]two.")
    assert isinstance(events[-1], Failed)
    assert events[-1].remedy


def test_a_text_without_marks_sounds_as_ever_whatever_its_brackets() -> None:
    text = "One (two) [three]. Four."
    model, _ = spoken(text)
    assert model.begun == ["One (two) [three].", "Four."]
    exact = GenerationRequest.of("One [pause 1] two.", VOICE, replace(PLAIN, exact_patches=3))
    model = FakeModel()
    assert generate(model, exact).clip.seconds == pytest.approx(0.3)
    assert model.begun == ["One [pause 1] two."]
