"""The plan of an export: for each line the take that stands for it, in chapters."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ditar_studio.store.recipe import Recipe
from ditar_studio.text.markup import without_marks

if TYPE_CHECKING:
    from ditar_studio.store.library import Library
    from ditar_studio.store.project import Line
    from ditar_studio.store.spoken_word import SpokenWord
    from ditar_studio.store.take import Take
    from ditar_studio.store.take_edit import TakeEdit


@dataclass(frozen=True)
class Piece:
    """One line's take, to be exported.

    Args:
        number: of the line, from 1.
        path: of its sound file.
        pause_seconds: silence after it.
        section: title of the chapter that begins with it; empty if none does.
        words: when its words are heard, in the take; empty where that isn't known.
        edit: how its sound is heard; None for as it is in the file.
        starts, ends: when it is to be heard, in seconds of the whole, where subtitles tell it.
    """

    number: int
    path: Path
    text: str
    speaker: str
    pause_seconds: float
    recipe: Recipe
    section: str = ""
    words: tuple[SpokenWord, ...] = ()
    edit: TakeEdit | None = None
    starts: float | None = None
    ends: float | None = None


@dataclass(frozen=True)
class Plan:
    """The content of a project's export, and the lines it would lack or have out of date."""

    project: str
    pieces: tuple[Piece, ...]
    missing: tuple[Line, ...]
    stale: tuple[Line, ...]


def plan(library: Library, project_id: str) -> Plan:
    """Return what an export of a project would hold: for each line the take that stands for it."""
    project = library.projects.get(project_id)
    takes = {take.id: take for take in library.takes.of_project(project_id)}
    voices = {voice.id: voice.name for voice in library.voices.all()}
    lines = library.lines.of_project(project_id)
    pieces: list[Piece] = []
    sections = _sections(lines)
    for number, line in enumerate(lines, start=1):
        if line.take_id is not None:
            take = takes[line.take_id]
            voice = voices.get(line.voice_id or project.settings.voice_id or "", "")
            speaker = line.speaker or voice
            piece = _piece(take, number, speaker, line.pause_seconds, sections[number])
            pieces.append(replace(piece, starts=line.starts, ends=line.ends))
    return Plan(
        project=project.name,
        pieces=tuple(pieces),
        missing=tuple(line for line in lines if line.take_id is None),
        stale=tuple(line for line in lines if line.take_id and line.state != "rendered"),
    )


def plan_takes(takes: Sequence[Take], project: str) -> Plan:
    """Return what an export of single takes would hold: those being dragged out, or compared."""
    pieces = [_piece(take, number, "", 0.0) for number, take in enumerate(takes, start=1)]
    return Plan(project, tuple(pieces), (), ())


def _piece(take: Take, number: int, speaker: str, pause_seconds: float, section: str = "") -> Piece:
    speaker = speaker or take.recipe.voice_name
    text, words = _written(take)
    return Piece(
        number, take.path, text, speaker, pause_seconds, take.recipe, section, words, take.edit
    )


def _written(take: Take) -> tuple[str, tuple[SpokenWord, ...]]:
    """Return the text of a take without its marks, and its words in that."""
    text, places = without_marks(take.text)
    if text == take.text:
        return text, take.words
    words = []
    for word in take.words:
        start, end = bisect_left(places, word.start), bisect_left(places, word.end)
        if start < end:
            words.append(replace(word, start=start, end=end))
    return text, tuple(words)


def _sections(lines: Sequence[Line]) -> dict[int, str]:
    """Return, by the number of a line, the chapter that begins there or with lines without a take
    before it.
    """
    found: dict[int, str] = {}
    waiting = ""
    for number, line in enumerate(lines, start=1):
        waiting = line.section or waiting
        found[number] = waiting
        if line.take_id is not None:
            waiting = ""
    return found
