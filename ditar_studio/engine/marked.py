"""The sentences of a text with marks, and the sound of stretches that are marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.prosody import Region, Timing, shape
from ditar_studio.engine.attempt import Piece
from ditar_studio.engine.guards import soften_peaks
from ditar_studio.engine.word_times import Part, WordTime, parts_of
from ditar_studio.text.passages import Passage, Saying, Styled, passages
from ditar_studio.text.sentences import split

if TYPE_CHECKING:
    from ditar_studio.text.word_spans import Span

_ENDS: Final = re.compile(r"[.!?…][\"'”’)\]]*\s*\Z")


@dataclass(frozen=True)
class MarkedSentence:
    """A sentence of a text.

    Attributes:
        part: its text, without marks, and the places of its characters in the whole; empty where
            only a pause is left.
        pause: seconds of silence before it; None for the usual pause between sentences.
        voice: the name of another voice that says it; empty for the voice of the whole.
        styles: stretches of it at another speed or loudness.
        sayings: stretches of it whose sounds are given.
    """

    part: Part
    pause: float | None = None
    voice: str = ""
    styles: tuple[Styled, ...] = ()
    sayings: tuple[Saying, ...] = ()


def whole(text: str) -> list[MarkedSentence]:
    """Return a text as one sentence, in which nothing is a mark."""
    return [MarkedSentence(parts_of(text, [text])[0])]


def sentences_of(text: str, *, times_words: bool) -> list[MarkedSentence]:
    """Return the sentences of a text with marks.

    Args:
        times_words: whether the model tells when each word is said; else a sentence ends where
            speed or loudness change.

    Raises:
        StudioError: a mark can't be used.
    """
    found: list[MarkedSentence] = []
    for number, passage in enumerate(passages(text, divided=not times_words)):
        pause = passage.pause_before
        if pause is None and number and not _ENDS.search(found[-1].part.text):
            pause = 0.0
        if not passage.text:
            found.append(MarkedSentence(Part("", ()), pause, passage.voice))
            continue
        parts = parts_of(passage.text, split(passage.text))
        for part in parts:
            found.append(_sentence(passage, part, pause))
            pause = None
    return found


def _sentence(passage: Passage, part: Part, pause: float | None) -> MarkedSentence:
    styles = []
    for style in passage.styles:
        span = _within(part, style.start, style.end)
        if span is not None:
            styles.append(replace(style, start=span[0], end=span[1]))
    sayings = []
    for saying in passage.sayings:
        span = _within(part, saying.start, saying.end)
        if span is not None:
            sayings.append(Saying(*span, saying.pronunciation))
    places = tuple(passage.places[place] for place in part.places)
    return MarkedSentence(
        Part(part.text, places), pause, passage.voice, tuple(styles), tuple(sayings)
    )


def _within(part: Part, start: int, end: int) -> Span | None:
    """Return the characters of a part that are some of its passage's; None if it has none
    of them.
    """
    inside = [
        number
        for number, (letter, place) in enumerate(zip(part.text, part.places, strict=True))
        if start <= place < end and not letter.isspace()
    ]
    return (inside[0], inside[-1] + 1) if inside else None


def shaped(pieces: Iterable[Piece], styles: Sequence[Styled], sample_rate: int) -> Piece:
    """Return the sound of a whole sentence, its styled stretches changed.

    Where no word's time is known, the first style is that of the sentence.
    """
    made = list(pieces)
    samples = np.concatenate([np.zeros(0, np.float32), *(piece.samples for piece in made)])
    words = [word for piece in made for word in piece.words]
    seconds = len(samples) / sample_rate
    regions = []
    for style in styles:
        inside = [word for word in words if word.start < style.end and style.start < word.end]
        if inside:
            begin = min(word.at_seconds for word in inside)
            end = max(word.at_seconds + word.seconds for word in inside)
            regions.append(Region(begin, end, style.speed, style.gain_db))
        elif not words:
            regions.append(Region(0.0, seconds, style.speed, style.gain_db))
            break
    clip, timing = shape(Clip(samples, sample_rate), regions)
    moved = tuple(_moved(word, timing) for word in words)
    return Piece(soften_peaks(clip.samples), 1.0, moved)


def _moved(word: WordTime, timing: Timing) -> WordTime:
    begin, end = timing.at(word.at_seconds), timing.at(word.at_seconds + word.seconds)
    return replace(word, at_seconds=begin, seconds=end - begin)
