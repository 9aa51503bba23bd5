from __future__ import annotations

import itertools
import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ditar_studio.audio.analysis.peaks import Peaks


@settings(max_examples=60, deadline=None)
@given(
    parts=st.lists(st.integers(0, 3000), min_size=1, max_size=6),
    window=st.tuples(st.floats(-0.2, 1.2), st.floats(0.01, 1.0)),
    pixels=st.integers(1, 300),
    seed=st.integers(0, 1000),
)
def test_a_pixel_holds_the_extremes_of_its_samples_and_little_more(parts, window, pixels, seed):
    rng = np.random.default_rng(seed)
    peaks = Peaks(1000)
    pieces = [rng.uniform(-1, 1, n).astype(np.float32) for n in parts]
    for piece in pieces:
        peaks.append(piece)
    sound = np.concatenate(pieces)
    assert len(peaks) == len(sound)
    start = window[0] * peaks.seconds
    end = start + window[1] * max(peaks.seconds, 0.01)
    got = peaks.query(start, end, pixels)
    assert got.shape == (pixels, 2)
    edges = np.linspace(start * 1000, end * 1000, pixels + 1)
    width = edges[1] - edges[0]
    for column, (left, right) in zip(got, itertools.pairwise(edges), strict=True):
        first, last = max(0, int(np.floor(left))), int(np.ceil(right))
        inner = sound[max(0, int(np.ceil(left))) : max(0, int(np.floor(right)))]
        if len(inner):
            assert column[0] <= inner.min()
            assert column[1] >= inner.max()
        margin = int(width) + 2
        outer = sound[max(0, first - margin) : max(0, last + margin)]
        if len(outer):
            assert column[0] >= min(0, outer.min())
            assert column[1] <= max(0, outer.max())
        else:
            assert not column.any()


def test_zoomed_in_to_single_samples_it_shows_them():
    sound = np.array([0.1, -0.2, 0.3, -0.4], np.float32)
    got = Peaks(4, sound).query(0.0, 1.0, 4)
    assert np.array_equal(got[:, 0], sound)
    assert np.array_equal(got[:, 1], sound)


def test_outside_the_sound_there_is_silence():
    peaks = Peaks(100, np.ones(100, np.float32))
    assert not peaks.query(1.5, 2.5, 10).any()
    assert not peaks.query(-2.0, -1.0, 10).any()
    assert not Peaks(100).query(0.0, 1.0, 10).any()


def test_drawing_ten_minutes_costs_little_more_than_drawing_ten_seconds():
    rng = np.random.default_rng(0)
    peaks = Peaks(24000)
    for _ in range(60):
        peaks.append(rng.standard_normal(240000, np.float32))

    def cost(seconds: float) -> float:
        best = 1.0
        for _ in range(5):
            begun = time.thread_time()
            peaks.query(0.0, seconds, 1000)
            best = min(best, time.thread_time() - begun)
        return best

    assert cost(600.0) < 20 * cost(10.0)
    assert cost(600.0) < 0.02
