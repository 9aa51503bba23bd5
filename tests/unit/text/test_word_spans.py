from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ditar_studio.errors import StudioError
from ditar_studio.text.phonemes import phonemize, read
from ditar_studio.text.word_spans import spans_of, words_in


def written(text: str) -> list[tuple[str, str]]:
    """Each word that is said, with what it is written as."""
    words = read(text).words
    return [
        (word, text[start:end])
        for word, (start, end) in zip(words, spans_of(text, words), strict=True)
    ]


def test_words_are_found_without_the_marks_around_them() -> None:
    text = "“Well,” she said — ‘so-called’ (maybe)… £5, don't!"
    assert [text[a:b] for a, b in words_in(text)] == [
        *("Well", "she", "said", "so-called", "maybe", "£5", "don't"),
    ]


def test_what_is_said_belongs_to_what_is_written() -> None:
    assert written("Dr. Ng paid $5 for it.") == [
        ("Doctor", "Dr"),
        ("Ng", "Ng"),
        ("paid", "paid"),
        ("five", "$5"),
        ("dollars", "$5"),
        ("for", "for"),
        ("it", "it"),
    ]


def test_words_that_nothing_is_said_for_belong_to_the_one_before() -> None:
    text = "Hello 漢字 world"
    assert written(text) == [("Hello", "Hello 漢字"), ("world", "world")]


def test_a_pronunciation_of_several_words_spans_them() -> None:
    assert spans_of("I love New York now", ["I", "love", "nuwerk", "now"])[2] == (7, 15)


def test_sounds_know_their_words() -> None:
    reading = read("Hi, two cats.")
    assert list(reading.sounds) == phonemize("Hi, two cats.")
    said = {reading.words[t] for t in reading.tokens if t >= 0}
    assert said == {"Hi", "two", "cats"}
    assert len(reading.tokens) == len(reading.sounds)


@settings(deadline=None)
@given(st.text(alphabet="ab1 $.,-—'’%漢\n", max_size=40))
def test_spans_lie_in_the_text_and_never_go_back(text: str) -> None:
    try:
        words = read(text).words
    except StudioError:
        return
    spans = spans_of(text, words)
    assert len(spans) == len(words)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert spans == sorted(spans)


@pytest.mark.parametrize("text", ["", "...", "漢字"])
def test_a_text_of_no_words_has_none(text: str) -> None:
    assert words_in(text) == ([(0, 2)] if text == "漢字" else [])
