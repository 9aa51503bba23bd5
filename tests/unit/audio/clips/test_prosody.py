"""Stretches of speech that are made faster, slower, louder or softer."""

from __future__ import annotations

import numpy as np
import pytest

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.prosody import Region, shape

RATE = 24000


def tone(seconds: float = 3.0) -> Clip:
    time = np.arange(round(seconds * RATE)) / RATE
    return Clip((0.2 * np.sin(2 * np.pi * 150 * time)).astype(np.float32), RATE)


def test_nothing_to_change_changes_nothing() -> None:
    clip, timing = shape(tone(), [])
    assert np.array_equal(clip.samples, tone().samples)
    assert timing.at(1.7) == pytest.approx(1.7)


def test_a_region_is_stretched_and_the_rest_kept() -> None:
    clip, timing = shape(tone(), [Region(1.0, 2.0, speed=0.5)])
    assert clip.seconds == pytest.approx(4.0, abs=0.001)
    assert np.array_equal(clip.samples[:RATE], tone().samples[:RATE])
    assert np.array_equal(clip.samples[-RATE // 2 :], tone().samples[-RATE // 2 :])
    assert [timing.at(t) for t in (0.5, 1.0, 1.5, 2.0, 3.0)] == pytest.approx(
        [0.5, 1.0, 2.0, 3.0, 4.0], abs=0.001
    )
    assert np.abs(np.diff(clip.samples)).max() < 0.2 * 2 * np.pi * 150 / RATE * 2.5  # no click


def test_a_region_is_louder_without_a_click() -> None:
    clip, _timing = shape(tone(), [Region(1.0, 2.0, gain_db=6.0), Region(2.0, 2.5, gain_db=-6.0)])
    assert clip.seconds == pytest.approx(3.0, abs=0.001)

    def level(begin: float, end: float) -> float:
        return float(np.abs(clip.samples[round(begin * RATE) : round(end * RATE)]).max())

    assert level(0.2, 0.9) == pytest.approx(0.2, rel=0.02)
    assert level(1.1, 1.9) == pytest.approx(0.4, rel=0.02)
    assert level(2.1, 2.4) == pytest.approx(0.1, rel=0.03)
    assert level(2.6, 3.0) == pytest.approx(0.2, rel=0.02)
    assert np.abs(np.diff(clip.samples)).max() < 0.4 * 2 * np.pi * 150 / RATE * 1.5


def test_regions_at_the_ends_and_empty_ones() -> None:
    clip, timing = shape(tone(), [Region(0.0, 1.0, 2.0), Region(1.5, 1.5, 2.0), Region(2, 3, 2.0)])
    assert clip.seconds == pytest.approx(2.0, abs=0.01)
    assert timing.at(3.0) == pytest.approx(2.0, abs=0.01)
    whole, _ = shape(tone(), [Region(0.0, 9.0, 0.5)])
    assert whole.seconds == pytest.approx(6.0, abs=0.001)
    assert not len(shape(Clip(np.zeros(0, np.float32), RATE), [Region(0, 1, 2.0)])[0].samples)
