"""The fixed symbol table that every model is trained with.

A model's text embedding is indexed by this table, so its order never changes; a new table is a new
`VERSION`, which weights carry along and refuse to mix.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ditar_studio.errors import StudioError

VERSION: Final = 1
"""Version of the table; stored with the weights that were trained on it."""

PADDING: Final = "_"
END: Final = "$"
BOUNDARY: Final = " "

PUNCTUATION: Final[tuple[str, ...]] = (",", ".", "?", "!", ";", ":", "—", "…")

CONSONANTS: Final[tuple[str, ...]] = (
    *("b", "d", "d͡ʒ", "f", "h", "j", "k", "l", "m", "n", "p", "s", "t", "t͡ʃ", "v", "w", "z"),
    *("ð", "ŋ", "ɡ", "ɹ", "ʃ", "ʒ", "θ"),
)
_STRESSABLE: Final[tuple[str, ...]] = (
    *("aɪ", "aʊ", "eɪ", "i", "oʊ", "u", "æ", "ɑ", "ɔ", "ɔɪ", "ɚ", "ɛ", "ɪ", "ʊ", "ʌ"),
)
VOWELS: Final[tuple[str, ...]] = (
    "ə",
    *(stress + vowel for vowel in _STRESSABLE for stress in ("", "ˈ", "ˌ")),
)
"""General American vowels; each degree of stress (none, primary, secondary) is its own symbol."""

SYMBOLS: Final[tuple[str, ...]] = (
    *(PADDING, END, BOUNDARY),
    *PUNCTUATION,
    *CONSONANTS,
    *VOWELS,
)

_INDEX: Final[dict[str, int]] = {symbol: index for index, symbol in enumerate(SYMBOLS)}


def encode(symbols: Iterable[str]) -> list[int]:
    """Return indices into `SYMBOLS`.

    Raises:
        StudioError: a symbol is not in the table.
    """
    try:
        return [_INDEX[symbol] for symbol in symbols]
    except KeyError as error:
        raise StudioError(
            f"The sound {error.args[0]!r} is not one that the voice model knows.",
            "Use the IPA sounds of American English.",
        ) from None


def decode(indices: Iterable[int]) -> list[str]:
    """Return the symbols at `indices`.

    Raises:
        StudioError: an index is outside the table.
    """
    listed = list(indices)
    for index in listed:
        if not 0 <= index < len(SYMBOLS):
            raise StudioError(
                f"There is no text symbol number {index}.",
                f"Use numbers from 0 to {len(SYMBOLS) - 1}.",
            )
    return [SYMBOLS[index] for index in listed]
