from __future__ import annotations

import numpy as np
import pytest

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.speed import Stretcher, stretch
from ditar_studio.errors import StudioError

RATE = 24000


def voice(hertz: float, seconds: float = 2.0) -> Clip:
    """A buzz of many harmonics under two slow formants: what a vowel looks like."""
    times = np.arange(round(seconds * RATE)) / RATE
    wave = sum(
        np.sin(2 * np.pi * hertz * k * times + k * k) * np.exp(-((hertz * k - 700) ** 2) / 4e5)
        for k in range(1, int(5000 / hertz))
    )
    return Clip((0.3 * wave / np.abs(wave).max()).astype(np.float32), RATE)


def pitch(clip: Clip) -> float:
    middle = clip.samples[len(clip.samples) // 4 : len(clip.samples) * 3 // 4].astype(np.float64)
    size = 1 << 18
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), size)) ** 2
    likeness = np.fft.irfft(spectrum)
    low, high = RATE // 400, RATE // 60
    near = np.flatnonzero(likeness[low:high] > 0.9 * likeness[low:high].max())
    first = near[near < near[0] + 20]  # the shortest period, not twice or thrice as long a one
    return RATE / (low + int(first[np.argmax(likeness[low + first])]))


@pytest.mark.parametrize("speed", [0.25, 0.5, 0.75, 0.9, 1.1, 1.5, 2.0, 4.0])
@pytest.mark.parametrize("hertz", [90.0, 210.0])
def test_duration_follows_the_speed_and_pitch_and_level_stay(speed, hertz):
    clip = voice(hertz)
    changed = stretch(clip, speed)
    assert len(changed.samples) == round(len(clip.samples) / speed)
    assert pitch(changed) == pytest.approx(pitch(clip), rel=0.01)
    assert changed.rms == pytest.approx(clip.rms, rel=0.05)


@pytest.mark.parametrize("speed", [0.25, 0.5, 0.8, 1.25, 2.0, 4.0])
def test_a_steady_voice_stays_smooth(speed):
    """Misplaced windows beat against each other; a steady vowel shows it in its envelope."""
    changed = stretch(voice(120.0), speed).samples
    frames = changed[RATE // 8 : -RATE // 8]
    frames = frames[: len(frames) // 1200 * 1200].reshape(-1, 1200)
    levels = np.sqrt(np.square(frames).mean(axis=1))
    assert levels.std() / levels.mean() < 0.03


@pytest.mark.parametrize("speed", [0.25, 0.5, 0.8, 1.3, 2.0, 4.0])
def test_what_is_said_when_scales_with_the_speed(speed):
    rng = np.random.default_rng(0)
    sound = np.zeros(3 * RATE, np.float32)
    for second in (0.5, 1.25, 2.4):
        at = round(second * RATE)
        sound[at : at + 1200] = 0.5 * rng.standard_normal(1200)
    changed = np.abs(stretch(Clip(sound, RATE), speed).samples)
    for second in (0.5, 1.25, 2.4):
        around = round((second + 0.025) / speed * RATE)
        window = changed[around - 1200 : around + 1200]
        assert window.max() > 0.2
    assert changed[: round(0.45 / speed * RATE) - 600].max() < 0.01


def test_speed_one_changes_nothing_and_impossible_speeds_are_refused():
    clip = voice(100.0, 0.5)
    assert stretch(clip, 1.0) is clip
    for speed in (0.2, 4.1):
        with pytest.raises(StudioError, match="not possible"):
            stretch(clip, speed)


@pytest.mark.parametrize("length", [0, 1, 100, 1500])
@pytest.mark.parametrize("speed", [0.25, 0.5, 2.0, 4.0])
def test_even_the_shortest_clips_have_the_right_length(length, speed):
    clip = Clip(np.full(length, 0.1, np.float32), RATE)
    assert len(stretch(clip, speed).samples) == (max(1, round(length / speed)) if length else 0)


@pytest.mark.parametrize("speed", [0.25, 0.5, 0.83, 1.3, 2.0, 4.0])
@pytest.mark.parametrize("piece", [1, 777, 2400, 50_000])
def test_speech_that_comes_in_pieces_becomes_the_same(speed, piece):
    clip = voice(130.0, 0.5 if piece == 1 else 1.7)
    stretcher = Stretcher(RATE, speed)
    parts = [
        stretcher.feed(clip.samples[at : at + piece]) for at in range(0, len(clip.samples), piece)
    ]
    parts.append(stretcher.finish())
    assert np.array_equal(np.concatenate(parts), stretch(clip, speed).samples)


def test_what_comes_out_lags_little():
    stretcher = Stretcher(RATE, 1.25)
    given = sum(len(stretcher.feed(np.ones(2400, np.float32))) for _ in range(10))
    assert 10 * 2400 / 1.25 - given < 0.06 * RATE
