"""Long text in pieces that are spoken one at a time."""

from __future__ import annotations

import re
from typing import Final

_PARAGRAPH_BREAK: Final = re.compile(r"\n[^\S\n]*\n\s*")
_END: Final = re.compile(
    r"(?P<mark>[.!?…]+)[\"'”’»)\]]*(?=\s+(?P<next>\S))"
    r"|[。！？｡।॥؟۔။។][。！？!?…]*[”’」』）】》]*"  # nothing else ends in these, spaces or not
)
_LAST_WORD: Final = re.compile(r"[^\s(\[\"“‘«]{1,20}\Z")
_ABBREVIATION: Final = re.compile(
    r"""(?:
    mr|mrs|ms|messrs|dr|prof|st|sr|jr|rev|fr|gen|col|capt|cpt|cmdr|lt|sgt|maj|hon|gov|sen|rep|pres
    |supt|det|mt|ft|no|nos|vol|vols|fig|figs|ch|sec|pp|ed|eds|vs|v|etc|e\.g|i\.e|cf|al|viz|approx
    |est|dept|univ|inc|ltd|co|corp|bros|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tues?|wed
    |thu|thurs?|fri|sat|sun|ave|blvd|rd|ln|hwy|a\.m|p\.m|min|max|tel|ext
    )\Z""",
    re.VERBOSE,
)
_CAN_END_A_SENTENCE: Final = frozenset(
    ["etc", "inc", "ltd", "co", "corp", "bros", "jr", "sr", "a.m", "p.m", "al"]
)
_INITIAL: Final = re.compile(r"(?:[A-Za-z]\.)*[A-Za-z]\Z")
_BREAKS: Final = (
    re.compile(r"[.!?…;:—–]+[\"'”’»)\]]*(?=\s)|—|\s(?=[-–]\s)|[；：][”’」』）】》]*"),
    re.compile(r",[\"'”’]?(?=\s)|\)(?=\s)|\s(?=\()|[，、][”’」』）】》]*|(?=[（「『《])"),
    re.compile(r"\s(?=(?:and|but|or|because|which|who|that|when|while|where|if|so|than)\s)"),
    re.compile(r"\s"),
)
_EARLIEST_BREAK: Final = 0.35
_SYLLABLE: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff]")
_SYLLABLE_LETTERS: Final = 3
"""A character that is a syllable takes as long to say as so many letters."""


def split(text: str, max_characters: int = 220) -> list[str]:
    """Return the sentences of `text`, in order, each stripped and not longer than `max_characters`.

    A blank line always ends a sentence and a single line break never does. A sentence that is too
    long is cut at its strongest punctuation, else between words, else anywhere. Han, kana and
    Hangul characters count as three. Every character but white space is kept.

    Raises:
        ValueError: `max_characters` is less than 1.
    """
    if max_characters < 1:
        raise ValueError("max_characters must be at least 1")
    return [
        piece
        for paragraph in paragraphs(text)
        for sentence in _sentences(" ".join(paragraph.split()))
        for piece in _pieces(sentence, max_characters)
    ]


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of `text`, which blank lines part; none of them is blank."""
    return [part.strip() for part in _PARAGRAPH_BREAK.split(text) if part.strip()]


def _sentences(paragraph: str) -> list[str]:
    found = []
    start = 0
    for match in _END.finditer(paragraph):
        if _is_end(paragraph, start, match):
            found.append(paragraph[start : match.end()].strip())
            start = match.end()
    rest = paragraph[start:].strip()
    return [*found, rest] if rest else found


def _is_end(paragraph: str, start: int, match: re.Match[str]) -> bool:
    """Return whether the mark at `match` ends a sentence that began at `start`."""
    following = match["next"]
    if following is None:
        return True
    if match["mark"] != ".":
        return not following.islower()
    word = _LAST_WORD.search(paragraph, max(start, match.start() - 20), match.start())
    if word is None:
        return not following.islower()
    before = word[0].lower()
    if _ABBREVIATION.match(before):
        return before in _CAN_END_A_SENTENCE and following.isupper()
    return _INITIAL.match(word[0]) is None or (word[0] == "I" and following.isupper())


def _pieces(sentence: str, max_characters: int) -> list[str]:
    found = []
    while (reach := _reach(sentence, max_characters)) < len(sentence):
        cut = _cut(sentence, reach)
        found.append(sentence[:cut].rstrip())
        sentence = sentence[cut:].lstrip()
    return [*found, sentence] if sentence else found


def _reach(sentence: str, max_characters: int) -> int:
    """Return how many of the first characters fit, by the time that they take to say; one
    at least.
    """
    spent = 0
    for count, letter in enumerate(sentence[:max_characters]):
        spent += _SYLLABLE_LETTERS if _SYLLABLE.match(letter) else 1
        if spent > max_characters:
            return max(1, count)
    return min(len(sentence), max_characters)


def _cut(sentence: str, max_characters: int) -> int:
    """Return where to cut: after the last of the strongest breaks that leaves a piece of fair
    length.
    """
    window = sentence[: max_characters + 1]
    earliest = max(1, int(_EARLIEST_BREAK * max_characters))
    for pattern in _BREAKS:
        ends = [match.end() for match in pattern.finditer(window)]
        fitting = [end for end in ends if earliest <= len(window[:end].rstrip()) <= max_characters]
        if fitting:
            return fitting[-1]
    return max_characters
