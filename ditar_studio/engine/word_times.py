"""When which word is said: the text pointer's moves as times of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ditar_studio.text import symbols
from ditar_studio.text.phonemes import Reading
from ditar_studio.text.word_spans import Span, spans_of


@dataclass(frozen=True)
class WordTime:
    """A word of a text and when it is said.

    Attributes:
        start, end: its first character in the text, and the one after its last.
        at_seconds: when it begins.
        seconds: how long it takes.
    """

    start: int
    end: int
    at_seconds: float
    seconds: float


@dataclass(frozen=True)
class Part:
    """A part of a text, whose white space may differ from that of the text.

    Attributes:
        text: of the part.
        places: for each of its characters the place in the whole text; of white space that of what
            follows.
    """

    text: str
    places: tuple[int, ...]

    def whole_span(self, span: Span) -> Span:
        """Return characters of the part, in the whole."""
        start, end = span
        return self.places[start], self.places[end - 1] + 1

    def moved(self, word: WordTime, by: float) -> WordTime:
        """Return a word of the part, in the whole, which has `by` seconds before the part."""
        start, end = self.whole_span((word.start, word.end))
        return WordTime(start, end, word.at_seconds + by, word.seconds)


def parts_of(whole: str, texts: Sequence[str]) -> list[Part]:
    """Return the parts of a text, in order; together they have all of its characters but white
    space.
    """
    solid = [place for place, letter in enumerate(whole) if not letter.isspace()]
    parts = []
    count = 0
    for text in texts:
        places = []
        for letter in text:
            places.append(solid[min(count, len(solid) - 1)])
            count += not letter.isspace()
        parts.append(Part(text, tuple(places)))
    return parts


class WordClock:
    """Follows a pointer through the sounds of a sentence, latent by latent.

    Attributes:
        done: words that have been said, in order.
    """

    def __init__(self, text: str, reading: Reading, latent_seconds: float) -> None:
        self.done: list[WordTime] = []
        self._latent = latent_seconds
        self._spans = spans_of(text, reading.words)
        self._owners = [
            token
            for sound, token in zip(reading.sounds, reading.tokens, strict=True)
            if sound != symbols.BOUNDARY
        ]
        self._latents = 0
        self._furthest = -1
        self._current: Span | None = None
        self._began = 0.0

    def move(self, sound: int) -> None:
        """Take one latent more, which says the sentence's sound of this number; -1 before the
        first."""
        span = self._span(sound)
        if span != self._current:
            self._close()
            self._current, self._began = span, self._latents * self._latent
            if span is not None:
                self._drop_repeated(span, again=sound < self._furthest)
        self._furthest = sound
        self._latents += 1

    def finish(self) -> None:
        """Note that no more latents come."""
        self._close()
        self._current = None

    def _span(self, sound: int) -> Span | None:
        token = self._owners[sound] if 0 <= sound < len(self._owners) else -1
        return self._spans[token] if token >= 0 else None

    def _close(self) -> None:
        now = self._latents * self._latent
        if self._current is not None and now > self._began:
            self.done.append(WordTime(*self._current, self._began, now - self._began))

    def _drop_repeated(self, span: Span, again: bool) -> None:
        """Drop words that are spoken again; go on with one that a mark has interrupted."""
        while self.done and self.done[-1].start >= span[0]:
            word = self.done.pop()
            if not again:
                self._began = word.at_seconds
