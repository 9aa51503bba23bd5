"""Finding words in a text, and putting others in their place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

Span = tuple[int, int]


@dataclass(frozen=True)
class Query:
    """A query of words to look for.

    Attributes:
        words: as they stand in the text; white space stands for any white space.
        match_case: whether capitals matter.
        whole_words: whether it must not be a part of a longer word.
    """

    words: str
    match_case: bool = False
    whole_words: bool = False

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = [re.escape(part) for part in re.split(r"\s+", self.words)]
        pattern = r"\s+".join(parts)
        if self.whole_words:
            pattern = rf"(?<!\w){pattern}(?!\w)"
        return re.compile(pattern, 0 if self.match_case else re.IGNORECASE)

    def spans(self, text: str) -> list[Span]:
        """Return where it is in a text, from the beginning; none of an empty query."""
        if not self.words.strip():
            return []
        return [match.span() for match in self._pattern.finditer(text)]


def replaced(text: str, spans: Iterable[Span], by: str) -> str:
    """Return a text with other words in the place of those at `spans`, which are in order."""
    parts: list[str] = []
    start = 0
    for begin, end in spans:
        parts += (text[start:begin], by)
        start = end
    return "".join((*parts, text[start:]))


def found(lines: Sequence[tuple[str, str]], query: Query) -> list[tuple[str, int, int]]:
    """Return all matches in lines of (id, text), as (id, start, end)."""
    return [(name, *span) for name, text in lines for span in query.spans(text)]
