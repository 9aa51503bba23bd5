"""Pronunciations that the user sets: a word and how it is said.

As a text file, one word a line, the pronunciation as a respelling or in IPA between slashes:

    # names
    Nguyen = win
    DiTAR = dee tar
    Worcester = /ˈwʊstɚ/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from ditar_studio.errors import StudioError
from ditar_studio.text import symbols
from ditar_studio.text_file import read_text

MOST_WORDS: Final = 10_000
"""In a list; each line of a script is searched for all of them."""

_LONGEST: Final = 80
_RESPELLING: Final = re.compile(r"[A-Za-z][A-Za-z' -]*\Z")
_WORD: Final = re.compile(r"[^\W_]", re.ASCII)
_STRESS: Final = frozenset("ˈˌ")
_IGNORED: Final = frozenset("ː.‿ˑ")
_BARE_VOWELS: Final = frozenset(vowel.lstrip("ˈˌ") for vowel in symbols.VOWELS)
_SAME_SOUND: Final = {
    "tʃ": "t͡ʃ",
    "ʧ": "t͡ʃ",
    "dʒ": "d͡ʒ",
    "ʤ": "d͡ʒ",
    "g": "ɡ",
    "r": "ɹ",
    "ɫ": "l",
    "ɝ": "ɚ",
    "ɜ": "ɚ",
    "ɐ": "ʌ",
    "ɒ": "ɑ",
    "əʊ": "oʊ",
    "o": "oʊ",
    "e": "ɛ",
    "a": "ɑ",
    "'": "ˈ",
    ",": "ˌ",
}
_SOUNDS: Final = {
    **{sound: sound for sound in (*symbols.CONSONANTS, *_BARE_VOWELS, *_STRESS)},
    **dict.fromkeys(_IGNORED, ""),
    **_SAME_SOUND,
}
_LONGEST_SOUND: Final = max(map(len, _SOUNDS))


def parse_ipa(ipa: str) -> tuple[str, ...]:
    """Read IPA of American English as symbols; a stress mark goes to the vowel of its syllable.

    Raises:
        StudioError: it is empty, or has a sign that stands for no sound of the voice model.
    """
    sounds: list[str] = []
    stress = ""
    position = 0
    while position < len(ipa):
        if ipa[position].isspace():
            if sounds and sounds[-1] != symbols.BOUNDARY:
                sounds.append(symbols.BOUNDARY)
            position += 1
            continue
        for length in range(_LONGEST_SOUND, 0, -1):
            sound = _SOUNDS.get(ipa[position : position + length])
            if sound is not None:
                break
        else:
            raise StudioError(
                f"“{ipa[position]}” in /{ipa}/ is not a sound that the voice model knows.",
                f"Use these: {' '.join((*symbols.CONSONANTS, *sorted(_BARE_VOWELS)))} ˈ ˌ",
            )
        position += length
        if sound in _STRESS:
            stress = sound
        elif sound in _BARE_VOWELS:
            stressed = "ʌ" if sound == "ə" and stress else sound
            sounds.append(stress + stressed)
            stress = ""
        elif sound:
            sounds.append(sound)
    while sounds and sounds[-1] == symbols.BOUNDARY:
        sounds.pop()
    if not sounds:
        raise StudioError("The pronunciation is empty.", "Write IPA between the slashes.")
    return tuple(sounds)


@dataclass(frozen=True)
class Lexicon:
    """Pronunciations by word; words match whole, whatever their case.

    Attributes:
        entries: word -> respelling ("dee tar") or IPA between slashes ("/dˈitɑɹ/").

    Raises:
        StudioError: a word or a pronunciation that can't be used; both are named.
    """

    entries: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        seen: dict[str, str] = {}
        for word, pronunciation in self.entries.items():
            _check(word, pronunciation)
            twin = seen.setdefault(word.lower(), word)
            if twin != word:
                raise StudioError(
                    f"“{word}” and “{twin}” are the same word.", "Remove one of the two."
                )

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Pattern of the words in a text (group `word`), each with its possessive ending."""
        longest_first = sorted(self.entries, key=len, reverse=True)
        words = "|".join(map(re.escape, longest_first)) or r"(?!)"
        return re.compile(rf"(?<!\w)(?P<word>{words})(?P<ending>['’]s)?(?!\w)", re.IGNORECASE)

    @cached_property
    def _by_lower_case(self) -> dict[str, str]:
        return {word.lower(): pronunciation for word, pronunciation in self.entries.items()}

    def pronunciation(self, word: str) -> str:
        """Return the respelling or /IPA/ of `word`, whatever its case; KeyError if it has none."""
        return self._by_lower_case[word.lower()]


