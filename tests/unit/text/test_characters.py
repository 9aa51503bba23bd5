from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ditar_studio.text.characters import SIGNS, fold, unreadable


def test_what_cannot_be_read_is_listed_once_in_order() -> None:
    assert unreadable("Hello 你好, 你! 😀 café ½ α") == ["你", "好", "😀"]


def test_writing_of_another_script_is_not_read_letter_by_letter() -> None:
    assert unreadable("Привет") == list("Привет")
    assert unreadable("αβγ") == list("αβγ")


def test_a_character_that_cannot_be_shown_is_given_by_its_code_point() -> None:
    assert unreadable("a\ue000\ud800") == ["U+E000", "U+D800"]


def test_english_with_its_marks_and_signs_is_all_readable() -> None:
    assert unreadable("“Don’t!” — it’s £5…\r\n\t• naïve™ ¿sí? \u00a0\u200b²") == []


@given(st.text())
def test_a_folded_text_is_plain_and_stays_as_it_is(text: str) -> None:
    folded = fold(text)
    assert all(" " <= c <= "~" or c in SIGNS for c in folded)
    assert fold(folded) == folded
