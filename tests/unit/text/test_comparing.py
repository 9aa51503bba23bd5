"""What a recogniser wrote down, against the text that was to be said."""

from __future__ import annotations

import pytest

from ditar_studio.text.comparing import words_that_differ
from ditar_studio.text.lexicon import Lexicon


def differing(text: str, heard: str, lexicon: Lexicon | None = None) -> list[str]:
    return [text[a:b] for a, b in words_that_differ(text, heard, lexicon)]


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("They paid $5 for it.", "they paid five dollars for it"),
        ("Their dog is over there.", "There dog is over their."),
        ("Dr. Smith lives on Main St.", "Doctor Smith lives on Main Street"),
        ("It's half past ten—at last!", "Its half past ten at last."),
    ],
)
def test_what_sounds_the_same_is_the_same(text: str, heard: str) -> None:
    assert differing(text, heard) == []


def test_words_that_are_missing_other_or_followed_by_more_differ() -> None:
    text = "The quick brown fox jumps."
    assert differing(text, "The quick fox jumps") == ["brown"]
    assert differing(text, "The quick crown fox jumps") == ["brown"]
    assert differing(text, "The quick brown old fox jumps") == ["brown"]
    assert differing(text, "") == ["The", "quick", "brown", "fox", "jumps"]


def test_pronunciations_of_the_user_are_of_both() -> None:
    lexicon = Lexicon({"Nguyen": "win"})
    assert differing("Ask Nguyen now.", "Ask Nguyen now.", lexicon) == []
    assert differing("Ask Nguyen now.", "Ask win now.", lexicon) == []
