"""The readings of a word: of the lexicon, letter by letter, as it is spelt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ditar_studio.errors import StudioError
from ditar_studio.text.lexicon import Lexicon, parse_ipa
from ditar_studio.text.phonemes import phonemize
from ditar_studio.text.speller import speller

Kind = Literal["now", "noun", "verb", "other", "letters", "spelt"]

_ROLES: dict[str, Kind] = {"NN": "noun", "VB": "verb"}


@dataclass(frozen=True)
class WordReading:
    """One way to say a word.

    Attributes:
        kind: how it comes about: as it is said now, as a noun or a verb, as another entry of the
            lexicon, by its letters' names, or guessed from how it is spelt.
        pronunciation: as a lexicon has it, /IPA/.
    """

    kind: Kind
    pronunciation: str


def readings(word: str, lexicon: Lexicon | None = None) -> list[WordReading]:
    """Return the ways to say a word, the present one first, each once.

    Raises:
        StudioError: there is nothing in the word that can be read.
    """
    found = [WordReading("now", as_ipa(phonemize(word, lexicon)))]
    reader = speller()
    plain = word.lower().strip("'")
    for role, sounds in reader.roles(plain).items():
        found.append(WordReading(_ROLES.get(role, "other"), as_ipa(sounds)))
    letters = " ".join(letter.upper() for letter in plain if letter.isascii() and letter.isalpha())
    if letters and len(letters) < 12:
        found.append(WordReading("letters", as_ipa(phonemize(f"{letters}."))))
    if plain.isascii() and plain.isalpha():
        found.append(WordReading("spelt", as_ipa(reader.guess(plain))))
    unique: dict[str, WordReading] = {}
    for reading in found:
        unique.setdefault(reading.pronunciation, reading)
    return list(unique.values())


def as_ipa(sounds: list[str] | tuple[str, ...]) -> str:
    """Write sounds as /IPA/ that `lexicon.parse_ipa` reads back to them; marks are left out.

    Raises:
        StudioError: there is no sound among them.
    """
    kept = [sound for sound in sounds if sound.isalpha() or len(sound) > 1 or sound == " "]
    text = ""
    said: tuple[str, ...] = ()
    for sound in kept:
        if sound == " " and not said:
            continue
        said = (*said, sound)
        for joint in ("", "."):
            if sound == " " or _reads(text + joint + sound, said):
                text += ("" if sound == " " else joint) + sound
                break
        else:
            text += sound
    if not text.strip():
        raise StudioError("There is nothing to read in this text.", "Type a word.")
    return f"/{text.strip()}/"


def _reads(text: str, sounds: tuple[str, ...]) -> bool:
    try:
        return parse_ipa(text) == sounds
    except StudioError:
        return False
