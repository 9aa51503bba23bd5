"""Written English as words: digits, abbreviations and signs become what a reader says.

gruut's own normaliser was measured first. It reads numbers well but not much around them: money
loses its cents, "10:05 am" and "5 km" fall apart, dates follow one order only, "Dr." is always a
doctor and web addresses are spelled out character by character; and it takes tens of milliseconds a
sentence. So these rules replace it. Each kind of thing has its own module; here is their order.
"""

from __future__ import annotations

import re
from typing import Final

from ditar_studio.text.abbreviations import ABBREVIATIONS, ADDRESSES, INITIALS
from ditar_studio.text.characters import fold
from ditar_studio.text.quantities import PLAIN_NUMBERS, QUANTITIES
from ditar_studio.text.rules import Rule, apply, rule

_SPOKEN_SIGNS: Final = {
    "&": "and",
    "@": "at",
    "%": "percent",
    "+": "plus",
    "=": "equals",
    "#": "hash",
    "$": "dollars",
    "£": "pounds",
    "€": "euros",
    "¥": "yen",
    "₹": "rupees",
    "₽": "roubles",
    "₩": "won",
    "₿": "bitcoin",
    "¢": "cents",
    "°": "degrees",
    "×": "times",
    "÷": "divided by",
    "±": "plus or minus",
    "≈": "approximately",
    "≠": "does not equal",
    "≤": "is at most",
    "≥": "is at least",
    "√": "square root of",
    "∞": "infinity",
    "→": "to",
    "©": "copyright",
    "§": "section",
    "µ": "micro",
}
_LAYOUT: Final[tuple[Rule, ...]] = (
    rule(r"\.{2,}|\. \. \.", "…"),
    rule(r"--+", "—"),
    rule(r"(?<=\w)\s-(?=\s)(?!\s\d)|(?<=[A-Za-z])\s-(?=\s)", " —"),
    rule(r"(?m)^\s*[-*+]\s+", ""),
    rule(r"(?<!\w)[*_`]+(?=\w)|(?<=[\w.,!?;:)])[*_`]+(?!\w)|[\"\\]", " "),
)
_SIGNS: Final[tuple[Rule, ...]] = (
    rule(r"\bb/c\b", "because"),
    rule(r"(?<=[A-Za-z])/(?=[A-Za-z])", " slash "),
    *(rule(re.escape(sign), f" {words} ") for sign, words in _SPOKEN_SIGNS.items()),
)
_TIDY: Final[tuple[Rule, ...]] = (
    rule(r"–", "—"),
    rule(r"[()\[\]{}|]+", " , "),
    rule(r"[^A-Za-z' ,.?!;:—…]+", " "),
    rule(r"(?<!\w)[.](?=\w)|(?<=[A-Za-z])\.(?=[A-Za-z])", " "),
    rule(r"(?<=[a-z]):(?=[a-z])", " "),
    rule(r"\s*([,.?!;:—…])(?:\s*,)+", r"\1"),
    rule(r",\s*(?=[.?!;:—…])", ""),
    rule(r"\s+(?=[,.?!;:—…])", ""),
    rule(r"(?<=[,.?!;:—…])(?=[A-Za-z])", " "),
)
_LOUD_WORD: Final = re.compile(r"[A-Z]{4,}")
_LEADING_MARKS: Final = " ,.;:—…"


def normalise(text: str) -> str:
    """Write `text` in words of letters and apostrophes, single spaces and `, . ? ! ; : — …`.

    Single capital letters are to be said as letters. Characters that can't be read become spaces;
    a text that has neither letters nor digits becomes empty.
    """
    if not any(character.isalnum() for character in fold(text)):
        return ""
    return normalise_part(text).lstrip(_LEADING_MARKS)


def normalise_part(text: str) -> str:
    """Normalise a part of a text, which may start with a mark or be of signs only."""
    text = _quietened(" ".join(fold(text).split()))
    text = apply((*ADDRESSES, *_LAYOUT, *ABBREVIATIONS, *QUANTITIES, *INITIALS), text)
    text = apply((*PLAIN_NUMBERS, *_SIGNS, *_TIDY), text)
    return " ".join(text.split())


def _quietened(text: str) -> str:
    """Put a text all in capitals into lower case: most of its words long, it is no row of
    initials.
    """
    words = text.split()
    loud = sum(_LOUD_WORD.match(word) is not None for word in words)
    return text.lower() if text.isupper() and len(words) > 1 and 2 * loud >= len(words) else text
