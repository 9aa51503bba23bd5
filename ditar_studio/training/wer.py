"""Word error rate: how many words a recogniser hears differently from the text.

Both texts are brought into one form first, in the manner of Whisper's English normaliser (Radford
et al. 2022, appendix C): lower case, no punctuation, numbers as words, contractions written out,
British spellings as American ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ditar_studio.text.normalise import normalise

_CONTRACTIONS: Final = (
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"\bcan't\b|\bcannot\b"), "can not"),
    (re.compile(r"\blet's\b"), "let us"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"'m\b"), " am"),
    (re.compile(r"'d\b"), " would"),
    (re.compile(r"\b(it|he|she|that|there|what|who|where|how|here)'s\b"), r"\1 is"),
)
_SPELLINGS: Final = (
    (
        re.compile(
            r"\b((?:dis|un)?(?:col|hon|fav|neighb|lab|harb|hum|rum|vap|flav|behavi|endeav|arm|od)"
            r")our"
        ),
        r"\1or",
    ),
    (re.compile(r"\b(cent|theat|met|lit|fib|kilomet|centimet|spect)re(s?)\b"), r"\1er\2"),
    (re.compile(r"\b(trave|cance|mode|signa|labe|leve|jewe|counse)ll(ed|er|ers|ing)\b"), r"\1l\2"),
    (re.compile(r"\b(\w{3,})is(e|ed|es|ing|ation|ations)\b"), r"\1iz\2"),
    (re.compile(r"\bgrey"), "gray"),
    (re.compile(r"\bcheque"), "check"),
    (re.compile(r"\bprogramme(s?)\b"), r"program\1"),
    (re.compile(r"\bok\b"), "okay"),
    (re.compile(r"\b(to|for|after|back|up|down|in)wards\b"), r"\1ward"),
)
_HESITATIONS: Final = re.compile(r"\b(?:u+h+m*|u+m+|h+m+|m+h+m+|e+r+m*|a+h+)\b")
_NO_WORD: Final = re.compile(r"[^a-z ]+")


def comparable_words(text: str) -> list[str]:
    """Return the words of `text` in the form in which they are compared."""
    text = normalise(text).lower()
    for pattern, replacement in (*_CONTRACTIONS, *_SPELLINGS):
        text = pattern.sub(replacement, text)
    text = text.replace("'", "")
    return _NO_WORD.sub(" ", _HESITATIONS.sub(" ", text)).split()


def word_errors(expected: Sequence[str], heard: Sequence[str]) -> int:
    """Return the fewest words to substitute, insert and delete to turn one into the other."""
    row = list(range(len(heard) + 1))
    for position, word in enumerate(expected, start=1):
        diagonal, row[0] = row[0], position
        for column, other in enumerate(heard, start=1):
            substituted = diagonal + (word != other)
            diagonal = row[column]
            row[column] = min(substituted, row[column] + 1, row[column - 1] + 1)
    return row[-1]
