from __future__ import annotations

import numpy as np
import pytest

from ditar_studio.audio.analysis.verdict import (
    Topic,
    Verdict,
    clipped_places,
    judge,
    spoken_characters,
)
from ditar_studio.audio.clips.clip import Clip

RATE = 24000
WORDS = "The quick brown fox jumps over the lazy dog and runs into the dark green forest."


def speech(seconds: float = 6.0, noise_db: float = -75.0, level: float = 0.2) -> np.ndarray:
    """Noise bursts in the rhythm of syllables and phrases over a noise floor."""
    rng = np.random.default_rng(1)
    times = np.arange(round(seconds * RATE)) / RATE
    syllables = np.maximum(0, np.sin(2 * np.pi * 4 * times)) ** 0.5
    phrases = (times % 2.0) < 1.6
    sound = level * rng.standard_normal(len(times)) * syllables * phrases * 0.3
    return (sound + 10 ** (noise_db / 20) * rng.standard_normal(len(times))).astype(np.float32)


def found(verdict: Verdict, topic: Topic) -> str:
    return next(item.severity for item in verdict.items if item.topic == topic)


def test_a_good_clip_gets_only_good_findings():
    verdict = judge(Clip(speech(), RATE), WORDS)
    assert verdict.severity == "good", verdict
    assert {item.severity for item in verdict.items} == {"good"}


def test_every_complaint_has_a_remedy_and_the_worst_comes_first():
    verdict = judge(Clip(speech(2.0, noise_db=-35.0), RATE), "")
    order = [item.severity for item in verdict.items]
    assert order == sorted(order, key=["problem", "advice", "good"].index)
    assert order[0] == "problem"
    assert all(item.remedy for item in verdict.items if item.severity != "good")
    assert all(item.message.endswith(".") for item in verdict.items)


@pytest.mark.parametrize(
    ("seconds", "severity"),
    [(0.6, "problem"), (2.0, "advice"), (8.0, "good"), (30.0, "advice"), (60.0, "problem")],
)
def test_length(seconds, severity):
    assert found(judge(Clip(speech(seconds), RATE), WORDS), "length") == severity


@pytest.mark.parametrize(
    ("noise_db", "severity"), [(-75.0, "good"), (-45.0, "advice"), (-34.0, "problem")]
)
def test_noise(noise_db, severity):
    verdict = judge(Clip(speech(noise_db=noise_db), RATE), WORDS)
    assert found(verdict, "noise") == severity, verdict.measures


def test_the_measured_snr_is_near_the_true_one():
    sound = speech(10.0, noise_db=-60.0)
    clean = speech(10.0, noise_db=-200.0)
    active = clean[np.abs(clean) > 1e-6]
    true = 10 * np.log10(np.mean(active**2)) + 60.0
    assert judge(Clip(sound, RATE), WORDS).measures.snr_db == pytest.approx(true, abs=4.0)


def test_clipping_is_found_at_full_scale_and_below():
    sound = speech() * 20
    clipped = np.clip(sound, -1, 1)
    assert found(judge(Clip(clipped, RATE), WORDS), "clipping") == "problem"
    assert found(judge(Clip(clipped * 0.5, RATE), WORDS), "clipping") == "problem"
    assert clipped_places(speech()) == 0


@pytest.mark.parametrize("hertz", [80.0, 997.0])
def test_a_clean_sine_is_not_taken_for_clipped(hertz):
    times = np.arange(5 * RATE) / RATE
    sine = (0.9 * np.sin(2 * np.pi * hertz * times)).astype(np.float32)
    assert clipped_places(sine) == 0


def test_silence_around_and_inside():
    gap = np.zeros(2 * RATE, np.float32)
    quiet = 1e-4 * np.random.default_rng(0).standard_normal(2 * RATE).astype(np.float32)
    lead = judge(Clip(np.concatenate([quiet, speech()]), RATE), WORDS)
    assert found(lead, "silence") == "advice"
    assert lead.measures.lead == pytest.approx(2.0, abs=0.1)
    inside = judge(Clip(np.concatenate([speech(3.6), gap + quiet, speech(3.6)]), RATE), WORDS)
    assert found(inside, "silence") == "advice"
    assert inside.measures.longest_pause == pytest.approx(2.0, abs=0.5)


def test_no_speech_at_all():
    verdict = judge(Clip(np.zeros(5 * RATE, np.float32), RATE), WORDS)
    assert verdict.severity == "problem"
    assert any("No speech" in item.message for item in verdict.items)


@pytest.mark.parametrize(
    ("words", "severity"),
    [
        ("", "advice"),
        ("...", "problem"),
        ("Fox.", "problem"),
        (WORDS, "good"),
        (WORDS * 4, "problem"),
    ],
)
def test_the_transcript_must_fit_the_sound(words, severity):
    assert found(judge(Clip(speech(), RATE), words), "transcript") == severity


def test_digits_count_as_the_words_they_are_spoken_as():
    assert spoken_characters("in 1984, OK?") == 2 + 16 + 2


def test_an_empty_clip_is_judged_too():
    assert judge(Clip(np.zeros(0, np.float32), RATE), "").severity == "problem"


def test_a_telephone_recording_gets_advice():
    assert found(judge(Clip(speech()[::3], 8000), WORDS), "sample rate") == "advice"
