"""Pronunciations of English words by gruut's data, read directly.

The wheel gruut-lang-en (https://github.com/rhasspy/gruut, MIT) holds a lexicon (SQLite) and two
conditional random fields, one that guesses the sounds of unknown words letter by letter and one
that tags parts of speech. Only this data is used: the program gruut itself takes a second to
import, and searches the lexicon, which has no index, from end to end for every word. The features
below are those that the two models were trained with.

The lexicon is copied into an indexed table in memory by SQLite alone, without the interpreter's
lock: 0.1 s on whatever core is free, and a third of the memory of the same words in Python.
"""

from __future__ import annotations

import base64
import sqlite3
import string
import threading
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

Pronunciation = tuple[str, ...]
"""The sounds of a word, as in `symbols.SYMBOLS`."""

_Features = dict[str, str | bool | int | float]

_LONGEST_WORD: Final = 40
_MOST_REMEMBERED: Final = 20_000
_CONTEXT_LETTERS: Final = 3
_CONTEXT_WORDS: Final = 2
_SILENT: Final = "_"
_ROLES_OF_TAG: Final = {
    **dict.fromkeys(("NN", "NNS", "NNP", "NNPS"), ("NN",)),
    **dict.fromkeys(("VB", "VBP", "VBZ", "VBG", "MD"), ("VB",)),
    **dict.fromkeys(("VBD", "VBN"), ("VBD", "VB")),
    **dict.fromkeys(("JJ", "JJR", "JJS"), ("JJ",)),
    **dict.fromkeys(("RB", "RBR", "RBS"), ("RB", "JJ")),
}
_LOOK_UP: Final = "SELECT role, sounds FROM lexicon WHERE word = ? ORDER BY role <> '', place"
_VOICELESS: Final = frozenset(["p", "t", "k", "f", "θ"])
_SIBILANTS: Final = frozenset(["s", "z", "ʃ", "ʒ", "t͡ʃ", "d͡ʒ"])
_ENDINGS: Final = {
    "'ll": ("ə", "l"),
    "'ve": ("v",),
    "'d": ("d",),
    "'re": ("ɚ",),
    "'m": ("m",),
    "n't": ("ə", "n", "t"),
}


@cache
def speller() -> Speller:
    """Return the one speller; loaded at the first call (a tenth of a second)."""
    return Speller()


class Speller:
    """gruut's lexicon and models. Safe to use from several threads."""

    def __init__(self) -> None:
        import gruut_lang_en  # type: ignore[import-untyped]

        folder = Path(gruut_lang_en.get_lang_dir())
        self._lock = threading.Lock()  # a tagger or query keeps what it works on
        self._guesser = _open_tagger(folder / "g2p" / "model.crf")
        self._tagger = _open_tagger(folder / "pos" / "model.crf")
        self._guess_piece = lru_cache(maxsize=_MOST_REMEMBERED)(self._guess)
        self._lexicon = _read_lexicon(folder / "lexicon.db")
        self._known = lru_cache(maxsize=_MOST_REMEMBERED)(self._look_up)

    def knows(self, word: str) -> bool:
        """Return whether the lower-case `word` is in the lexicon."""
        return bool(self._known(word))

    def has_roles(self, word: str) -> bool:
        """Return whether the sound of the lower-case `word` depends on its part of speech."""
        return len(self._known(word)) > 1

    def roles(self, word: str) -> dict[str, Pronunciation]:
        """Return the sounds of a lower-case word by its part of speech ("" for any); none if
        unknown.
        """
        return {role: tuple(sounds.split()) for role, sounds in self._known(word).items()}

    def guess(self, word: str) -> Pronunciation:
        """Return what a lower-case word of letters sounds like by its spelling alone."""
        return self._guess_piece(word[:_LONGEST_WORD])

    def tags(self, words: Sequence[str]) -> list[str]:
        """Return the part of speech of each word and mark of a text (Penn Treebank)."""
        features = _tagging_features(words)
        with self._lock:
            return list(self._tagger.tag(features))

    def pronounce(self, word: str, tag: str = "") -> Pronunciation:
        """Return the sounds of a lower-case word of letters and apostrophes, as `tag` if it has
        roles.
        """
        known = self._known(word)
        for role in (*_ROLES_OF_TAG.get(tag, (tag,)), *known):
            if role in known:
                return tuple(known[role].split())
        if len(word) <= _LONGEST_WORD:
            stem, quote, rest = word.rpartition("'")
            if quote and stem and rest in ("s", ""):
                sounds = self.pronounce(stem, tag)
                return possessive(sounds) if rest else sounds
            for ending, sounds in _ENDINGS.items():
                if word.endswith(ending) and word != ending:
                    return (*self.pronounce(word.removesuffix(ending), tag), *sounds)
        letters = word.replace("'", "")
        pieces = range(0, len(letters), _LONGEST_WORD)
        return tuple(s for p in pieces for s in self._guess_piece(letters[p : p + _LONGEST_WORD]))

    def _look_up(self, word: str) -> dict[str, str]:
        """Return the sounds of a word by role, the usual ones first."""
        with self._lock:
            rows = self._lexicon.execute(_LOOK_UP, (word,)).fetchall()
        return {role.removeprefix("gruut:"): sounds for role, sounds in rows}

    def _guess(self, letters: str) -> Pronunciation:
        with self._lock:
            labels = self._guesser.tag(_guessing_features(letters))
        sounds = (sound for label in labels for sound in _decoded(label).split("|"))
        return tuple(sound for sound in sounds if sound != _SILENT)


