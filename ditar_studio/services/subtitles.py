"""Subtitles: when which words are spoken, as SRT or WebVTT."""

from __future__ import annotations

import itertools
import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

ROW = 42
ROWS = 2
_LONGEST_GAP = 0.6
"""Seconds of silence that one cue goes on over."""


@dataclass(frozen=True)
class Cue:
    """Words shown from `start` to `end`, in seconds."""

    start: float
    end: float
    text: str
    speaker: str = ""


class WordTiming(Protocol):
    """A word of a text: its characters `start` to `end`, heard from `begins` to `ends`."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def begins(self) -> float: ...
    @property
    def ends(self) -> float: ...


@dataclass(frozen=True)
class TimedLine:
    """A spoken line, when it is heard, and its words with times from its start."""

    start: float
    end: float
    text: str
    speaker: str
    words: Sequence[WordTiming]


def cues(start: float, seconds: float, text: str, speaker: str = "") -> list[Cue]:
    """Return a spoken line as cues of at most two rows, its time shared out by the letters."""
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


def word_cues(start: float, text: str, times: Sequence[WordTiming], speaker: str = "") -> list[Cue]:
    """Return a cue for each word of a spoken line, with the marks that stand beside it.

    Args:
        start: of the line, in seconds.
        text: of the line.
        times: of its words, from its start.
    """
    cuts = [0]
    for word, following in itertools.pairwise(times):
        gap = text[word.end : following.start]
        cuts.append(word.end + len(gap.partition(" ")[0]))
    cuts.append(len(text))
    seen = (" ".join(text[begin:end].split()) for begin, end in itertools.pairwise(cuts))
    return [
        Cue(start + word.begins, start + word.ends, words, speaker)
        for word, words in zip(times, seen, strict=True)
        if words
    ]


def timed_cues(
    start: float, text: str, times: Sequence[WordTiming], speaker: str = ""
) -> list[Cue]:
    """Return a spoken line as cues of at most two rows, each as long as its words are said.

    What has no room in one is divided into cues of about one length.
    """
    stretches: list[list[Cue]] = []
    for word in word_cues(start, text, times, speaker):
        if not stretches or word.start - stretches[-1][-1].end > _LONGEST_GAP:
            stretches.append([])
        stretches[-1].append(word)
    return [_merged(words) for stretch in stretches for words in _divided(stretch)]


def _divided(stretch: Sequence[Cue]) -> list[list[Cue]]:
    """Divide words into as few cues as have room for them, of about one length."""
    full = _filled(stretch, len(stretch) * ROW)
    if len(full) == 1:
        return full
    even = _filled(stretch, sum(len(word.text) + 1 for word in stretch) / len(full))
    return even if len(even) == len(full) else full


def _filled(words: Sequence[Cue], enough: float) -> list[list[Cue]]:
    """Divide words into cues that are closed when they have `enough` characters, or no room."""
    parts: list[list[Cue]] = []
    length = 0
    for word in words:
        if length >= enough or not parts or len(_rows([*parts[-1], word])) > ROWS:
            parts.append([])
            length = 0
        parts[-1].append(word)
        length += len(word.text) + 1
    return parts


def _rows(words: Sequence[Cue], width: int = ROW) -> list[str]:
    return textwrap.wrap(" ".join(word.text for word in words), width, break_on_hyphens=False)


def _merged(words: Sequence[Cue]) -> Cue:
    """Make one cue of words, in rows of about one length."""
    rows = _rows(words)
    mean = sum(map(len, rows)) // len(rows)
    widths = (_rows(words, width) for width in range(mean, ROW + 1))
    even = next(each for each in widths if len(each) == len(rows))
    return Cue(words[0].start, words[-1].end, "\n".join(even), words[0].speaker)


def as_json(lines: Sequence[TimedLine]) -> str:
    """Write lines and words with their times in seconds as JSON."""
    values = [
        {
            "start": round(line.start, 3),
            "end": round(line.end, 3),
            "speaker": line.speaker,
            "text": line.text,
            "words": [
                {
                    "word": line.text[word.start : word.end],
                    "start": round(line.start + word.begins, 3),
                    "end": round(line.start + word.ends, 3),
                }
                for word in line.words
            ],
        }
        for line in lines
    ]
    return json.dumps({"lines": values}, ensure_ascii=False, indent=1) + "\n"


def srt(shown: Sequence[Cue]) -> str:
    """Write cues as SubRip text; the speaker is named where there are several."""
    several = len({cue.speaker for cue in shown}) > 1
    blocks = []
    for number, cue in enumerate(shown, start=1):
        text = f"{cue.speaker}: {cue.text}" if several and cue.speaker else cue.text
        blocks.append(f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{text}\n")
    return "\n".join(blocks)


def vtt(shown: Iterable[Cue]) -> str:
    """Write cues as WebVTT, with the speaker as voice tag."""
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
