"""Fountain screenplays (https://fountain.io/syntax): who says what, with what is told between.

Scene headings begin chapters. Notes, boneyards, sections, synopses and transitions are not read;
parentheses of dialogue, which tell an actor how to speak, are left out and counted.
"""

from __future__ import annotations

import re
from typing import Final

from ditar_studio.documents.structure import Document, Gathering, Paragraph, ReadOptions, one_line

_HIDDEN: Final = re.compile(r"/\*.*?\*/|\[\[.*?\]\]", re.DOTALL)
_SCENE: Final = re.compile(r"(?:INT|EXT|EST|INT\.?/EXT|I/E)[. ]", re.IGNORECASE)
_PLACES: Final = {
    r"INT\.?/EXT\.?\s+|I/E\.?\s+": "Interior and exterior",
    r"INT\.?\s+": "Interior",
    r"EXT\.?\s+": "Exterior",
    r"EST\.?\s+": "Establishing shot",
}
_SCENE_NUMBER: Final = re.compile(r"\s*#[\w.-]+#\s*\Z")
_TRANSITION: Final = re.compile(r"[^a-z]*\bTO:\Z|FADE (?:IN|OUT)[.:]?\Z")
_CHARACTER: Final = re.compile(r"[^a-z]*[A-Z][^a-z]*?(?P<more>\s*\([^)]*\))?\s*\^?\Z")
_EMPHASIS: Final = re.compile(r"(?<!\\)(\*{1,3}|_)(?=\S)(.+?)(?<=\S)\1")
_TITLE_KEY: Final = re.compile(r"([A-Za-z][A-Za-z ]*):(.*)")


def looks_like(text: str) -> bool:
    """Return whether a plain text is a screenplay: scene headings, and names above what
    they say.
    """
    lines = text.split("\n", 2000)[:2000]
    scenes = sum(_SCENE.match(line) is not None and line.isupper() for line in lines)
    return scenes >= 2


def read(text: str, name: str, options: ReadOptions) -> Document:
    """Read the scenes of a screenplay as chapters, its dialogue with speakers."""
    gathering = Gathering(options)
    title, author, body = _title_page(_HIDDEN.sub("", text))
    lines = body.split("\n")
    place = 0
    while place < len(lines):
        line = lines[place].strip()
        alone = place == 0 or not lines[place - 1].strip()
        followed = place + 1 < len(lines) and bool(lines[place + 1].strip())
        if not line or line.startswith(("=", "#")):
            pass
        elif _is_scene(line) and alone:
            heading = _SCENE_NUMBER.sub("", line.removeprefix("."))
            gathering.open_chapter(_plain(heading))
            gathering.add_heading(_spoken_heading(_plain(heading)))
        elif alone and _is_transition(line) and not followed:
            gathering.remark("directions")
        elif alone and followed and _is_character(line):
            place = _dialogue(lines, place, gathering)
            continue
        else:
            place = _action(lines, place, gathering)
            continue
        place += 1
    return gathering.document(title or name.rpartition(".")[0], author)


def _title_page(text: str) -> tuple[str, str, str]:
    """Return title, author and the rest of a text that may begin with a page of `key: value`."""
    head, _, rest = text.lstrip("\n").partition("\n\n")
    values: dict[str, str] = {}
    key = ""
    for line in head.split("\n"):
        match = _TITLE_KEY.match(line)
        if match is not None and not line.startswith((" ", "\t")):
            key = match[1].strip().lower()
            values[key] = match[2].strip()
        elif key and line.startswith((" ", "\t")):
            values[key] = f"{values[key]} {line.strip()}".strip()
        else:
            return "", "", text
    if not {"title", "author", "authors", "credit"} & set(values):
        return "", "", text
    return _plain(values.get("title", "")), values.get("author", values.get("authors", "")), rest


def _spoken_heading(heading: str) -> str:
    """Return a scene heading as one says it: "Interior, house, day"."""
    parts = re.split(r"\s+[-–—]+\s+", heading)
    for begin, place in _PLACES.items():
        if (match := re.match(begin, heading, re.IGNORECASE)) is not None:
            parts[:1] = [place, parts[0][match.end() :]]
            break
    said = ", ".join(filter(None, parts))
    return said.capitalize() if heading.isupper() else said


def _is_scene(line: str) -> bool:
    forced = line.startswith(".") and len(line) > 1 and line[1].isalnum()
    return forced or _SCENE.match(line) is not None


def _is_transition(line: str) -> bool:
    forced = line.startswith(">") and not line.endswith("<")
    return forced or _TRANSITION.match(line) is not None


def _is_character(line: str) -> bool:
    return line.startswith("@") or (_CHARACTER.fullmatch(line) is not None and len(line) < 60)


def _dialogue(lines: list[str], place: int, gathering: Gathering) -> int:
    """Add what a character says; return the place behind it."""
    name = re.sub(r"\([^)]*\)", "", lines[place].strip().removeprefix("@").rstrip("^ "))
    speaker = one_line(name)
    speaker = speaker.title() if speaker.isupper() else speaker
    said: list[str] = []
    place += 1
    while place < len(lines) and lines[place].strip():
        line = lines[place].strip()
        if line.startswith("(") and line.endswith(")"):
            gathering.remark("directions")
        else:
            said.append(line.removeprefix("~"))
        place += 1
    gathering.add(Paragraph(_plain(" ".join(said)), speaker))
    return place


def _action(lines: list[str], place: int, gathering: Gathering) -> int:
    told: list[str] = []
    while place < len(lines) and lines[place].strip():
        line = lines[place].strip().removeprefix("!")
        told.append(line.removeprefix(">").removesuffix("<") if line.endswith("<") else line)
        place += 1
    gathering.add(Paragraph(_plain(" ".join(told))))
    return place


def _plain(text: str) -> str:
    for _ in range(3):
        text = _EMPHASIS.sub(r"\2", text)
    return one_line(re.sub(r"\\([*_])", r"\1", text))
