"""The countdown before a recording: what to show when, without a timer of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ditar_studio.errors import StudioError


@dataclass(frozen=True)
class Countdown:
    """Counts down from a moment on.

    The microphone should be opened (`Recorder.monitor`) when the countdown begins, so that
    recording starts at zero and not after the device has been opened.

    Attributes:
        begun: the moment, in seconds of a monotonic clock.
        seconds: how long; 0 for none.
    """

    begun: float
    seconds: int = 3

    def __post_init__(self) -> None:
        if not 0 <= self.seconds <= 10:
            raise StudioError(
                f"A countdown of {self.seconds} seconds is not possible.", "Choose 0 to 10 seconds."
            )

    def number(self, now: float) -> int:
        """Return the number to show: `seconds` at first, 1 in the last second, 0 when it
        is over.
        """
        return max(0, min(self.seconds, math.ceil(self.begun + self.seconds - now)))

    def ended(self, now: float) -> bool:
        """Return whether to start recording."""
        return now >= self.begun + self.seconds
