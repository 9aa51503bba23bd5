from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditar_studio.training.wer import comparable_words, word_errors


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello, world!", "hello world"),
        ("I can't, won't and don't.", "I cannot will not and do not"),
        ("The neighbour's grey theatre.", "the neighbors gray theater"),
        ("We realised the colour.", "we realized the color"),
        ("It costs 25 dollars.", "it costs twenty-five dollars"),
        ("Um, it's fine", "It is fine."),
        ("They’re travelling", "they are traveling"),
        ("An otherwise wise noise", "an otherwise wise noise"),
    ],
)
def test_one_sentence_written_two_ways_is_the_same_words(one: str, other: str) -> None:
    assert comparable_words(one) == comparable_words(other)


def test_different_words_stay_different() -> None:
    assert comparable_words("hour our four") == ["hour", "our", "four"]


@pytest.mark.parametrize(
    ("expected", "heard", "errors"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "a x c", 1),
        ("a b c", "a c", 1),
        ("a b c", "a b b c", 1),
        ("a b c", "", 3),
        ("", "a b", 2),
        ("a b c d", "b c d a", 2),
    ],
)
def test_errors_are_the_fewest_changes_of_words(expected: str, heard: str, errors: int) -> None:
    assert word_errors(expected.split(), heard.split()) == errors


_words = st.lists(st.sampled_from("abc"), max_size=8)


@given(_words, _words)
def test_errors_are_a_distance(one: list[str], other: list[str]) -> None:
    errors = word_errors(one, other)
    assert errors == word_errors(other, one)
    assert abs(len(one) - len(other)) <= errors <= max(len(one), len(other))
    assert (errors == 0) == (one == other)
