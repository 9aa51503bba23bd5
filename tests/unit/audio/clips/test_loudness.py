from __future__ import annotations

import math

import numpy as np
import pytest

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.loudness import gain_to, loudness, matching_gains, normalise


def tone(level_db: float, seconds: float = 5.0, rate: int = 48000, hertz: float = 997.0) -> Clip:
    times = np.arange(round(seconds * rate)) / rate
    wave = 10 ** (level_db / 20) * np.sin(2 * np.pi * hertz * times)
    return Clip(wave.astype(np.float32), rate)


@pytest.mark.parametrize("rate", [24000, 44100, 48000])
def test_a_full_scale_997_hertz_sine_reads_minus_3_01(rate):
    # The calibration given in ITU-R BS.1770-4.
    assert loudness(tone(0.0, rate=rate)) == pytest.approx(-3.01, abs=0.05)


def test_bass_counts_less_and_treble_more():
    middle = loudness(tone(-20.0))
    assert loudness(tone(-20.0, hertz=30.0)) < middle - 5
    assert loudness(tone(-20.0, hertz=8000.0)) == pytest.approx(middle + 3.3, abs=0.3)


def test_pauses_do_not_lower_the_loudness():
    # A case of EBU Tech 3341: quiet parts are gated away.
    loud, quiet = tone(-23.0, 10.0), tone(-60.0, 10.0)
    both = Clip(np.concatenate([quiet.samples, loud.samples, quiet.samples]), 48000)
    assert loudness(both) == pytest.approx(loudness(loud), abs=0.15)


def test_normalising_reaches_the_target_or_stops_at_the_ceiling():
    assert loudness(normalise(tone(-40.0), -23.0)) == pytest.approx(-23.0, abs=0.01)
    peaky = np.zeros(48000, np.float32)
    peaky[::4800] = 0.5
    limited = normalise(Clip(peaky, 48000), -10.0, ceiling_db=-1.0)
    assert limited.peak == pytest.approx(10 ** (-1 / 20), rel=1e-5)


def test_silence_and_the_very_short_are_left_in_peace():
    assert loudness(Clip(np.zeros(48000, np.float32), 48000)) == -math.inf
    assert gain_to(Clip(np.zeros(10, np.float32), 48000)) == 1.0
    assert loudness(Clip(np.zeros(0, np.float32), 48000)) == -math.inf
    assert math.isfinite(loudness(tone(-20.0, seconds=0.1)))


def test_takes_are_matched_downwards_to_the_quietest():
    clips = [tone(-10.0), tone(-30.0), Clip(np.zeros(1000, np.float32), 48000)]
    gains = matching_gains(clips)
    assert gains[1] == 1.0
    assert gains[2] == 1.0
    matched = Clip(clips[0].samples * np.float32(gains[0]), 48000)
    assert loudness(matched) == pytest.approx(loudness(clips[1]), abs=0.01)


def test_a_long_sound_is_measured_as_its_parts_are():
    # 25 s go through the filters in three pieces.
    assert loudness(tone(-20.0, 25.0)) == pytest.approx(loudness(tone(-20.0, 5.0)), abs=0.01)