def possessive(sounds: Pronunciation) -> Pronunciation:
    """Return `sounds` with the ending 's."""
    if not sounds:
        return sounds
    if sounds[-1] in _SIBILANTS:
        return (*sounds, "ɪ", "z")
    return (*sounds, "s" if sounds[-1] in _VOICELESS else "z")


def _open_tagger(path: Path) -> Any:
    import pycrfsuite  # type: ignore[import-untyped]

    tagger = pycrfsuite.Tagger()
    tagger.open(str(path))
    return tagger


def _read_lexicon(path: Path) -> sqlite3.Connection:
    """Read the sounds of each word in each of its roles; of several the first."""
    database = sqlite3.connect(":memory:", uri=True, check_same_thread=False)
    database.execute("ATTACH ? AS gruut", (f"{path.as_uri()}?mode=ro",))
    database.execute(
        "CREATE TABLE lexicon (word TEXT, role TEXT, sounds TEXT, place INTEGER, "
        "PRIMARY KEY (word, role)) WITHOUT ROWID"
    )
    database.execute(
        "INSERT OR IGNORE INTO lexicon "
        "SELECT word, role, phonemes, id FROM gruut.word_phonemes ORDER BY id"
    )
    database.commit()
    database.execute("DETACH gruut")
    return database


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _decoded(label: str) -> str:
    return base64.b64decode(label).decode()


def _guessing_features(letters: str) -> list[_Features]:
    """Describe each letter: itself, its neighbours up to three away, whether it is first
    or last.
    """
    encoded = [_encoded(letter) for letter in letters]
    rows: list[_Features] = []
    for index, letter in enumerate(encoded):
        row: _Features = {"bias": 1.0, "grapheme": letter}
        for distance in range(1, _CONTEXT_LETTERS + 1):
            if index >= distance:
                row[f"grapheme-{distance}"] = encoded[index - distance]
            if index + distance < len(encoded):
                row[f"grapheme+{distance}"] = encoded[index + distance]
        if index == 0:
            row["begin"] = True
        if index == len(encoded) - 1:
            row["end"] = True
        rows.append(row)
    return rows


@lru_cache(maxsize=_MOST_REMEMBERED)
def _word_features(word: str, prefix: str) -> _Features:
    features: _Features = {
        "bias": 1.0,
        "word": _encoded(word),
        "len(word)": len(word),
        "word.ispunctuation": word in string.punctuation,
        "word.isdigit()": word.isdigit(),
    }
    for length in (2, 3):
        features[f"word[:{length}]"] = word[:length]
        features[f"word[-{length}:]"] = word[-length:]
    return {f"{prefix}{name}": value for name, value in features.items()}


def _tagging_features(words: Sequence[str]) -> list[_Features]:
    """Describe each word: its form, those of two words to either side, whether it is
    first or last.
    """
    rows: list[_Features] = []
    for index, word in enumerate(words):
        row = dict(_word_features(word, ""))
        for distance in range(1, _CONTEXT_WORDS + 1):
            if index >= distance:
                row.update(_word_features(words[index - distance], f"-{distance}:"))
            if index + distance < len(words):
                row.update(_word_features(words[index + distance], f"+{distance}:"))
        if index == 0:
            row["BOS"] = True
        if index == len(words) - 1:
            row["EOS"] = True
        rows.append(row)
    return rows
