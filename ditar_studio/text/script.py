"""A script: lines of text, each with the name of who says it and the pause that follows.

Anna: Did you lock the door?
Ben: I thought [pause 0.5] you did. [pause 1.5]
They both ran back.

Marks within a line stay in its text (see `markup`); a text in SSML is read into them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from ditar_studio.errors import StudioError
from ditar_studio.text import sentences
from ditar_studio.text.marked_parts import split_marked
from ditar_studio.text.markup import LONGEST_PAUSE, check, marks_in, pause_seconds
from ditar_studio.text.ssml import read_marked

_NAME_WORD: Final = r"(?:[^\W\d_][\w.'’-]*|\d{1,3})"
_SPEAKER: Final = re.compile(
    rf"(?P<name>{_NAME_WORD}(?: {_NAME_WORD}){{0,3}})\s*:\s+(?P<text>\S.*)"
)
_LONGEST_NAME: Final = 40
_NOT_NAMES: Final = frozenset(
    (
        *("note", "warning", "example", "ps", "p.s.", "nb", "n.b.", "tip", "caution", "important"),
        *("chapter", "part", "act", "scene", "section", "step", "figure", "table", "page"),
    )
)


@dataclass(frozen=True)
class ScriptLine:
    """One line to speak.

    Attributes:
        speaker: who says it; None for the voice that is set for the script.
        text: what is said; never blank.
        pause_seconds: silence after it; None for the usual pause.
        opens_block: whether a paragraph begins with it; else it flows on from the line before.
        section: title of the chapter that begins with it; empty if none does.
        starts, ends: when it is to be spoken, in seconds, where the document tells.
    """

    speaker: str | None
    text: str
    pause_seconds: float | None = None
    opens_block: bool = True
    section: str = ""
    starts: float | None = None
    ends: float | None = None


def parse(text: str) -> list[ScriptLine]:
    """Parse the lines of a script, one for each line of `text` that isn't blank.

    A name is up to four words, none in lower case, before a colon and a space. A pause at either
    end of a line is the silence behind it; one on a line of its own follows the line before it; one
    before the first line is left out.

    Raises:
        StudioError: a pause that is not a number of seconds, naming its line; SSML that can't be
            read.
    """
    lines: list[ScriptLine] = []
    for number, source in enumerate(read_marked(text.lstrip("\ufeff")).splitlines(), start=1):
        spoken, pause = _split_pauses(source, number)
        spoken = " ".join(spoken.split())
        if spoken:
            speaker, said = _split_speaker(spoken)
            lines.append(ScriptLine(speaker, said, pause))
        elif pause is not None and lines:
            earlier = lines[-1].pause_seconds or 0.0
            lines[-1] = replace(lines[-1], pause_seconds=min(earlier + pause, LONGEST_PAUSE))
    return lines


def from_long_text(text: str, max_characters: int = 220) -> list[ScriptLine]:
    """Split pasted text into lines of at most `max_characters`.

    A text with pauses, or speakers in at least half of its lines, is read line by line, as a
    script; any other one by its sentences, whatever its line breaks. The first sentence of each
    paragraph, or of each line of a script, opens a block; the others flow on. A long line of a
    script keeps its speaker in each of its parts and its pause after the last one.

    Raises:
        StudioError: as `parse`.
        ValueError: `max_characters` is less than 1.
    """
    text = read_marked(text)
    lines = parse(text)
    spoken_by_name = sum(line.speaker is not None for line in lines)
    has_pauses = any(line.pause_seconds is not None for line in lines)
    if not has_pauses and 2 * spoken_by_name < max(1, len(lines)):
        return [
            ScriptLine(None, part, opens_block=not number)
            for paragraph in sentences.paragraphs(text)
            for number, part in enumerate(_split(paragraph, max_characters))
        ]
    result: list[ScriptLine] = []
    for line in lines:
        *earlier, last = _split(line.text, max_characters)
        result += [
            ScriptLine(line.speaker, part, opens_block=not number)
            for number, part in enumerate(earlier)
        ]
        opens = not earlier
        result.append(ScriptLine(line.speaker, last, line.pause_seconds, opens_block=opens))
    return result


def to_text(lines: Iterable[ScriptLine]) -> str:
    """Return the script as text, which `parse` reads back."""
    return "".join(
        (f"{line.speaker}: " if line.speaker else "")
        + line.text
        + ("" if line.pause_seconds is None else f" [pause {line.pause_seconds:g}]")
        + "\n"
        for line in lines
    )


def _split(text: str, max_characters: int) -> list[str]:
    return split_marked(text, lambda whole: sentences.split(whole, max_characters))


def _split_pauses(source: str, number: int) -> tuple[str, float | None]:
    """Return a line without the pauses at its ends, and how long they are together."""
    pauses = [mark for mark in marks_in(source) if mark.name == "pause" and not mark.is_end]
    start, end = 0, len(source)
    outer = []
    for mark in pauses:
        if not source[start : mark.start].strip():
            start = mark.end
            outer.append(mark)
    for mark in reversed(pauses):
        if mark not in outer and not source[mark.end : end].strip():
            end = mark.start
            outer.append(mark)
    for mark in pauses:
        try:
            check(mark)
        except StudioError as error:
            raise StudioError(
                f"The pause in line {number} of the script is not a number of seconds.",
                error.remedy,
            ) from error
    if not outer:
        return source, None
    return source[start:end], min(sum(map(pause_seconds, outer)), LONGEST_PAUSE)


def _split_speaker(spoken: str) -> tuple[str | None, str]:
    match = _SPEAKER.match(spoken)
    if match is None or len(match["name"]) > _LONGEST_NAME:
        return None, spoken
    words = match["name"].split()
    if words[0].lower() in _NOT_NAMES or any(word[0].islower() for word in words):
        return None, spoken
    if words[0].isdigit():
        return None, spoken
    return match["name"], match["text"]
