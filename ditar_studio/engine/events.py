"""Events of a generation, in the order in which they happen.

    Started, perhaps a Warned, then per line: LineStarted,
    (PatchReady, Progress | WordSpoken | SentenceVerified | Warned)*, LineDone; at the end exactly
    one of Done, Cancelled or Failed.

The concatenation of all `PatchReady.samples` is the whole result, pauses included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ditar_studio.engine.speech_model import Verification
    from ditar_studio.text.word_spans import Span

LineEnd = Literal["stopped", "too_long", "repeated", "silent", "cancelled"]
"""Why a line ended: the model said so, the length limit, a loop, a fall into silence, the user."""


@dataclass(frozen=True)
class GenerationStats:
    """The cost of a generation.

    Attributes:
        seconds: of sound made, pauses included.
        elapsed: seconds of wall-clock time, without the time that the receiver of events spent.
        rtf: elapsed / seconds of speech; below 1 is faster than real time.
        first_patch_seconds: time from the request to the first sound.
        patches: patches made.
    """

    seconds: float
    elapsed: float
    rtf: float
    first_patch_seconds: float
    patches: int


@dataclass(frozen=True)
class Started:
    """Generation has begun.

    Attributes:
        sample_rate: of all samples that follow, in Hz.
        lines: how many lines there are.
    """

    sample_rate: int
    lines: int


@dataclass(frozen=True)
class LineStarted:
    """A line is about to be spoken."""

    index: int
    text: str


@dataclass(frozen=True, eq=False)
class PatchReady:
    """Samples to play and to keep.

    Attributes:
        samples: float32 [n]; a patch, a tail or an inserted pause.
        line: index of the line they belong to.
        at_seconds: where they begin in the whole result.
    """

    samples: NDArray[np.float32]
    line: int
    at_seconds: float


@dataclass(frozen=True)
class Progress:
    """The progress of a generation.

    Attributes:
        line: index of the line at work.
        fraction: of the whole request, 0..1, never falling; an estimate by the text's length.
        generated_seconds: of sound so far.
        rtf: real-time factor so far.
    """

    line: int
    fraction: float
    generated_seconds: float
    rtf: float


@dataclass(frozen=True)
class WordSpoken:
    """A word has been given out; only of models that know where they are in the text.

    Words of a line come in order, each soon after its sound. One that is said again, because it
    was lost in a silence, comes again.

    Attributes:
        line: index of its line.
        start, end: its first character in the line's text, and the one after its last.
        at_seconds: where it begins in the whole result.
        seconds: how long it takes.
    """

    line: int
    start: int
    end: int
    at_seconds: float
    seconds: float


@dataclass(frozen=True)
class SentenceVerified:
    """The model has recognised a sentence that was given out; only where settings ask for it.

    Attributes:
        line: index of its line.
        text: of the sentence.
        verification: what was recognised in it.
        candidates: how many attempts it is the best of.
        differing: words that differ from the text (see `Verification`), by their characters in the
            line.
    """

    line: int
    text: str
    verification: Verification
    candidates: int
    differing: tuple[Span, ...] = ()


@dataclass(frozen=True)
class LineDone:
    """A line is complete.

    Attributes:
        index: number of the line, from 0.
        seconds: of speech in it, pauses between its sentences included, the pause after it not.
        reason: why it ended; anything but "stopped" came with a warning.
    """

    index: int
    seconds: float
    reason: LineEnd


@dataclass(frozen=True)
class Warned:
    """Something that the user should know; generation goes on.

    Attributes:
        doubts_words: whether it says of a sentence what its `SentenceVerified` shows.
    """

    message: str
    remedy: str = ""
    doubts_words: bool = False


@dataclass(frozen=True)
class Done:
    """Everything was spoken."""

    stats: GenerationStats


@dataclass(frozen=True)
class Cancelled:
    """The user stopped it; what was made so far stands."""

    stats: GenerationStats


@dataclass(frozen=True)
class Failed:
    """A generation that could not go on; what was made so far is kept."""

    message: str
    remedy: str = ""


Event = (
    Started
    | LineStarted
    | PatchReady
    | Progress
    | WordSpoken
    | SentenceVerified
    | LineDone
    | Warned
    | Done
    | Cancelled
    | Failed
)
