"""Two takes side by side: equally loud, switched at the same moment, and blind if wanted."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.loudness import matching_gains

Side = Literal["A", "B"]


@dataclass(frozen=True)
class Comparison:
    """Two clips under the letters A and B.

    Attributes:
        a, b: the clips, as loud as the quieter of the two, so that louder does not win by being
            louder.
        swapped: whether A is the second of the two that were given; a blind listener must not see
            it.
    """

    a: Clip
    b: Clip
    swapped: bool

    def clip(self, side: Side) -> Clip:
        """Return the clip that a letter stands for."""
        return self.a if side == "A" else self.b

    def position_on(self, side: Side, seconds: float) -> float:
        """Return where to go on in a clip after listening to the other one up to `seconds`.

        The same share of the whole, since two readings of a line say the same words at about the
        same share of their length.
        """
        other = self.b if side == "A" else self.a
        if other.seconds == 0:
            return 0.0
        return min(1.0, max(0.0, seconds / other.seconds)) * self.clip(side).seconds

    def shuffled(self, blind: bool, chance: random.Random | None = None) -> Comparison:
        """Return the same two clips, if `blind` in an order left to chance, otherwise the first as
        A.
        """
        first, second = (self.b, self.a) if self.swapped else (self.a, self.b)
        if blind and (chance or random.Random()).random() < 0.5:
            return Comparison(second, first, swapped=True)
        return Comparison(first, second, swapped=False)

    def original(self, side: Side) -> Literal[0, 1]:
        """Return which of the two that were given is under a letter: the first (0) or the second
        (1).
        """
        return 1 if (side == "A") == self.swapped else 0


def compare(
    first: Clip, second: Clip, blind: bool = False, chance: random.Random | None = None
) -> Comparison:
    """Prepare two clips for comparison.

    Args:
        first, second: the sounds of two takes.
        blind: put them under A and B in an order left to chance.
        chance: where the chance comes from.
    """
    gains = matching_gains([first, second])
    clips = [
        Clip(clip.samples * np.float32(gain), clip.sample_rate)
        for clip, gain in zip((first, second), gains, strict=True)
    ]
    return Comparison(clips[0], clips[1], swapped=False).shuffled(blind, chance)
