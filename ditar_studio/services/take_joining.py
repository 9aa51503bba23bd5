"""Takes put together from stretches of takes: halves of one, several in a row, words of another.

A take that is made so has the sound of all of them in a file of its own, and an edit list: none of
them has to stay.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ditar_studio.audio.clips.files import StreamingWavWriter
from ditar_studio.errors import StudioError
from ditar_studio.services.metadata import mark
from ditar_studio.services.take_sound import read_sound
from ditar_studio.store.take_edit import JoinedTake, Part, TakeEdit

if TYPE_CHECKING:
    from ditar_studio.store.library import Library
    from ditar_studio.store.spoken_word import SpokenWord
    from ditar_studio.store.take import Take


@dataclass(frozen=True)
class Stretch:
    """A stretch of a take as it is heard, in seconds."""

    take: Take
    begin: float
    end: float


def halves(take: Take, at: float) -> tuple[tuple[Stretch], tuple[Stretch]]:
    """Return a take divided at a moment.

    Raises:
        StudioError: one of the halves would be empty.
    """
    if not 0.05 <= at <= take.seconds - 0.05:
        raise StudioError("There is nothing to split here.", "Put the playhead within the take.")
    return (Stretch(take, 0.0, at),), (Stretch(take, at, take.seconds),)


def in_a_row(takes: Sequence[Take]) -> tuple[Stretch, ...]:
    """Return takes of a line one behind the other, by their numbers.

    Raises:
        StudioError: they are of different lines.
    """
    if len({take.line_id for take in takes}) > 1:
        raise StudioError(
            "These takes are of different lines.",
            "Choose takes of one line; an export of the script puts lines in a row.",
        )
    ordered = sorted(takes, key=lambda take: take.number)
    return tuple(Stretch(take, 0.0, take.seconds) for take in ordered)


def with_words_of(take: Take, begin: float, end: float, other: Take) -> tuple[Stretch, ...]:
    """Return a take in which what is heard from `begin` to `end` is heard as another take says it.

    Raises:
        StudioError: no word is heard there, or the other take doesn't have those words.
    """
    inside = [w for w in take.words if w.begins < end and begin < w.ends]
    if not inside:
        raise StudioError("No word is heard there.", "Select at least one word.")
    first, last = inside[0], inside[-1]
    starts = {word.start: word for word in other.words}
    if other.text != take.text or first.start not in starts or last.start not in starts:
        raise StudioError(
            "The other take doesn't have these words.", "Choose a take of the same text."
        )
    from_there = starts[first.start].begins, starts[last.start].ends
    parts = (
        Stretch(take, 0.0, first.begins),
        Stretch(other, *from_there),
        Stretch(take, last.ends, take.seconds),
    )
    return tuple(part for part in parts if part.end - part.begin > 0.005)


def join(
    library: Library, label: str, *joined: Sequence[Stretch], stands: bool = True
) -> list[Take]:
    """Join stretches of takes, as takes of the line of the first one; one step of the undo stack.

    Args:
        label: what the undo menu says.
        joined: the stretches of each take.
        stands: whether the last one stands for its line.

    Raises:
        StudioError: a file can't be read, or the disk is full.
    """
    with tempfile.TemporaryDirectory(prefix="ditar-takes-") as folder:
        made = [
            _written(stretches, Path(folder) / f"{number}.wav")
            for number, stretches in enumerate(joined)
        ]
        return library.takes.add_joined(label, made, stands=stands).value


def _written(stretches: Sequence[Stretch], path: Path) -> JoinedTake:
    clips = [read_sound(each.take.path, each.take.edit) for each in stretches]
    rate = max(clip.sample_rate for clip in clips)
    at = 0.0
    parts: list[Part] = []
    words: list[SpokenWord] = []
    with StreamingWavWriter(path, rate, "FLOAT", comment=mark()) as writer:
        for each, clip in zip(stretches, clips, strict=True):
            writer.append(np.asarray(clip.resample(rate).samples, np.float32))
            end = min(each.end, clip.seconds)
            parts.append(Part(at + each.begin, at + end))
            if each.take.text == stretches[0].take.text:  # else its words are of another one
                words += [
                    replace(word, begins=at + word.begins, ends=at + word.ends)
                    for word in each.take.words
                ]
            at += clip.seconds
    return JoinedTake(stretches[0].take.id, path, at, TakeEdit(tuple(parts)), tuple(words))
