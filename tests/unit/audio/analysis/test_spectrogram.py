from __future__ import annotations

import numpy as np
import pytest

from ditar_studio.audio.analysis.spectrogram import mel_picture

RATE = 24000


@pytest.mark.parametrize("hertz", [150.0, 1000.0, 6000.0])
def test_a_tone_is_a_bright_line_at_its_height(hertz):
    times = np.arange(RATE) / RATE
    picture = mel_picture(np.sin(2 * np.pi * hertz * times).astype(np.float32), RATE, 50)
    assert picture.shape == (96, 50)
    mel = 2595 * np.log10(1 + hertz / 700) / (2595 * np.log10(1 + RATE / 2 / 700))
    assert np.argmax(picture[:, 25]) == pytest.approx(mel * 97 - 1, abs=1.5)
    assert picture.max() == 1.0


def test_time_runs_from_left_to_right():
    sound = np.zeros(RATE, np.float32)
    sound[RATE * 3 // 4] = 1.0
    picture = mel_picture(sound, RATE, 100)
    assert np.argmax(picture.sum(axis=0)) == pytest.approx(75, abs=2)


def test_silence_is_black_and_nothing_is_nothing():
    assert not mel_picture(np.zeros(1000, np.float32), RATE, 20).any()
    assert not mel_picture(np.zeros(0, np.float32), RATE, 20).any()


def test_wide_pictures_are_made_in_pieces_without_a_seam():
    rng = np.random.default_rng(0)
    sound = rng.standard_normal(RATE).astype(np.float32)
    wide = mel_picture(sound, RATE, 600)
    assert wide.shape == (96, 600)
    assert wide[:, 250:262].min() > 0.3
