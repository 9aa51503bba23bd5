"""Events of a fine-tuning, and the control to pause and cancel it.

TuningProgress*, at the end exactly one of VoiceTuned, InstantKept and TuningCancelled.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ditar_studio.inference.voice_file import TunedVoice

Level = Literal["quick", "thorough"]
"""How much time is taken: a quarter of a minute on two cores, or minutes."""


@dataclass(frozen=True)
class TuningProgress:
    """How far it is.

    Attributes:
        fraction: share that is done, 0..1.
        remaining: seconds, as measured so far; None while nothing is known.
    """

    fraction: float
    remaining: float | None


@dataclass(frozen=True, eq=False)
class VoiceTuned:
    """The voice is closer now; the last event."""

    adapter: TunedVoice


@dataclass(frozen=True)
class InstantKept:
    """The voice was not made better; the last event.

    Attributes:
        reason: in a sentence.
        before, after: as in `AdapterCard`; of what came closest.
    """

    reason: str
    before: dict[str, float]
    after: dict[str, float]


@dataclass(frozen=True)
class TuningCancelled:
    """The last event of a fine-tuning that was cancelled."""


TuningEvent = TuningProgress | VoiceTuned | InstantKept | TuningCancelled


class TuningControl:
    """Lets another thread pause, resume and cancel a tuning."""

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self._going = threading.Event()
        self._going.set()

    def cancel(self) -> None:
        """End it, also while it is paused."""
        self.cancelled.set()
        self._going.set()

    def pause(self) -> None:
        """Make it wait after the step that it is at."""
        if not self.cancelled.is_set():
            self._going.clear()

    def resume(self) -> None:
        """End a pause."""
        self._going.set()

    def wait(self) -> None:
        """Wait while it is paused."""
        self._going.wait()
