"""Augmentation keeps the speech and changes the recording."""

from __future__ import annotations

import numpy as np
import pytest

from ditar_studio.training.augment import add_noise, cut_gaps, equalise

RATE = 24_000


def speech_like(rows: int = 2) -> np.ndarray:
    time = np.arange(RATE) / RATE
    return np.stack([np.sin(2 * np.pi * 150 * (k + 1) * time) for k in range(rows)]).astype("f4")


def decibels(ratio: float) -> float:
    return 20 * float(np.log10(ratio))


def test_equalising_changes_a_tone_by_at_most_six_decibels_and_rows_alike() -> None:
    wave = np.repeat(speech_like(1), 2, axis=0)
    seen = []
    for seed in range(8):
        out = equalise(wave, RATE, np.random.RandomState(seed))
        assert out.shape == wave.shape
        assert out.dtype == np.float32
        np.testing.assert_array_equal(out[0], out[1])
        seen.append(decibels(out[0].std() / wave[0].std()))
    assert max(map(abs, seen)) <= 6.1
    assert max(seen) - min(seen) > 2


def test_noise_stays_twelve_to_forty_five_decibels_below_the_speech() -> None:
    wave = speech_like(16)
    noise = add_noise(wave, np.random.RandomState(0)) - wave
    below = [decibels(s.std() / n.std()) for s, n in zip(wave, noise, strict=True)]
    assert min(below) >= 11.9
    assert max(below) <= 45.1
    assert max(below) - min(below) > 5


def test_gaps_are_short_and_leave_the_rest() -> None:
    wave = np.ones((4, RATE), np.float32)
    out = cut_gaps(wave, RATE, np.random.RandomState(0))
    silent = (out == 0).sum(axis=1)
    assert silent.max() <= 2 * 0.12 * RATE
    assert silent.max() > 0
    assert (wave == 1).all()


@pytest.mark.parametrize("vary", [lambda w, r: equalise(w, RATE, r), add_noise])
def test_the_same_seed_gives_the_same_variant(vary) -> None:  # type: ignore[no-untyped-def]
    wave = speech_like()
    first, second = (vary(wave, np.random.RandomState(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
