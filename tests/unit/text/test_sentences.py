from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ditar_studio.text.sentences import split


def without_space(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Mr. Smith met Dr. Jones. They talked.", ["Mr. Smith met Dr. Jones.", "They talked."]),
        ("It cost 3.50 dollars. Fine.", ["It cost 3.50 dollars.", "Fine."]),
        ("He left at 5 p.m. on Monday.", ["He left at 5 p.m. on Monday."]),
        ("He left at 5 p.m. She stayed.", ["He left at 5 p.m.", "She stayed."]),
        ("J. R. R. Tolkien wrote it. Read it.", ["J. R. R. Tolkien wrote it.", "Read it."]),
        ("It was I. Nobody knew.", ["It was I.", "Nobody knew."]),
        ('"Stop!" he cried. "Now."', ['"Stop!" he cried.', '"Now."']),
        ("“Where?” she asked. (Nowhere.) Gone.", ["“Where?” she asked.", "(Nowhere.)", "Gone."]),
        ("Well... maybe. Or not…  Yes", ["Well... maybe.", "Or not…", "Yes"]),
        ("see fig. 3, e.g. the blue one.", ["see fig. 3, e.g. the blue one."]),
        ("all lower case. another one", ["all lower case.", "another one"]),
        (
            "a line\nbroken by hand\n\nA Heading\n \nText.",
            ["a line broken by hand", "A Heading", "Text."],
        ),
        (
            "你好世界，今天不错。我们走吧！Really？“好。”他说……好",
            [
                "你好世界，今天不错。",
                "我们走吧！",
                "Really？",
                "“好。”",
                "他说……好",
            ],
        ),
        ("यह एक है। दूसरा।", ["यह एक है।", "दूसरा।"]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_sentences_end_where_a_reader_stops(text: str, expected: list[str]) -> None:
    assert split(text) == expected


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("We went home; they stayed here.", 20, ["We went home;", "they stayed here."]),
        ("one two three, four five six", 16, ["one two three,", "four five six"]),
        ("he ran away and she stayed", 20, ["he ran away", "and she stayed"]),
        ("aaaaaaaaaa", 4, ["aaaa", "aaaa", "aa"]),
        ("今天很好，我们去公园，看花", 24, ["今天很好，", "我们去公园，看花"]),
        ("人工智能人工智能", 12, ["人工智能", "人工智能"]),
        ("a bb", 1, ["a", "b", "b"]),
    ],
)
def test_long_sentences_are_cut_at_their_strongest_break(
    text: str, limit: int, expected: list[str]
) -> None:
    assert split(text, limit) == expected


@given(
    st.text(alphabet=st.sampled_from("ab B.?!…,;:—-\"'()’ \n\t\u00a0é漢😀"), max_size=300)
    | st.text(),
    st.integers(1, 60),
)
@settings(max_examples=300, deadline=None)
def test_nothing_is_lost_and_no_piece_is_too_long(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert without_space("".join(pieces)) == without_space(text)
    assert all(0 < len(piece) <= limit and piece == piece.strip() for piece in pieces)


def test_a_book_is_split_in_linear_time() -> None:
    import time

    text = "word, " * 100_000 + "x" * 100_000 + '."' * 50_000
    start = time.perf_counter()
    pieces = split(text)
    assert time.perf_counter() - start < 20
    assert without_space("".join(pieces)) == without_space(text)


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="max_characters"):
        split("text", 0)
