from __future__ import annotations

import numpy as np
import pytest

from ditar_studio.audio.analysis.level import FLOOR_DB, LevelMeter

RATE = 48000


def sine(amplitude: float, seconds: float) -> np.ndarray:
    times = np.arange(round(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * 440 * times)).astype(np.float32)


def test_a_steady_sine_reads_its_peak_and_its_rms():
    meter = LevelMeter(RATE)
    for block in np.split(sine(0.5, 2.0)[:94208], 92):
        meter.update(block)
    assert meter.reading.peak_db == pytest.approx(-6.02, abs=0.05)
    assert meter.reading.rms_db == pytest.approx(-9.03, abs=0.1)
    assert not meter.reading.clipped


def test_peak_jumps_up_and_falls_20_db_in_1_7_seconds():
    meter = LevelMeter(RATE)
    meter.update(sine(1.0, 0.02) * 0.9)
    start = meter.reading.peak_db
    for _ in range(85):
        meter.update(np.zeros(960, np.float32))
    assert start - meter.reading.peak_db == pytest.approx(20.0, abs=0.3)


def test_hold_stays_a_moment_and_then_follows_the_peak():
    meter = LevelMeter(RATE)
    meter.update(sine(0.5, 0.02))
    for _ in range(70):  # 1.4 s
        meter.update(np.zeros(960, np.float32))
    assert meter.reading.hold_db == pytest.approx(-6.02, abs=0.1)
    for _ in range(10):
        meter.update(np.zeros(960, np.float32))
    assert meter.reading.hold_db == pytest.approx(meter.reading.peak_db)


def test_the_clip_light_stays_lit_until_it_is_reset():
    meter = LevelMeter(RATE)
    meter.update(np.array([0.1, -1.0, 0.1], np.float32))
    meter.update(np.zeros(48000, np.float32))
    assert meter.reading.clipped
    meter.silence()
    assert meter.reading.clipped
    meter.reset_clip()
    assert not meter.reading.clipped


def test_silence_and_empty_blocks_stay_on_the_floor():
    meter = LevelMeter(RATE)
    meter.update(np.zeros(0, np.float32))
    reading = meter.update(np.zeros(4800, np.float32))
    assert (reading.peak_db, reading.rms_db) == (FLOOR_DB, FLOOR_DB)
