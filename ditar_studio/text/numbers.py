"""Numbers as English words."""

from __future__ import annotations

from typing import Final

_SMALL: Final = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS: Final = [
    "",
    "",
    *["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"],
]
_SCALES: Final = [
    "",
    *[
        "thousand",
        "million",
        "billion",
        "trillion",
        "quadrillion",
        "quintillion",
        "sextillion",
        "septillion",
    ],
]
_IRREGULAR_ORDINALS: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def _below_thousand(number: int) -> list[str]:
    words = []
    if number >= 100:
        words += [_SMALL[number // 100], "hundred"]
        number %= 100
    if number >= 20:
        words.append(_TENS[number // 10])
        number %= 10
        if number:
            words.append(_SMALL[number])
    elif number:
        words.append(_SMALL[number])
    return words


def digits(text: str) -> str:
    """Return the digits of `text` one by one: "007" -> "zero zero seven"."""
    return " ".join(_SMALL[int(character)] for character in text)


def cardinal(number: int) -> str:
    """Return a whole number: 1205 -> "one thousand two hundred five"."""
    if number < 0:
        return f"minus {cardinal(-number)}"
    if number == 0:
        return _SMALL[0]
    if number >= 1000 ** len(_SCALES):
        remaining = ""
        while number:
            number, digit = divmod(number, 10)
            remaining = chr(ord("0") + digit) + remaining
        return digits(remaining)
    groups: list[list[str]] = []
    for scale in _SCALES:
        number, group = divmod(number, 1000)
        if group:
            groups.append([*_below_thousand(group), *([scale] if scale else [])])
        if not number:
            break
    return " ".join(word for group_words in reversed(groups) for word in group_words)


def ordinal(number: int) -> str:
    """Return a rank: 21 -> "twenty first"."""
    *head, last = cardinal(number).split()
    if last in _IRREGULAR_ORDINALS:
        last = _IRREGULAR_ORDINALS[last]
    elif last.endswith("y"):
        last = f"{last[:-1]}ieth"
    else:
        last = f"{last}th"
    return " ".join([*head, last])


def year(number: int) -> str:
    """Return a year of our calendar, 1000 to 2999: 1905 -> "nineteen oh five"."""
    century, rest = divmod(number, 100)
    if century % 10 == 0 and rest < 10:
        return cardinal(number)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def plural(words: str) -> str:
    """Return the plural of a number word: "twenty" -> "twenties", "six" -> "sixes"."""
    if words.endswith("y"):
        return f"{words[:-1]}ies"
    return f"{words}es" if words.endswith("x") else f"{words}s"
