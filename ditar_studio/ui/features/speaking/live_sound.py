"""Sound on its way from the model into the player, while it is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ditar_studio.ui.features.player.playback import Feed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ditar_studio.audio.clips.speed import Stretcher


@dataclass(frozen=True, eq=False)
class SoundFed:
    """Sound [n] that was given to the player just now."""

    samples: NDArray[np.float32]


class LiveSound:
    """Gives sound to the player at once, at the project's speed: as it will be exported."""

    def __init__(self, feed: Feed, sample_rate: int, speed: float) -> None:
        self.feed = feed
        self._rate = sample_rate
        self._speed = speed
        self._stretcher: Stretcher | None = None

    def add(self, samples: NDArray[np.float32], take_id: str | None) -> Iterator[SoundFed]:
        """Play sound [n] of a take, or of the pause between two (None)."""
        if take_id is None or self._speed == 1.0:
            yield from self._feed(samples)
            return
        if self._stretcher is None:
            from ditar_studio.audio.clips.speed import Stretcher

            self._stretcher = Stretcher(self._rate, self._speed)
        yield from self._feed(self._stretcher.feed(samples))

    def end_take(self) -> Iterator[SoundFed]:
        """Note that the take at work is complete."""
        if self._stretcher is not None:
            stretcher, self._stretcher = self._stretcher, None
            yield from self._feed(stretcher.finish())

    def _feed(self, samples: NDArray[np.float32]) -> Iterator[SoundFed]:
        if len(samples):
            self.feed.feed(samples)
            yield SoundFed(samples)
