from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ditar_studio.text.finding import Query, found, replaced


def test_words_are_found_whatever_their_case_and_space() -> None:
    text = "The  cat. the\ncat! Cats."
    assert Query("the cat").spans(text) == [(0, 8), (10, 17)]
    assert Query("the cat", match_case=True).spans(text) == [(10, 17)]
    assert Query("cat", whole_words=True).spans("cat Cats concat cat") == [(0, 3), (16, 19)]
    assert Query("a.c").spans("abc a.c") == [(4, 7)]
    assert Query(" ").spans("a b") == []


def test_places_are_replaced_from_the_beginning() -> None:
    assert replaced("a-b-a", [(0, 1), (4, 5)], "xyz") == "xyz-b-xyz"
    assert found([("1", "aa"), ("2", "b"), ("3", "a")], Query("a")) == [
        ("1", 0, 1),
        ("1", 1, 2),
        ("3", 0, 1),
    ]


@settings(deadline=None)
@given(st.text(max_size=30), st.text(max_size=3))
def test_replacing_by_the_same_changes_nothing(text: str, words: str) -> None:
    query = Query(words, match_case=True)
    spans = query.spans(text)
    assert replaced(text, spans, "") == "".join(
        letter for place, letter in enumerate(text) if not any(a <= place < b for a, b in spans)
    )