def _check(word: str, pronunciation: str) -> None:
    if word != " ".join(word.split()) or not _WORD.search(word) or len(word) > _LONGEST:
        raise StudioError(
            f"“{word[:_LONGEST]}” is not a word that a pronunciation can be set for.",
            f"Use English letters or digits, {_LONGEST} characters at most.",
        )
    if "=" in word or word.startswith("#"):
        raise StudioError(
            f"“{word}” contains a character that has a meaning in pronunciations.",
            "Leave out = and #.",
        )
    if len(pronunciation) > _LONGEST:
        raise StudioError(
            f"The pronunciation of “{word}” is too long.", f"Use {_LONGEST} characters at most."
        )
    if is_ipa(pronunciation):
        try:
            parse_ipa(pronunciation[1:-1])
        except StudioError as error:
            raise StudioError(
                f"The pronunciation of “{word}” can't be read: {error.message}", error.remedy
            ) from None
    elif not _RESPELLING.match(pronunciation):
        raise StudioError(
            f"“{pronunciation}” does not tell how “{word}” is said.",
            "Write it as it sounds, in English letters, or in IPA between slashes: /wʊstɚ/.",
        )


def is_ipa(pronunciation: str) -> bool:
    """Return whether it is IPA (between slashes) and not a respelling."""
    return len(pronunciation) >= 2 and pronunciation[0] == pronunciation[-1] == "/"


def parse(text: str) -> Lexicon:
    """Parse the pronunciations in the text of a pronunciation file.

    Raises:
        StudioError: naming the first line that can't be used.
    """
    entries: dict[str, str] = {}
    seen: set[str] = set()
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        word, equals, pronunciation = (part.strip() for part in stripped.partition("="))
        try:
            if not equals:
                raise StudioError("There is no “=” in it.", "Write: word = pronunciation.")
            if word.lower() in seen:
                raise StudioError(f"“{word}” is already set above.", "Remove one of the two.")
            _check(word, pronunciation)
            if len(seen) >= MOST_WORDS:
                raise too_many()
        except StudioError as error:
            raise StudioError(
                f"Line {number} of the pronunciations can't be used: {error.message}", error.remedy
            ) from None
        entries[word] = pronunciation
        seen.add(word.lower())
    return Lexicon(entries)


def too_many() -> StudioError:
    """Return what to say of a list with more than `MOST_WORDS`."""
    return StudioError(
        f"A list of pronunciations has {MOST_WORDS} words at most.",
        "Leave out the words that are said right without it.",
    )


def load(path: Path) -> Lexicon:
    """Load the pronunciations in a text file.

    Raises:
        StudioError: the file can't be read, or a line of it can't be used.
    """
    try:
        text = read_text(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise StudioError(
            f"The pronunciations in {path} can't be read: {reason}.", "Choose another file."
        ) from error
    return parse(text)


def save(lexicon: Lexicon, path: Path) -> None:
    """Write a text file that `load` reads back to an equal lexicon.

    Raises:
        StudioError: the file can't be written.
    """
    lines = [f"{word} = {pronunciation}\n" for word, pronunciation in lexicon.entries.items()]
    try:
        path.write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise StudioError(
            f"The pronunciations can't be written to {path}: {error.strerror}.",
            "Choose another folder.",
        ) from None
