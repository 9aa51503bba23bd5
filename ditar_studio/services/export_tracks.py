"""The files of an export: which pieces they hold and when, how they are called, their subtitles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from ditar_studio.services import acx, metadata, naming, subtitles
from ditar_studio.services.export_plan import Piece, Plan
from ditar_studio.services.export_settings import ExportSettings, Subtitles
from ditar_studio.services.formats import ENCODINGS

if TYPE_CHECKING:
    from ditar_studio.store.spoken_word import SpokenWord


_LATE_SECONDS = 0.1
_LOOKED_AT = 200
"""Lines whose file names are looked at before an export."""


@dataclass(frozen=True)
class Track:
    """A sound file to be written: pieces and when each begins, in seconds.

    Attributes:
        seconds: length of the file.
        number: among chapters of their own, from 1; 0 of anything else.
        chapters: that begin in the file.
    """

    name: str
    title: str
    parts: tuple[tuple[float, Piece], ...]
    seconds: float
    number: int = 0
    chapters: tuple[metadata.ChapterMark, ...] = ()


class Arrangement:
    """The tracks of an export.

    Args:
        what: the plan with the pieces.
        settings: how they are exported.
        lengths: of the pieces in seconds, by their number.
        speeds: of the pieces, where it isn't that of the settings.

    Attributes:
        late: how many pieces `tracks` has begin later than their subtitles.
    """

    def __init__(
        self,
        what: Plan,
        settings: ExportSettings,
        lengths: Mapping[int, float],
        speeds: Mapping[int, float] = MappingProxyType({}),
    ) -> None:
        self.late = 0
        self._speeds = speeds
        self._what = what
        self._settings = settings
        self._lengths = lengths

    def tracks(self) -> list[Track]:
        """Return the sound files to be written; a template that gives several one name
        gets more.
        """
        made = self._tracks()
        called = Counter(track.name.casefold() for track in made)
        return [
            replace(track, name=naming.safe(f"{track.name} {self._mark(track, place)}"))
            if called[track.name.casefold()] > 1
            else track
            for place, track in enumerate(made, start=1)
        ]

    def _mark(self, track: Track, place: int) -> str:
        """Return what tells a file from the others of the export."""
        first = track.parts[0][1]
        if self._settings.layout == "stems" and first.speaker:
            return first.speaker
        width = max(2, len(str(self._what.pieces[-1].number)))
        return f"{first.number if self._settings.layout == 'per_line' else place:0{width}d}"

    def _tracks(self) -> list[Track]:
        pieces = self._what.pieces
        project = self._what.project
        if self._settings.layout == "per_line":
            return [
                Track(
                    self._name(piece, naming.DEFAULT_TEMPLATE),
                    " ".join(piece.text.split())[:100],
                    ((0.0, piece),),
                    self._lengths[piece.number],
                )
                for piece in pieces
            ]
        if self._settings.layout == "per_chapter":
            return self._chapter_tracks()
        timeline, end = self._timeline(pieces)
        if self._settings.layout == "one_file":
            name = self._name(pieces[0], "{project}", whole=True)
            title = self._settings.title or project
            return [Track(name, title, timeline, end, chapters=_chapters(timeline))]
        speakers = dict.fromkeys(piece.speaker for piece in pieces)
        tracks = []
        for number, speaker in enumerate(speakers, start=1):
            parts = tuple(part for part in timeline if part[1].speaker == speaker)
            name = self._name(parts[0][1], "{project} {speaker}", stem=number)
            tracks.append(Track(name, f"{project} – {speaker}", parts, end))
        return tracks

    def _chapter_tracks(self) -> list[Track]:
        """Return a file for each chapter, and one for what comes before the first."""
        groups: list[list[Piece]] = []
        for piece in self._what.pieces:
            if piece.section or not groups:
                groups.append([])
            groups[-1].append(piece)
        tracks = []
        for number, group in enumerate(groups, start=1):
            title = group[0].section or self._settings.title or self._what.project
            parts, end = self._timeline(group)
            name = self._name(group[0], "{project} {number} {chapter}", stem=number, chapter=title)
            tracks.append(Track(name, title, parts, end, number))
        return tracks

    def _timeline(self, pieces: Sequence[Piece]) -> tuple[tuple[tuple[float, Piece], ...], float]:
        """Return each piece and when it begins, in seconds, and how long all take."""
        book = self._settings.standard == "acx"
        at = end = acx.HEAD_SECONDS if book else 0.0
        placed = []
        before = pieces[0].starts or 0.0 if self._settings.layout == "per_chapter" else 0.0
        for piece in pieces:
            if self._settings.fit_times and piece.starts is not None:
                at = max(end, piece.starts - before)
                self.late += at - (piece.starts - before) > _LATE_SECONDS
            placed.append((at, piece))
            end = at + self._lengths[piece.number]
            at = end + piece.pause_seconds
        return tuple(placed), end + (acx.TAIL_SECONDS if book else 0.0)

    def _name(
        self,
        piece: Piece,
        template: str,
        *,
        whole: bool = False,
        stem: int = 0,
        chapter: str = "",
    ) -> str:
        width = max(2, len(str(self._what.pieces[-1].number)))
        number = stem or piece.number
        values = {
            "project": self._what.project,
            "number": "" if whole else f"{number:0{width}d}",
            "speaker": "" if whole else piece.speaker,
            "text": "" if whole or stem else " ".join(piece.text.split()[:6]),
            "date": date.today().isoformat(),
            "seed": str(piece.recipe.settings.get("seed", "")),
            "chapter": chapter or ("" if whole or stem else piece.section),
        }
        return naming.fill(self._settings.name or template, values)

    def paths(self, tracks: Sequence[Track], folder: Path, suffix: str) -> list[Path]:
        """Return where the tracks go; names that are taken get a number, unless they are
        replaced.
        """
        taken: set[str] = set()
        if not self._settings.replace and folder.is_dir():
            taken = {path.stem.casefold() for path in folder.iterdir()}
        paths = []
        for track in tracks:
            name = naming.free(track.name, taken)
            taken.add(name.casefold())
            paths.append(folder / f"{name}{suffix}")
        return paths

    def captions(self, track: Track, kind: Subtitles) -> str:
        """Return the subtitles of a track."""
        lines = [
            subtitles.TimedLine(
                at,
                at + self._lengths[piece.number],
                piece.text,
                piece.speaker,
                [
                    _slowed(word, self._speeds.get(piece.number, self._settings.speed))
                    for word in piece.words
                ],
            )
            for at, piece in track.parts
        ]
        if kind == "json":
            return subtitles.as_json(lines)
        shown = [cue for line in lines for cue in self._cues(line)]
        return subtitles.srt(shown) if kind == "srt" else subtitles.vtt(shown)

    def _cues(self, line: subtitles.TimedLine) -> list[subtitles.Cue]:
        if not line.words:
            return subtitles.cues(line.start, line.end - line.start, line.text, line.speaker)
        cues = subtitles.word_cues if self._settings.by_word else subtitles.timed_cues
        return cues(line.start, line.text, line.words, line.speaker)


def rooms(pieces: Sequence[Piece]) -> dict[int, float]:
    """Return how long pieces may take, in seconds, by their number: until the next one is to be
    heard.
    """
    found: dict[int, float] = {}
    timed = [piece for piece in pieces if piece.starts is not None]
    for piece, following in zip(timed, (*timed[1:], None), strict=True):
        ends = piece.ends if following is None else following.starts
        if ends is not None and piece.starts is not None and ends > piece.starts:
            found[piece.number] = ends - piece.starts
    return found


def file_names(what: Plan, settings: ExportSettings, most: int) -> tuple[list[str], int]:
    """Return the first names of sound files that an export will have, and how many files there will
    be.

    Where such a file is there already, a number is put behind the name.

    Raises:
        StudioError: the template can't be used.
    """
    pieces, count = what.pieces, 1
    if settings.layout == "per_line":
        count = len(pieces)
        pieces = pieces[:_LOOKED_AT]
    elif settings.layout == "stems":
        found: dict[str, Piece] = {}
        for piece in pieces:
            found.setdefault(piece.speaker, piece)
        count, pieces = len(found), tuple(found.values())
    elif settings.layout == "per_chapter":
        pieces = tuple(piece for place, piece in enumerate(pieces) if piece.section or not place)
        count = len(pieces)
    else:
        pieces = pieces[:1]
    last = what.pieces[-1]
    shown = replace(what, pieces=pieces if last in pieces[-1:] else (*pieces, last))
    lengths = {piece.number: 0.0 for piece in shown.pieces}
    suffix = ENCODINGS[settings.format].suffix
    names = [track.name for track in Arrangement(shown, settings, lengths).tracks()]
    return [f"{name}{suffix}" for name in names[: min(most, count)]], count


def _chapters(timeline: Sequence[tuple[float, Piece]]) -> tuple[metadata.ChapterMark, ...]:
    """Return the chapters of a whole; the first begins at its beginning."""
    marks = [
        metadata.ChapterMark(piece.section, at if number else 0.0)
        for number, (at, piece) in enumerate(timeline)
        if piece.section
    ]
    if marks and marks[0].start > 0:
        marks.insert(0, metadata.ChapterMark("…", 0.0))
    return tuple(marks)


def _slowed(word: SpokenWord, speed: float) -> SpokenWord:
    """Return when a word is heard at another speed."""
    return replace(word, begins=word.begins / speed, ends=word.ends / speed)
