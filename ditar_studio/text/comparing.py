"""Comparison of a text with what a recogniser wrote down of it."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from ditar_studio.errors import StudioError
from ditar_studio.text.phonemes import Reading, read
from ditar_studio.text.word_spans import Span, spans_of

if TYPE_CHECKING:
    from ditar_studio.text.lexicon import Lexicon


def words_that_differ(text: str, heard: str, lexicon: Lexicon | None = None) -> list[Span]:
    """Return the words of a text that were not heard, or after which something else was.

    Words are the same that sound the same, whatever their stress: "there" is "their", "5" is
    "five".

    Args:
        text: what was to be said.
        heard: what was written down; may be empty.
        lexicon: the user's pronunciations, of both.

    Raises:
        StudioError: there is nothing in `text` that can be read.
    """
    wanted = read(text, lexicon)
    spans = spans_of(text, wanted.words)
    try:
        said = _sounds(read(heard, lexicon))
    except StudioError:
        said = []
    matcher = SequenceMatcher(None, _sounds(wanted), said, autojunk=False)
    differing: list[Span] = []
    for kind, begin, end, _, _ in matcher.get_opcodes():
        if kind == "insert":
            differing.append(spans[max(0, begin - 1)])
        elif kind != "equal":
            differing += spans[begin:end]
    return list(dict.fromkeys(differing))


def _sounds(reading: Reading) -> list[str]:
    """Return how each word of a text sounds, without its stress and the shades of weak vowels."""
    words = [""] * len(reading.words)
    for sound, word in zip(reading.sounds, reading.tokens, strict=True):
        if word >= 0:
            bare = sound.lstrip("ˈˌ")
            words[word] += "ə" if bare in ("ʌ", "ɪ", "i") else bare
    return words
