"""Passages of a text with marks: parts that one voice speaks, without a marked pause in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ditar_studio.text.lexicon import is_ipa
from ditar_studio.text.markup import (
    LONGEST_PAUSE,
    Mark,
    OpenMarks,
    check,
    marks_in,
    pause_seconds,
    spoken_form,
    without_marks,
)

_PUNCTUATION_END: Final = re.compile(r"[,.?!;:—…][\"'”’)\]]*\s*\Z")


@dataclass(frozen=True)
class Styled:
    """A stretch of a passage that is spoken at another speed or loudness.

    Attributes:
        start, end: its characters in the passage's text.
        speed: 2.0 is twice as fast.
        gain_db: louder above 0.
    """

    start: int
    end: int
    speed: float
    gain_db: float


@dataclass(frozen=True)
class Saying:
    """Sounds of a stretch of a text.

    Attributes:
        start, end: its characters in the text.
        pronunciation: of the stretch, as /IPA/.
    """

    start: int
    end: int
    pronunciation: str


@dataclass(frozen=True)
class Passage:
    """A part of a text that is spoken by one voice, without a pause that was marked.

    Attributes:
        text: what is said, without marks; empty where nothing but a pause is left.
        places: for each of its characters the place in the whole text.
        pause_before: seconds of silence before it, as marked; None without a mark.
        voice: who says it; empty for the voice of the whole.
        styles: in their order; they don't overlap.
        sayings: in their order.
    """

    text: str
    places: tuple[int, ...]
    pause_before: float | None = None
    voice: str = ""
    styles: tuple[Styled, ...] = ()
    sayings: tuple[Saying, ...] = ()


def passages(text: str, *, divided: bool = False) -> list[Passage]:
    """Return the passages of a text, in their order.

    Args:
        divided: whether a passage ends, too, where speed or loudness change: for models that can't
            tell when a word is said.

    Raises:
        StudioError: a mark has a value that can't be used.
    """
    reader = _Reader(text, divided)
    at = 0
    for mark in marks_in(text):
        check(mark)
        reader.read_text(at, mark.start)
        reader.read_mark(mark)
        at = mark.end
    reader.read_text(at, len(text))
    return reader.finish() or [Passage(*without_marks(text))]


class _Reader:
    """Puts passages together while a text is read from its start to its end."""

    def __init__(self, text: str, divided: bool) -> None:
        self._text = text
        self._divided = divided
        self._open = OpenMarks()
        self._done: list[Passage] = []
        self._letters: list[str] = []
        self._places: list[int] = []
        self._styles: list[Styled] = []
        self._sayings: list[Saying] = []
        self._pause: float | None = None

    def read_mark(self, mark: Mark) -> None:
        before = self._open.voice, self._open.style
        if mark.name == "pause":
            self._close()
            self._pause = min(LONGEST_PAUSE, (self._pause or 0.0) + pause_seconds(mark))
        elif mark.is_end:
            changed = replace(self._open, marks=list(self._open.marks))
            changed.end(mark.name)
            self._switch(before, changed)
        else:
            changed = replace(self._open, marks=[*self._open.marks, mark])
            self._switch(before, changed)

    def read_text(self, start: int, end: int) -> None:
        if start == end:
            return
        begin = len(self._letters)
        said = self._open.last("say", "say-as", "spell")
        written = self._text[start:end]
        spoken = spoken_form(said, written) if said is not None else None
        if spoken is None:
            self._letters += written
            self._places += range(start, end)
        else:
            lead = len(written) - len(written.lstrip())
            core = written.strip()
            trail = written[lead + len(core) :]
            first = start + lead
            self._letters += [*written[:lead], *spoken, *trail]
            self._places += range(start, first)
            self._places += [first + i * len(core) // len(spoken) for i in range(len(spoken))]
            self._places += range(first + len(core), end)
        stop = len(self._letters)
        if said is not None and said.name == "say" and is_ipa(said.value) and written.strip():
            lead = len(written) - len(written.lstrip())
            first = begin + lead
            last = first + len(written.strip())
            self._sayings.append(Saying(first, last, said.value))
        speed, gain = self._open.style
        if (speed, gain) != (1.0, 0.0):
            self._styles.append(Styled(begin, stop, speed, gain))

    def finish(self) -> list[Passage]:
        self._close(last=True)
        if self._done and self._pause is not None:
            self._append("", ())
        if self._pause is not None:
            self._done.append(Passage("", (), self._pause))
        return self._done

    def _switch(self, before: tuple[str, tuple[float, float]], changed: OpenMarks) -> None:
        """Go on with other marks; a new passage begins where the voice changes."""
        after = changed.voice, changed.style
        if after[0] != before[0] or (self._divided and after[1] != before[1]):
            self._close()
        self._open = changed

    def _close(self, last: bool = False) -> None:
        """End the passage; what holds no letter belongs to the one before it."""
        letters, places = self._letters, self._places
        self._letters, self._places = [], []
        styles, self._styles = self._styles, []
        sayings, self._sayings = self._sayings, []
        text = "".join(letters)
        if not any(letter.isalnum() for letter in text):
            if self._done and text.strip():
                solid = [(c, p) for c, p in zip(letters, places, strict=True) if not c.isspace()]
                self._append("".join(c for c, _ in solid), [p for _, p in solid])
            return
        if not last and not _PUNCTUATION_END.search(text):
            end = len(text.rstrip())
            text, places = f"{text[:end]},", [*places[:end], places[end - 1]]
        self._done.append(
            Passage(
                text,
                tuple(places),
                self._pause,
                self._open.voice,
                tuple(replace(s, end=min(s.end, len(text))) for s in styles),
                tuple(sayings),
            )
        )
        self._pause = None

    def _append(self, signs: str, places: Sequence[int]) -> None:
        """Give signs that stand alone to the passage before them, or none at the very end."""
        before = self._done[-1]
        text, kept = before.text, before.places
        if kept[-2:-1] == kept[-1:]:  # a comma that was put there for want of these
            text, kept = text[:-1], kept[:-1]
        self._done[-1] = replace(before, text=text + signs, places=(*kept, *places))
