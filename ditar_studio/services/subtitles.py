"""Subtitles: when which words are spoken, as SRT or WebVTT."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ROW = 42
ROWS = 2


@dataclass(frozen=True)
class Cue:
    """Words shown from `start` to `end`, in seconds."""

    start: float
    end: float
    text: str
    speaker: str = ""


def cues(start: float, seconds: float, text: str, speaker: str = "") -> list[Cue]:
    """A spoken line as cues of at most two rows, its time shared out by the letters."""
    rows = textwrap.wrap(" ".join(text.split()), ROW, break_on_hyphens=False)
    parts = ["\n".join(rows[at : at + ROWS]) for at in range(0, len(rows), ROWS)]
    total = sum(len(part) for part in parts)
    shown: list[Cue] = []
    spoken = 0
    for part in parts:
        begin = start + seconds * spoken / total
        spoken += len(part)
        shown.append(Cue(begin, start + seconds * spoken / total, part, speaker))
    return shown


def srt(shown: Sequence[Cue]) -> str:
    """As SubRip text; the speaker is named where there are several."""
    several = len({cue.speaker for cue in shown}) > 1
    blocks = []
    for number, cue in enumerate(shown, start=1):
        text = f"{cue.speaker}: {cue.text}" if several and cue.speaker else cue.text
        blocks.append(f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{text}\n")
    return "\n".join(blocks)


def vtt(shown: Iterable[Cue]) -> str:
    """As WebVTT, with the speaker as voice tag."""
    blocks = ["WEBVTT\n"]
    for cue in shown:
        text = _escaped(cue.text)
        if cue.speaker:
            text = f"<v {_escaped(cue.speaker)}>{text}"
        blocks.append(f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{text}\n")
    return "\n".join(blocks)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _time(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    whole, milliseconds = divmod(milliseconds, 1000)
    return f"{hours:02d}:{minutes:02d}:{whole:02d}{point}{milliseconds:03d}"
