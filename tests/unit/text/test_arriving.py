"""Sentences come as soon as they are whole, and nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditar_studio.errors import StudioError
from ditar_studio.text.arriving import ArrivingText
from ditar_studio.text.sentences import split


def arrive(pieces: list[str]) -> list[list[str]]:
    text = ArrivingText(longest=10_000)
    return [*(text.feed(piece) for piece in pieces), text.finish()]


@pytest.mark.parametrize(
    ("pieces", "sentences"),
    [
        (["Hello th", "ere. How", " are you?"], [[], ["Hello there."], [], ["How are you?"]]),
        (["Mr. ", "Smith came. ", "He sat."], [[], [], ["Mr. Smith came."], ["He sat."]]),
        (["One.\n\n", "Two"], [["One."], [], ["Two"]]),
        (["One two ", "three"], [[], [], ["One two three"]]),
        ([" ", ""], [[], [], []]),
    ],
)
def test_a_sentence_comes_when_it_is_whole(pieces: list[str], sentences: list[list[str]]) -> None:
    assert arrive(pieces) == sentences


@given(st.lists(st.text(alphabet="ab .!?\n\tM", max_size=12), max_size=12))
def test_nothing_is_lost(pieces: list[str]) -> None:
    found = [sentence for given in arrive(pieces) for sentence in given]
    assert "".join("".join(found).split()) == "".join("".join(pieces).split())
    assert all(found)


def test_a_text_in_one_piece_is_split_as_ever() -> None:
    text = "One is here. Two is there! And e.g. three? Yes."
    assert [sentence for given in arrive([text]) for sentence in given] == split(text)


def test_a_text_that_is_too_long_is_refused() -> None:
    text = ArrivingText(longest=8)
    assert text.feed("Go. Go") == ["Go."]
    with pytest.raises(StudioError, match="A text may have 8 characters"):
        text.feed(" on.")
    assert text.characters == 10
