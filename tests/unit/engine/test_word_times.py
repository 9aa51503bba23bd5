from __future__ import annotations

import threading

import numpy as np
import pytest
from fake_model import PATCH, RATE, FakeModel

from ditar_studio.engine.attempt import Attempt, Work
from ditar_studio.engine.events import PatchReady, WordSpoken
from ditar_studio.engine.generate import stream
from ditar_studio.engine.request import GenerationRequest
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.engine.word_times import WordClock, WordTime, parts_of
from ditar_studio.text.phonemes import read

WORD = 4 * PATCH / RATE


def clock(text: str) -> tuple[WordClock, list[int]]:
    """A clock, and for each sound of the text its number."""
    reading = read(text)
    made = WordClock(text, reading, 0.025)
    return made, [n for n, sound in enumerate(s for s in reading.sounds if s != " ")]


def test_a_word_lasts_from_its_first_sound_to_the_next_words() -> None:
    made, _ = clock("A cat, so.")  # ə k æ t , s oʊ .
    for sound in (-1, 0, 0, 1, 1, 2, 3, 4, 4, 5, 6, 7):
        made.move(sound)
    made.finish()
    assert made.done == [
        WordTime(0, 1, pytest.approx(0.025), pytest.approx(0.05)),
        WordTime(2, 5, pytest.approx(0.075), pytest.approx(0.1)),
        WordTime(7, 9, pytest.approx(0.225), pytest.approx(0.05)),
    ]


def test_words_that_are_said_again_are_timed_again() -> None:
    made, _ = clock("A cat, so.")
    for sound in (0, 1, 2, 3, 5, 6, 2, 2, 3, 5, 6, 7):
        made.move(sound)
    made.finish()
    assert [word.start for word in made.done] == [0, 2, 7]
    assert made.done[1].at_seconds == pytest.approx(0.15)


def test_parts_know_their_places_in_the_whole() -> None:
    whole = "  One  two.\nThree four. "
    first, second = parts_of(whole, ["One two.", "Three four."])
    word = second.moved(WordTime(6, 10, 0.5, 0.25), by=2.0)
    assert whole[word.start : word.end] == "four"
    assert (word.at_seconds, word.seconds) == (2.5, 0.25)
    word = first.moved(WordTime(4, 7, 0.5, 0.25), by=0.0)
    assert whole[word.start : word.end] == "two"


@pytest.mark.parametrize("candidates", [1, 3])
def test_words_come_with_their_places_in_the_line_and_in_the_sound(candidates: int) -> None:
    lines = ("One two.  Three four!", "Five.")
    settings = GenerationSettings(pause_seconds=0.5, candidates=candidates)
    events = list(stream(FakeModel(needs_voice=False), GenerationRequest.of(lines, None, settings)))
    words = [event for event in events if isinstance(event, WordSpoken)]
    assert [lines[w.line][w.start : w.end] for w in words] == [
        *("One", "two", "Three", "four", "Five"),
    ]
    starts = [0, WORD, 2 * WORD + 0.5, 3 * WORD + 0.5, 4 * WORD + 1.0]
    assert [w.at_seconds for w in words] == pytest.approx(starts)
    assert [w.seconds for w in words] == pytest.approx([WORD] * 5)


def test_a_word_comes_soon_after_its_sound_and_not_before() -> None:
    given = 0
    events = stream(FakeModel(needs_voice=False), GenerationRequest.of("One two three."))
    for event in events:
        if isinstance(event, PatchReady):
            given += len(event.samples)
        elif isinstance(event, WordSpoken):
            assert event.at_seconds + event.seconds <= given / RATE + 1e-6
            assert event.at_seconds + event.seconds >= given / RATE - 2 * PATCH / RATE


def test_silence_that_is_cut_moves_the_words_behind_it() -> None:
    model = FakeModel(needs_voice=False)
    request = GenerationRequest.of("One gap gap gap four.", None)
    events = list(stream(model, request))
    words = {w.start: w for w in events if isinstance(w, WordSpoken)}
    total = sum(len(e.samples) for e in events if isinstance(e, PatchReady)) / RATE
    cut = 5 * WORD - total
    assert cut > 0.3
    assert words[16].at_seconds == pytest.approx(4 * WORD - cut, abs=0.03)


def test_a_model_that_does_not_know_its_place_tells_no_words() -> None:
    class Blind:
        expected_patches, max_patches, word_times = 2, 4, ()

        def step(self):  # type: ignore[no-untyped-def]
            from ditar_studio.engine.speech_model import PatchOutput

            return PatchOutput(np.full(PATCH, 0.1, np.float32), 1.0)

        def finish(self) -> np.ndarray:
            return np.zeros(0, np.float32)

        def hear(self, samples: np.ndarray) -> None:
            return None

    info = FakeModel().info
    attempt = Attempt(Blind(), GenerationSettings(), info, threading.Event(), Work())
    assert [piece.words for piece in attempt.make()] == [(), ()]
