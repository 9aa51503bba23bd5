"""SubRip and WebVTT: what is said when, and by whom where cues tell."""

from __future__ import annotations

import html
import re
from typing import Final

from ditar_studio.documents.structure import Document, Gathering, Paragraph, ReadOptions, one_line
from ditar_studio.errors import StudioError

_TIMES: Final = re.compile(
    r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})\s*-->\s*(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
)
_VOICE: Final = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]*>|\{\\[^{}]*\}")
_NAME: Final = re.compile(r"\A([A-Z][\w.'’-]*(?: [A-Z0-9][\w.'’-]*){0,2}):\s+(?=\S)")
_LEADING_DASH: Final = re.compile(r"\A[-–—]\s*")
_ANSWER: Final = re.compile(r"\n[-–—] ?(?=[^\W\d_a-z])")
_DIRECTION: Final = re.compile(r"[\[(][^\])]*[\])]|♪[^♪]*♪?|♫")


def read(text: str, name: str, options: ReadOptions) -> Document:
    """Read the cues of a subtitle file as paragraphs with their times; sounds in brackets go.

    Raises:
        StudioError: it has no cue.
    """
    gathering = Gathering(options)
    blocks = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n"))
    for block in blocks:
        lines = block.strip("\n").split("\n")
        place = next((n for n, line in enumerate(lines) if "-->" in line), None)
        times = None if place is None else _TIMES.search(lines[place])
        if place is None or times is None:
            continue
        start, end = _seconds(*times.groups()[:4]), _seconds(*times.groups()[4:])
        if end > start:
            for paragraph in _cue("\n".join(lines[place + 1 :]), start, end, gathering):
                gathering.add(paragraph)
    document = gathering.document(name.rpartition(".")[0])
    if not document.chapters:
        raise StudioError(f"There is no subtitle in “{name}”.", "Choose an SRT or WebVTT file.")
    return document


def _cue(raw: str, start: float, end: float, gathering: Gathering) -> list[Paragraph]:
    """Return one paragraph, or one for each speaker of a cue of several; they share its time."""
    voices = _VOICE.findall(raw)
    if len(voices) > 1:
        pieces = [part for part in re.split(r"(?=<v[.\s])", raw) if part.strip()]
    elif raw.count("\n-") + raw.startswith("-") > 1 or _ANSWER.search(raw):
        pieces = [part for part in re.split(r"\n(?=[-–—])", raw) if part.strip()]
    else:
        pieces = [raw]
    said = [_text(piece, gathering) for piece in pieces]
    said = [(speaker, text) for speaker, text in said if text]
    letters = sum(len(text) for _, text in said)
    paragraphs = []
    at = start
    for speaker, text in said:
        until = at + (end - start) * len(text) / letters
        paragraphs.append(Paragraph(text, speaker, None, round(at, 3), round(until, 3)))
        at = until
    return paragraphs


def _text(raw: str, gathering: Gathering) -> tuple[str | None, str]:
    voice = _VOICE.search(raw)
    speaker = one_line(html.unescape(voice[1])) if voice else None
    plain = html.unescape(_TAG.sub("", raw))
    spoken, directions = _DIRECTION.subn(" ", plain)
    gathering.remark("directions", directions)
    spoken = _LEADING_DASH.sub("", one_line(spoken))
    named = _NAME.match(spoken)
    if speaker is None and named is not None:
        speaker, spoken = named[1], spoken[named.end() :]
    return speaker, spoken if any(letter.isalnum() for letter in spoken) else ""


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str) -> float:
    whole: int = 3600 * int(hours or 0) + 60 * int(minutes) + int(seconds)
    return whole + int(fraction) / float(10 ** len(fraction))
