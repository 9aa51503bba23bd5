"""Long text in pieces that are spoken one at a time."""

from __future__ import annotations

import re
from typing import Final

_PARAGRAPH_BREAK: Final = re.compile(r"\n[^\S\n]*\n\s*")
_END: Final = re.compile(r"(?P<mark>[.!?…]+)(?P<close>[\"'”’»)\]]*)(?=\s+(?P<next>\S))")
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
    re.compile(r"[.!?…;:—–]+[\"'”’»)\]]*(?=\s)|—|\s(?=[-–]\s)"),
    re.compile(r",[\"'”’]?(?=\s)|\)(?=\s)|\s(?=\()"),
    re.compile(r"\s(?=(?:and|but|or|because|which|who|that|when|while|where|if|so|than)\s)"),
    re.compile(r"\s"),
)
_EARLIEST_BREAK: Final = 0.35


def split(text: str, max_characters: int = 220) -> list[str]:
    """The sentences of `text`, in order, each stripped and not longer than `max_characters`.

    A blank line always ends a sentence and a single line break never does. A sentence that is too
    long is cut at its strongest punctuation, else between words, else anywhere. Every character
    but white space is kept.

    Raises:
        ValueError: `max_characters` is less than 1.
    """
    if max_characters < 1:
        raise ValueError("max_characters must be at least 1")
    return [
        piece
        for paragraph in _PARAGRAPH_BREAK.split(text)
        for sentence in _sentences(" ".join(paragraph.split()))
        for piece in _pieces(sentence, max_characters)
    ]


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
    """Whether the mark at `match` ends a sentence that began at `start`."""
    following = match["next"]
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
    while len(sentence) > max_characters:
        cut = _cut(sentence, max_characters)
        found.append(sentence[:cut].rstrip())
        sentence = sentence[cut:].lstrip()
    return [*found, sentence] if sentence else found


def _cut(sentence: str, max_characters: int) -> int:
    """Where to cut: after the last of the strongest breaks that leaves a piece of fair length."""
    window = sentence[: max_characters + 1]
    earliest = max(1, int(_EARLIEST_BREAK * max_characters))
    for pattern in _BREAKS:
        ends = [match.end() for match in pattern.finditer(window)]
        fitting = [end for end in ends if earliest <= len(window[:end].rstrip()) <= max_characters]
        if fitting:
            return fitting[-1]
    return max_characters
