from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ditar_studio.errors import StudioError
from ditar_studio.text import symbols
from ditar_studio.text.phonemes import phonemize, unreadable


def spoken(text: str) -> str:
    """Words separated by `|`, sounds run together."""
    return "".join(phonemize(text)).replace(" ", "|")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, world!", "hɛlˈoʊ,|wˈɚld!"),
        ("hello world", "hɛlˈoʊ|wˈɚld"),
        ("They will record it.", "ðˈeɪ|wˈɪl|ɹɪkˈɔɹd|ˈɪt."),
        ("The record broke.", "ðə|ɹˈɛkɚd|bɹˈoʊk."),
        ("the apple, the pear", "ði|ˈæpəl,|ðə|pˈɛɹ"),
        ("Who to? To us.", "hˈu|tˈu?|tʊ|ˈʌs."),
        ("A dog and Plan A", "ə|dˈɔɡ|ˈænd|plˈæn|ˈeɪ"),
        ("A B C", "ˈeɪ|bˈi|sˈi"),
        ("the FBI", "ði|ˈɛfbˈiˈaɪ"),
        ("Well — yes?!", "wˈɛl—|jˈɛs?"),
    ],
)
def test_english_becomes_its_sounds(text: str, expected: str) -> None:
    assert spoken(text) == expected


@pytest.mark.parametrize(
    ("text", "ending"), [("Zorb's", "bz"), ("Zorp's", "ps"), ("Glosh's", "ʃɪz"), ("Zorbs'", "bz")]
)
def test_the_possessive_of_an_unknown_word_agrees_with_its_last_sound(
    text: str, ending: str
) -> None:
    assert spoken(text).endswith(ending)


def test_every_sound_of_the_lexicon_and_of_the_guesser_is_in_the_table() -> None:
    import base64
    import sqlite3
    from pathlib import Path

    import gruut_lang_en
    import pycrfsuite

    folder = Path(gruut_lang_en.get_lang_dir())
    with sqlite3.connect(folder / "lexicon.db") as database:
        sounds = {
            sound
            for (phonemes,) in database.execute("SELECT phonemes FROM word_phonemes")
            for sound in phonemes.split()
        }
    database.close()
    guesser = pycrfsuite.Tagger()
    guesser.open(str(folder / "g2p" / "model.crf"))
    for label in guesser.labels():
        sounds.update(base64.b64decode(label).decode().split("|"))
    sounds.discard("_")  # the guesser's silent letter
    assert sounds == {*symbols.CONSONANTS, *symbols.VOWELS}


@pytest.mark.parametrize("text", ["", "   ", "...", "?!", "\n\t"])
def test_a_text_without_words_is_refused(text: str) -> None:
    with pytest.raises(StudioError, match="nothing to read"):
        phonemize(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DiTAR", "dˈitˈɑɹ"),
        ("html, psst, Mr", "ˈeɪt͡ʃtˈiˈɛmˈɛl,|pst,|mˈɪstɚ"),
        ("the US and us", "ðə|jˈu|ˈɛs|ˈænd|ˈʌs"),
        ("It's 5 km.", "ˈɪts|fˈaɪv|kɪlˈɔmɪtɚz."),
    ],
)
def test_names_initials_and_numbers_are_said_as_readers_do(text: str, expected: str) -> None:
    assert spoken(text) == expected


def test_a_text_in_another_script_names_its_characters() -> None:
    with pytest.raises(StudioError, match="can't be read: 你 好") as caught:
        phonemize("你好！你")
    assert "English" in caught.value.remedy
    with pytest.raises(StudioError, match=" …"):
        phonemize("".join(chr(0x4E00 + offset) for offset in range(50)))


def test_characters_that_cannot_be_read_are_passed_over_and_listed() -> None:
    assert phonemize("hello 你好 world") == phonemize("hello world")
    assert unreadable("hello 你好 world") == ["你", "好"]


@pytest.mark.parametrize("text", ["@@@", "$$$ %%%", "***", "+=+", "☺☺", "\x00", "—", "'", "''"])
def test_a_text_of_only_signs_is_refused(text: str) -> None:
    with pytest.raises(StudioError) as caught:
        phonemize(text)
    assert caught.value.remedy


_PIECES = st.sampled_from(
    [
        *(
            "Mr. ",
            "$5",
            "€",
            "10:30",
            "-",
            "--",
            "'s",
            "n't",
            "St. ",
            "e.g.",
            "www.",
            "a@b.c",
            "1/2",
        ),
        *(
            "%",
            "5km",
            "II",
            "IV",
            " ",
            "\n",
            ".",
            "...",
            "?",
            "½",
            "你",
            "\x00",
            "’",
            "A",
            "I",
            "FBI",
        ),
        *(
            "a",
            "the ",
            "to ",
            "VIII",
            "1990s",
            "5'10\"",
            "°C",
            "^2",
            "#",
            "@",
            "(",
            ")",
            "3rd",
            "/",
        ),
        *("May 5", "Henry ", "x", "+", "=", "~", "<", ">", "*", "_", "\ud800", "00", "Chapter "),
    ]
)


@given(
    st.text()
    | st.text(st.characters(max_codepoint=0x7F))
    | st.lists(_PIECES, max_size=14).map("".join)
)
@settings(max_examples=200, deadline=None)
def test_any_text_gives_well_formed_symbols_or_a_clear_error(text: str) -> None:
    try:
        result = phonemize(text)
    except StudioError as error:
        result = []
        received = error
    if not result:
        assert received.message
        assert received.remedy
        return
    symbols.encode(result)
    assert result[0] not in {symbols.BOUNDARY, *symbols.PUNCTUATION}
    assert result[-1] != symbols.BOUNDARY
    breaks = {symbols.BOUNDARY, *symbols.PUNCTUATION}
    pairs = list(itertools.pairwise(result))
    assert (symbols.BOUNDARY, symbols.BOUNDARY) not in pairs
    assert all(b == symbols.BOUNDARY for a, b in pairs if a in symbols.PUNCTUATION)
    assert all(b not in symbols.PUNCTUATION for a, b in pairs if a in breaks)


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "a",
            "9",
            "a.",
            "1,",
            "1/",
            "$1",
            "b@",
            "A",
            "I",
            "Mr. ",
            "b ",
            "9:0",
            "é😀",
            "c's",
            "'s",
        ),
        *("'s", "n't", "a.b@c", "1-", "(", "bA", "http://"),
    ],
)
def test_a_hundred_thousand_characters_are_read_in_seconds(unit: str) -> None:
    text = unit * (100_000 // len(unit)) + " end"
    start = time.perf_counter()
    symbols.encode(phonemize(text))
    assert time.perf_counter() - start < 60
