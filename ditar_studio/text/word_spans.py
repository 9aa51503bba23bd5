"""Spans of a written text that the words that are said belong to.

What is said differs from what is written: "$5" is "five dollars", "e.g." is "for example". The two
are compared word by word; what lies between words that are the same is shared out in order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final

from ditar_studio.text.characters import fold

Span = tuple[int, int]
"""The first character of a word in its text, and the one after its last."""

_WORD: Final = re.compile(r"[^\s—–]*[^\W_][^\s—–]*|[^\s—–]*[$£€¥%&@+=#°§][^\s—–]*")
_MARKS_BEFORE: Final = re.compile(r"[^\w$£€¥%&@+=#°§]*")
_MARKS_BEHIND: Final = re.compile(r"[^\w$£€¥%&@+=#°§]*\Z")
_LETTERS: Final = re.compile(r"[^a-z']")


def words_in(text: str) -> list[Span]:
    """Return the words of a text as they are written, without the marks around them."""
    found = []
    for match in _WORD.finditer(text):
        before = _MARKS_BEFORE.match(match[0])
        behind = _MARKS_BEHIND.search(match[0])
        assert before is not None, "it may be empty"
        assert behind is not None, "it may be empty"
        found.append((match.start() + before.end(), match.start() + behind.start()))
    return found


def spans_of(text: str, spoken: Sequence[str]) -> list[Span]:
    """Return, for each word that is said, the span of what it is written as.

    Several words that are said may have one span ("five dollars" of "$5"), and one may have a
    span of several written words ("New York" in a pronunciation list). Written words that nothing
    is said for belong to the word before them, or to the first.

    Args:
        spoken: at least one word.
    """
    written = words_in(text) or [(0, len(text))]
    plain = [_plain(text[start:end]) for start, end in written]
    said = [_plain(word) for word in spoken]
    result: list[Span | None] = [None] * len(spoken)
    matcher = SequenceMatcher(None, plain, said, autojunk=False)
    left_over: list[int] = []
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            for i, j in zip(range(i1, i2), range(j1, j2), strict=True):
                result[j] = written[i]
        elif kind == "replace":
            for offset in range(j2 - j1):
                result[j1 + offset] = _shared(written[i1:i2], offset, j2 - j1)
        elif kind == "delete":
            left_over += range(i1, i2)
    complete = _filled(result)
    for i in left_over:
        _cover(complete, written[i])
    return complete


def _plain(word: str) -> str:
    return _LETTERS.sub("", fold(word).lower())


def _shared(spans: Sequence[Span], number: int, count: int) -> Span:
    """Return the `number`th of `count` parts of consecutive words, each part at least one
    of them.
    """
    size = len(spans)
    first = number * size // count
    last = max(first + 1, (number + 1) * size // count)
    return spans[first][0], spans[last - 1][1]


def _filled(spans: Sequence[Span | None]) -> list[Span]:
    """Give words without a span that of the word before them, or of the first with one."""
    known = next((span for span in spans if span is not None), (0, 0))
    filled = []
    for span in spans:
        known = span or known
        filled.append(known)
    return filled


def _cover(spans: list[Span], extra: Span) -> None:
    """Let the last word that begins before `extra` (or the first) reach over it."""
    before = [span for span in spans if span[0] <= extra[0]]
    chosen = max(before) if before else min(spans)
    wider = (min(chosen[0], extra[0]), max(chosen[1], extra[1]))
    for place, span in enumerate(spans):
        if span == chosen:
            spans[place] = wider
