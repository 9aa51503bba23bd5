from __future__ import annotations

import pytest

from ditar_studio.errors import StudioError
from ditar_studio.text import symbols


def test_the_table_is_the_one_that_models_were_trained_with() -> None:
    assert symbols.VERSION == 1
    assert " ".join(symbols.SYMBOLS) == (
        "_ $   , . ? ! ; : — … b d d͡ʒ f h j k l m n p s t t͡ʃ v w z ð ŋ ɡ ɹ ʃ ʒ θ ə "
        "aɪ ˈaɪ ˌaɪ aʊ ˈaʊ ˌaʊ eɪ ˈeɪ ˌeɪ i ˈi ˌi oʊ ˈoʊ ˌoʊ u ˈu ˌu æ ˈæ ˌæ ɑ ˈɑ ˌɑ ɔ ˈɔ ˌɔ "
        "ɔɪ ˈɔɪ ˌɔɪ ɚ ˈɚ ˌɚ ɛ ˈɛ ˌɛ ɪ ˈɪ ˌɪ ʊ ˈʊ ˌʊ ʌ ˈʌ ˌʌ"
    )


def test_symbols_are_distinct_and_survive_encoding() -> None:
    assert len(set(symbols.SYMBOLS)) == len(symbols.SYMBOLS)
    assert symbols.decode(symbols.encode(symbols.SYMBOLS)) == list(symbols.SYMBOLS)


def test_an_unknown_sound_is_named() -> None:
    with pytest.raises(StudioError, match="'ʁ'"):
        symbols.encode(["b", "ʁ"])


@pytest.mark.parametrize("index", [-1, len(symbols.SYMBOLS)])
def test_an_index_outside_the_table_is_refused(index: int) -> None:
    with pytest.raises(StudioError, match=str(index)):
        symbols.decode([index])
