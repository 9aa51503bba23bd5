"""Documents as lines of a script: chapters begin sections, paragraphs begin blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Final

from ditar_studio.documents import Chapter, Document, Paragraph
from ditar_studio.text import sentences
from ditar_studio.text.markup import LONGEST_PAUSE
from ditar_studio.text.script import ScriptLine

LONGEST_LINE: Final = 220
"""Characters."""
PARAGRAPH_SECONDS: Final = 0.6
HEADING_SECONDS: Final = 1.2
CHAPTER_SECONDS: Final = 2.5

WORDS_A_MINUTE: Final = 155
"""Of narration: an audiobook has 9,300 words an hour."""


def script_lines(document: Document, max_characters: int = LONGEST_LINE) -> list[ScriptLine]:
    """Return the lines of a document, a sentence each.

    Silence follows sentences as usual, and longer ones paragraphs, headings and chapters. Where
    the document tells when its paragraphs are spoken, the silences are those between them.
    """
    return [line for chapter in document.chapters for line in _lines(chapter, max_characters)]


def speech_seconds(words: int) -> float:
    """Return how long so many words take about to be said."""
    return 60.0 * words / WORDS_A_MINUTE


def _lines(chapter: Chapter, max_characters: int) -> Iterator[ScriptLine]:
    section = chapter.title
    last = len(chapter.paragraphs) - 1
    for number, paragraph in enumerate(chapter.paragraphs):
        if paragraph.start is not None:
            following = chapter.paragraphs[min(last, number + 1)]
            pause = _gap(paragraph, following) if number < last else None
        elif number == last and chapter.title:
            pause = CHAPTER_SECONDS
        elif not number and paragraph.text == chapter.title:
            pause = HEADING_SECONDS
        else:
            pause = PARAGRAPH_SECONDS
        if paragraph.pause_seconds is not None:
            pause = paragraph.pause_seconds
        *earlier, final = sentences.split(paragraph.text, max_characters)
        times = _times(paragraph, (*earlier, final))
        for place, part in enumerate((*earlier, final)):
            yield ScriptLine(
                paragraph.speaker,
                part,
                pause if place == len(earlier) else None,
                opens_block=place == 0,
                section=section,
                starts=times[place][0],
                ends=times[place][1],
            )
            section = ""


def _times(paragraph: Paragraph, parts: Sequence[str]) -> list[tuple[float | None, float | None]]:
    """Return when each part of a paragraph is to be spoken: its time, divided by their letters."""
    if paragraph.start is None or paragraph.end is None:
        return [(None, None)] * len(parts)
    whole = sum(map(len, parts))
    marks = [0, *accumulate(map(len, parts))]
    length = paragraph.end - paragraph.start
    at = [round(paragraph.start + length * mark / whole, 3) for mark in marks]
    return list(pairwise(at))


def _gap(paragraph: Paragraph, following: Paragraph) -> float:
    gap = (following.start or 0.0) - (paragraph.end or 0.0)
    return round(min(LONGEST_PAUSE, max(0.0, gap)), 3)
