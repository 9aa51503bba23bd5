"""The best stretch of a long recording to clone a voice from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ditar_studio.audio.clips.clip import Clip

SHORTEST, LONGEST, WANTED = 10.0, 30.0, 16.0
"""Seconds of a stretch: at least, at most, and what is best."""

_FRAME_SECONDS = 0.02
_PAUSE_SECONDS = 0.3
_EDGE_SECONDS = 0.1
_STEPS = 6
"""So many ends are tried from each beginning."""


@dataclass(frozen=True)
class Stretch:
    """A stretch from `start` to `end`, in seconds."""

    start: float
    end: float


def best_part(clip: Clip) -> Stretch | None:
    """Find 10 to 30 seconds of clear, even, gapless speech that begin and end at a pause.

    Among all stretches from one pause to another the one is best that is spoken most of its time,
    stands highest above the noise, is neither clipped nor of changing loudness, and is about as
    long as the models like it.

    Returns:
        The stretch; None where the clip is no longer than `LONGEST` anyway, or has no speech.
    """
    if clip.seconds <= LONGEST:
        return None
    size = max(1, round(_FRAME_SECONDS * clip.sample_rate))
    frames = clip.samples[: len(clip.samples) // size * size].reshape(-1, size)
    levels = 10.0 * np.log10(np.square(frames, dtype=np.float64).mean(axis=1) + 1e-10)
    clipped = (np.abs(frames) >= 0.999).sum(axis=1) >= 3
    noise, loud = np.percentile(levels, [10, 95])
    threshold = max(noise + max(6.0, 0.4 * (loud - noise)), -55.0)
    spoken = levels > threshold
    if not spoken.any():
        return None
    pauses = _pauses(spoken)
    if len(pauses) < 2:
        middle = int(np.flatnonzero(spoken)[0]) * _FRAME_SECONDS
        return Stretch(middle, min(clip.seconds, middle + WANTED))
    total = np.concatenate([[0], np.cumsum(spoken)])
    flat = np.concatenate([[0], np.cumsum(clipped)])
    best: tuple[float, Stretch] | None = None
    for begin in pauses:
        for wanted in np.linspace(SHORTEST, LONGEST, _STEPS):
            place = np.searchsorted(pauses, begin + wanted / _FRAME_SECONDS)
            if place >= len(pauses):
                continue
            end = pauses[place]
            seconds = (end - begin) * _FRAME_SECONDS
            if not SHORTEST <= seconds <= LONGEST:
                continue
            heard = levels[begin:end][spoken[begin:end]]
            between = levels[begin:end][~spoken[begin:end]]
            quiet = float(np.percentile(between, 75)) if len(between) else float(noise)
            if not len(heard):
                continue
            score = (
                4.0 * (total[end] - total[begin]) / (end - begin)
                + 0.04 * min(40.0, float(heard.mean()) - quiet)
                - 0.05 * float(heard.std())
                - 0.2 * min(10, flat[end] - flat[begin])
                - 0.03 * abs(seconds - WANTED)
            )
            stretch = Stretch(
                max(0.0, int(begin) * _FRAME_SECONDS - _EDGE_SECONDS),
                min(clip.seconds, int(end) * _FRAME_SECONDS + _EDGE_SECONDS),
            )
            if best is None or score > best[0]:
                best = (score, stretch)
    return best[1] if best else Stretch(0.0, WANTED)


def _pauses(spoken: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return frames in the middle of the pauses, and the ends of the clip."""
    edges = np.diff(np.concatenate([[0], (~spoken).astype(np.int8), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    long = ends - starts >= round(_PAUSE_SECONDS / _FRAME_SECONDS)
    middles = (starts[long] + ends[long]) // 2
    return np.unique(np.concatenate([[0], middles, [len(spoken)]])).astype(np.int64)
