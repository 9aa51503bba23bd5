"""The edit list of a take: which parts of its file are heard, with silence, gain and fades.

The file itself is never changed. Times are in seconds; those of a part's sound are in the file, all
others in what is heard.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ditar_studio.errors import StudioError

if TYPE_CHECKING:
    from ditar_studio.store.spoken_word import SpokenWord

LONGEST_SILENCE = 60.0
LONGEST_FADE = 10.0
QUIETEST_DB, LOUDEST_DB = -40.0, 20.0
SHORTEST = 0.05
"""Seconds that have to be left of a take."""


@dataclass(frozen=True)
class Part:
    """A stretch of the take's file, or silence.

    Attributes:
        begins, ends: in the file; silence begins at 0.
        silent: whether it is silence.
    """

    begins: float
    ends: float
    silent: bool = False

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.ends - self.begins


@dataclass(frozen=True)
class Marker:
    """A named place in what is heard."""

    at: float
    name: str


@dataclass(frozen=True)
class TakeEdit:
    """The edit list of a take: how it is heard.

    Attributes:
        parts: one behind the other; at least one.
        gain_db: louder above 0.
        fade_in, fade_out: at either end.
        markers: in their order.
    """

    parts: tuple[Part, ...]
    gain_db: float = 0.0
    fade_in: float = 0.0
    fade_out: float = 0.0
    markers: tuple[Marker, ...] = ()

    def __post_init__(self) -> None:
        if self.seconds < SHORTEST:
            raise StudioError("Nothing would be left of the take.", "Select less.")
        if not QUIETEST_DB <= self.gain_db <= LOUDEST_DB:
            raise StudioError(
                f"A gain of {self.gain_db:g} dB is not possible.",
                f"Choose one from {QUIETEST_DB:g} to {LOUDEST_DB:g} dB.",
            )
        if not (0 <= self.fade_in <= LONGEST_FADE and 0 <= self.fade_out <= LONGEST_FADE):
            raise StudioError(
                "A fade of this length is not possible.",
                f"Choose one of {LONGEST_FADE:g} s at most.",
            )

    @staticmethod
    def whole(seconds: float) -> TakeEdit:
        """Return a take as it was made."""
        return TakeEdit((Part(0.0, max(SHORTEST, seconds)),))

    @property
    def seconds(self) -> float:
        """How long it is heard."""
        return sum(part.seconds for part in self.parts)

    # --- changes

    def trimmed(self, begin: float, end: float) -> TakeEdit:
        """Keep only what is heard from `begin` to `end`."""
        kept = [replace(m, at=m.at - begin) for m in self.markers if begin <= m.at <= end]
        return replace(self, parts=self._between(begin, end), markers=tuple(kept))

    def without(self, begin: float, end: float) -> TakeEdit:
        """Return all but what is heard from `begin` to `end`."""
        parts = (*self._between(0.0, begin), *self._between(end, self.seconds))
        kept = [m for m in self.markers if m.at < begin]
        kept += [replace(m, at=m.at - (end - begin)) for m in self.markers if m.at >= end]
        return replace(self, parts=parts, markers=tuple(kept))

    def with_silence(self, at: float, seconds: float) -> TakeEdit:
        """Insert silence at a place.

        Raises:
            StudioError: it is too long.
        """
        if not 0 < seconds <= LONGEST_SILENCE:
            raise StudioError(
                "Silence of this length can't be inserted.",
                f"Choose up to {LONGEST_SILENCE:g} seconds.",
            )
        silence = Part(0.0, seconds, silent=True)
        parts = (*self._between(0.0, at), silence, *self._between(at, self.seconds))
        moved = [replace(m, at=m.at + seconds) if m.at >= at else m for m in self.markers]
        return replace(self, parts=parts, markers=tuple(moved))

    def with_marker(self, at: float, name: str) -> TakeEdit:
        """Set a marker at a place; one at the same place gets its name."""
        others = [m for m in self.markers if abs(m.at - at) > 1e-3]
        markers = sorted([*others, Marker(at, name)], key=lambda marker: marker.at)
        return replace(self, markers=tuple(markers))

    def _between(self, begin: float, end: float) -> tuple[Part, ...]:
        found = []
        for at, part in self.placed():
            first, last = max(begin, at) - at, min(end, at + part.seconds) - at
            if last - first > 1e-6:
                found.append(replace(part, begins=part.begins + first, ends=part.begins + last))
        return tuple(found)

    # --- looking up

    def placed(self) -> Iterator[tuple[float, Part]]:
        """Return the parts, and when each begins."""
        at = 0.0
        for part in self.parts:
            yield at, part
            at += part.seconds

    def words(self, words: Sequence[SpokenWord]) -> tuple[SpokenWord, ...]:
        """Return the words that are heard, of those in the file, when they are heard."""
        found = []
        for at, part in self.placed():
            for word in words if not part.silent else ():
                middle = (word.begins + word.ends) / 2
                if part.begins <= middle < part.ends:
                    begins = at + max(word.begins, part.begins) - part.begins
                    ends = at + min(word.ends, part.ends) - part.begins
                    found.append(replace(word, begins=begins, ends=ends))
        return tuple(found)

    # --- as text

    def to_json(self) -> str:
        """Write the edit list for the database."""
        values = {
            "parts": [[round(p.begins, 4), round(p.ends, 4), p.silent] for p in self.parts],
            "gain_db": self.gain_db,
            "fade_in": self.fade_in,
            "fade_out": self.fade_out,
            "markers": [[round(m.at, 4), m.name] for m in self.markers],
        }
        return json.dumps(values, separators=(",", ":"), ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> TakeEdit | None:
        """Read an edit list from the database; None for a take as it was made."""
        values = json.loads(text)
        if not values:
            return None
        return TakeEdit(
            tuple(Part(begins, ends, silent) for begins, ends, silent in values["parts"]),
            values["gain_db"],
            values["fade_in"],
            values["fade_out"],
            tuple(Marker(at, name) for at, name in values["markers"]),
        )


@dataclass(frozen=True)
class JoinedTake:
    """A take that was put together from others.

    Attributes:
        like: id of the take whose line, text and recipe it has.
        file: its sound, to be copied into the library.
        seconds: of the file.
        edit: what is heard of it.
        words: in the file.
    """

    like: str
    file: Path
    seconds: float
    edit: TakeEdit
    words: tuple[SpokenWord, ...]
