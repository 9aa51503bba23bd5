from __future__ import annotations

import pytest

from ditar_studio.errors import StudioError
from ditar_studio.text import symbols
from ditar_studio.text.phonemes import phonemize


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
