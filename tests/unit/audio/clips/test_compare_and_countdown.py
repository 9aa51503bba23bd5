from __future__ import annotations

import random

import numpy as np
import pytest

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.compare import compare
from ditar_studio.audio.clips.loudness import loudness
from ditar_studio.audio.devices.countdown import Countdown
from ditar_studio.errors import StudioError

RATE = 24000


def noise(level: float, seconds: float) -> Clip:
    rng = np.random.default_rng(0)
    return Clip((level * rng.standard_normal(round(seconds * RATE))).astype(np.float32), RATE)


def test_both_sides_are_as_loud_as_the_quieter_take():
    loud, quiet = noise(0.2, 2.0), noise(0.02, 3.0)
    comparison = compare(loud, quiet)
    assert loudness(comparison.a) == pytest.approx(loudness(quiet), abs=0.05)
    assert np.array_equal(comparison.b.samples, quiet.samples)
    assert (comparison.original("A"), comparison.original("B")) == (0, 1)


def test_blind_means_either_order_and_the_truth_can_be_reported():
    first, second = noise(0.1, 1.0), noise(0.1, 2.0)
    seen = set()
    for seed in range(20):
        comparison = compare(first, second, blind=True, chance=random.Random(seed))
        seen.add(comparison.swapped)
        for side in ("A", "B"):
            lengths = (first.seconds, second.seconds)
            assert comparison.clip(side).seconds == lengths[comparison.original(side)]
    assert seen == {True, False}
    assert not compare(first, second, chance=random.Random(1)).swapped


def test_switching_goes_on_at_the_same_share_of_the_line():
    comparison = compare(noise(0.1, 2.0), noise(0.1, 3.0))
    assert comparison.position_on("B", 1.0) == pytest.approx(1.5)
    assert comparison.position_on("A", 99.0) == pytest.approx(2.0)
    empty = Clip(np.zeros(0, np.float32), RATE)
    assert compare(empty, noise(0.1, 1.0)).position_on("B", 0.5) == 0.0


def test_a_countdown_shows_each_number_for_a_second():
    countdown = Countdown(begun=100.0, seconds=3)
    shown = [countdown.number(100.0 + tenth / 10 + 0.05) for tenth in range(32)]
    assert shown == [3] * 10 + [2] * 10 + [1] * 10 + [0] * 2
    assert not countdown.ended(102.99)
    assert countdown.ended(103.0)


def test_no_countdown_is_over_at_once_and_an_endless_one_is_refused():
    assert Countdown(begun=5.0, seconds=0).ended(5.0)
    with pytest.raises(StudioError):
        Countdown(begun=0.0, seconds=60)
