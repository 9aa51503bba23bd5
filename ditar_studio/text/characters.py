"""The characters that can be read, and the plain ones that stand for the others.

Everything after this works on ASCII and the few `SIGNS`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

SIGNS: Final = "—–…£€¥₹₽₩₿¢°µ×÷±≈≠≤≥√∞→©§"
"""Signs beyond ASCII that have words of their own."""

_PLAIN: Final = {
    **dict.fromkeys("’‘ʼ‛′´ˈ", "'"),
    **dict.fromkeys("“”„‟″«»‹›❝❞", '"'),
    **dict.fromkeys("‐‑‒−﹣⁃", "-"),
    **dict.fromkeys("―─⸺⸻", "—"),
    **dict.fromkeys("•‣◦∙●▪■►▶·", ","),
    **dict.fromkeys("™®℠¶†‡¬¨¯¸", " "),
    **dict.fromkeys("。｡", "."),
    **dict.fromkeys("、،", ","),
    **dict.fromkeys("؟", "?"),
    **dict.fromkeys("؛", ";"),
    "¿": " ",
    "¡": " ",
    "⁄": "/",
    "∕": "/",
    "∼": "~",
    "⋅": "×",
    "²": "^2",
    "³": "^3",
    "¼": " 1/4",
    "½": " 1/2",
    "¾": " 3/4",
    "⅓": " 1/3",
    "⅔": " 2/3",
    "⅛": " 1/8",
    "⅜": " 3/8",
    "⅝": " 5/8",
    "⅞": " 7/8",
    "ß": "ss",
    "ẞ": "SS",
    "æ": "ae",
    "Æ": "Ae",
    "œ": "oe",
    "Œ": "Oe",
    "ø": "o",
    "Ø": "O",
    "đ": "d",
    "Đ": "D",
    "ð": "th",
    "Ð": "Th",
    "þ": "th",
    "Þ": "Th",
    "ł": "l",
    "Ł": "L",
    "ı": "i",
    "ħ": "h",
    "Ħ": "H",
    "ə": "e",
    "№": "No. ",
    "…": "…",
}
_GREEK_LETTERS: Final = dict(
    zip(
        "αβγδεζηθικλμνξοπρστυφχψω",
        (
            *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota"),
            *("kappa", "lambda", "mu", "nu", "xi", "omicron", "pi", "rho", "sigma", "tau"),
            *("upsilon", "phi", "chi", "psi", "omega"),
        ),
        strict=True,
    )
)
_MICRO: Final = re.compile(r"[μµ](?=[mgsl]\b)")
_LONE_GREEK: Final = re.compile(r"(?<![Ͱ-Ͽ])[Α-ω](?![Ͱ-Ͽ])")
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)


@lru_cache(maxsize=4096)
def _plain(character: str) -> str | None:
    """Return what to read for a character: "" or " " to pass it over, None if it can't be read."""
    if character in _PLAIN:
        return _PLAIN[character]
    if " " <= character <= "~" or character in SIGNS:
        return character
    category = unicodedata.category(character)
    if category[0] == "Z" or category == "Cc":
        return " "
    if category in ("Cf", "Mn", "Me") or ord(character) in _SKIN_TONES:
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(character))
    decomposed = unicodedata.normalize("NFKD", character)
    if decomposed == character:
        return None
    parts = [_plain(part) for part in decomposed]
    return None if None in parts else "".join(part or "" for part in parts)


def _with_greek(text: str) -> str:
    text = _MICRO.sub("µ", text)
    return _LONE_GREEK.sub(lambda m: f" {_GREEK_LETTERS.get(m[0].lower(), m[0])} ", text)


def fold(text: str) -> str:
    """Write `text` in ASCII and `SIGNS`; a character that can't be read becomes a space."""
    if text.isascii() and text.isprintable():
        return text
    parts = (_plain(character) for character in _with_greek(text))
    return "".join(" " if part is None else part for part in parts)


def unreadable(text: str) -> list[str]:
    """Return the characters of `text` that can't be read, each once, in order of appearance.

    One that can't be shown either is given by its code point, as in "U+E000".
    """
    found = dict.fromkeys(c for c in _with_greek(text) if _plain(c) is None)
    return [c if c.isprintable() else f"U+{ord(c):04X}" for c in found]
