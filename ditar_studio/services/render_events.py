"""Events of speaking the lines of a script; see `render`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ditar_studio.engine.events import (
    GenerationStats,
)
from ditar_studio.store.spoken_word import SpokenWord

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ditar_studio.store.take import Take


@dataclass(frozen=True)
class RenderStarted:
    """Speaking has begun: `takes` takes are to be made, at a sample rate in Hz."""

    takes: int
    sample_rate: int


@dataclass(frozen=True)
class TakeStarted:
    """A take is about to be made; `number` counts from 0."""

    take: Take
    number: int


@dataclass(frozen=True, eq=False)
class SoundReady:
    """Sound to play, float32 [n].

    Args:
        take_id: the take it belongs to; None for the pause between two lines.
        at_seconds: where it begins in its take.
    """

    samples: NDArray[np.float32]
    take_id: str | None
    at_seconds: float


@dataclass(frozen=True)
class RenderProgress:
    """The progress of all lines.

    Args:
        fraction: of the whole, 0..1; never falling unless lines are added to the queue.
        seconds: of sound made for the take at work.
        rtf: time to make / length of what was made, of the take at work.
        number: of the take at work, from 1, of `total`.
        seconds_left: until all is made, as far as that can be told.
    """

    take_id: str
    fraction: float
    seconds: float
    rtf: float
    number: int = 1
    total: int = 1
    seconds_left: float | None = None


@dataclass(frozen=True)
class WordHeard:
    """When a word of a take is heard, soon after its sound was made."""

    take: Take
    word: SpokenWord


@dataclass(frozen=True)
class RenderWarned:
    """Something that the user should know about a line; speaking goes on."""

    line_id: str
    message: str
    remedy: str


@dataclass(frozen=True)
class TakeDone:
    """A take is complete, or partial if it was stopped or failed."""

    take: Take
    stats: GenerationStats | None


@dataclass(frozen=True)
class LineFailed:
    """A line could not be spoken to its end; the next one follows."""

    line_id: str
    message: str
    remedy: str


@dataclass(frozen=True)
class RenderDone:
    """Nothing more comes.

    Args:
        takes: ids of those made, in order, partial ones included.
        failed: ids of the lines that failed.
        cancelled: whether the user stopped it.
    """

    takes: tuple[str, ...]
    failed: tuple[str, ...]
    cancelled: bool


RenderEvent = (
    RenderStarted
    | TakeStarted
    | SoundReady
    | RenderProgress
    | WordHeard
    | RenderWarned
    | TakeDone
    | LineFailed
    | RenderDone
)
