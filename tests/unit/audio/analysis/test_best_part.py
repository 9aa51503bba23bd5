"""The best stretch of a long recording."""

from __future__ import annotations

import numpy as np
import pytest

from ditar_studio.audio.analysis.best_part import LONGEST, SHORTEST, best_part
from ditar_studio.audio.analysis.verdict import judge
from ditar_studio.audio.clips.clip import Clip

RATE = 16000


def phrases(seconds: float, noise: float, level: float = 0.2) -> np.ndarray:
    """Syllables in phrases of 2.6 s with pauses of 0.4 s between them."""
    rng = np.random.default_rng(3)
    times = np.arange(round(seconds * RATE)) / RATE
    syllables = np.maximum(0, np.sin(2 * np.pi * 4 * times)) ** 0.5
    sound = level * rng.standard_normal(len(times)) * syllables * ((times % 3.0) < 2.6)
    return (0.3 * sound + noise * rng.standard_normal(len(times))).astype(np.float32)


def test_a_short_recording_is_taken_as_it_is() -> None:
    assert best_part(Clip(phrases(20.0, 1e-4), RATE)) is None


def test_the_clean_part_of_a_long_recording_is_found_between_two_pauses() -> None:
    parts = [phrases(60.0, 0.02), phrases(24.0, 1e-4), phrases(60.0, 0.02)]
    found = best_part(Clip(np.concatenate(parts), RATE))
    assert found is not None
    assert SHORTEST <= found.end - found.start <= LONGEST + 0.2
    assert 59.0 <= found.start < found.end <= 85.0
    clip = Clip(np.concatenate(parts), RATE).cut(found.start, found.end)
    assert judge(clip, "").refusal is None


def test_clipped_and_silent_parts_are_left_out() -> None:
    loud = np.clip(phrases(40.0, 1e-4, level=30.0), -1.0, 1.0).astype(np.float32)
    silence = np.zeros(30 * RATE, np.float32)
    found = best_part(Clip(np.concatenate([loud, silence, phrases(40.0, 1e-4)]), RATE))
    assert found is not None
    assert found.start >= 69.0


@pytest.mark.parametrize("sound", ["silence", "tone", "hiss"])
def test_no_voice_is_made_of_what_is_no_speech(sound: str) -> None:
    times = np.arange(5 * RATE) / RATE
    samples = {
        "silence": np.zeros(len(times)),
        "tone": 0.3 * np.sin(2 * np.pi * 220 * times),
        "hiss": 0.1 * np.random.default_rng(1).standard_normal(len(times)),
    }[sound].astype(np.float32)
    refusal = judge(Clip(samples, RATE), "Some words that nobody said.").refusal
    assert refusal is not None
    assert refusal.remedy


def test_no_voice_is_made_of_a_third_of_a_second_but_of_two_seconds() -> None:
    assert judge(Clip(phrases(0.3, 1e-4), RATE), "").refusal is not None
    assert judge(Clip(phrases(2.5, 1e-4), RATE), "").refusal is None
