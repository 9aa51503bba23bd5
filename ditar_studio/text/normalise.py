"""Written English as words: digits, abbreviations and signs become what a reader says."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from ditar_studio.text import numbers

_QUOTES: Final = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "–": "—", "―": "—", "−": "-"})


def _fold(text: str) -> str:
    """Compatibility forms and accents folded to plain letters."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_QUOTES).replace("…", "\ue8ff"))
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return plain.replace("\ue8ff", "…")


def normalise(text: str) -> str:
    """`text` in words of letters and apostrophes, single spaces and `, . ? ! ; : — …`.

    Characters that can't be read become spaces.
    """
    text = _fold(text)
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    text = re.sub(r"\d+", lambda match: f" {numbers.cardinal(int(match[0]))} ", text)
    text = re.sub(r"\.{2,}", "…", text)
    text = re.sub(r"\s-+\s|--+", " — ", text)
    text = re.sub(r"[^A-Za-z' ,.?!;:—…\ue000-\ue7ff]", " ", text)
    text = re.sub(r"\s+([,.?!;:—…])", r"\1", text)
    return " ".join(text.split())
