"""Stretches of speech made faster, slower, louder or softer within the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.speed import stretch

Samples = npt.NDArray[np.float32]

_JOIN_SECONDS = 0.010


@dataclass(frozen=True)
class Region:
    """A stretch of speech, in seconds, and how it is changed.

    Attributes:
        speed: 2.0 is twice as fast.
        gain_db: louder above 0.
    """

    begin: float
    end: float
    speed: float = 1.0
    gain_db: float = 0.0


@dataclass(frozen=True)
class Timing:
    """A map from moments of the speech before to those of the changed speech.

    Attributes:
        before, after: moments that belong together, in seconds and in order; what is between is
            shared out evenly.
    """

    before: tuple[float, ...]
    after: tuple[float, ...]

    def at(self, seconds: float) -> float:
        """Return the place of a moment."""
        return float(np.interp(seconds, self.before, self.after))


def shape(clip: Clip, regions: Sequence[Region]) -> tuple[Clip, Timing]:
    """Change regions of speech; what is between them stays as it is.

    Args:
        regions: in their order; they don't overlap.
    """
    rate, samples = clip.sample_rate, clip.samples
    join = round(_JOIN_SECONDS * rate)
    made = np.zeros(0, np.float32)
    before, after = [0.0], [0.0]
    done = 0
    for region in regions:
        begin = min(len(samples), max(done, round(region.begin * rate)))
        end = min(len(samples), round(region.end * rate))
        if end <= begin:
            continue
        made = _joined(made, samples[done:begin], 0)
        before.append(begin / rate)
        after.append(len(made) / rate)
        tail = min(join, len(samples) - end)
        changed = stretch(Clip(samples[begin : end + tail], rate), region.speed).samples
        overlap = len(changed) - round((end - begin) / region.speed)
        made = np.concatenate([made, changed * _gain(len(changed), region.gain_db, join)])
        before.append(end / rate)
        after.append((len(made) - overlap) / rate)
        # The tail is what follows anyway: it turns into that.
        made = _joined(made, samples[end:], min(overlap, len(samples) - end), upto=overlap)
        done = min(len(samples), end + overlap)
    made = _joined(made, samples[done:], 0)
    before.append(max(before[-1], len(samples) / rate))
    after.append(max(after[-1], len(made) / rate))
    return Clip(made, rate), Timing(tuple(before), tuple(after))


def _joined(made: Samples, following: Samples, overlap: int, upto: int | None = None) -> Samples:
    """Join samples with what follows them, `overlap` of both turning one into the other."""
    following = following if upto is None else following[:upto]
    if not overlap:
        return np.concatenate([made, following]) if upto is None else made
    ramp = np.linspace(0.0, 1.0, overlap, dtype=np.float32)
    mixed = made.copy()
    mixed[-overlap:] = made[-overlap:] * (1 - ramp) + following[:overlap] * ramp
    return mixed


def _gain(count: int, gain_db: float, join: int) -> Samples:
    """Return a gain over so many samples, which comes and goes over `join` of them."""
    curve = np.full(count, 10 ** (gain_db / 20), np.float32)
    edge = min(join, count // 2)
    if edge and gain_db:
        ramp = np.linspace(0.0, 1.0, edge, dtype=np.float32)
        curve[:edge] = 1 + (curve[0] - 1) * ramp
        curve[count - edge :] = 1 + (curve[-1] - 1) * ramp[::-1]
    return curve
