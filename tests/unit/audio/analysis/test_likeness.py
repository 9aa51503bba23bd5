"""How like two voices are: the arithmetic, and what is said where the judge is missing."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from ditar_studio.audio.analysis.likeness import RATE, likeness, speaker_encoder
from ditar_studio.audio.clips.clip import Clip
from ditar_studio.errors import StudioError


def test_both_clips_are_heard_at_the_judges_rate_and_compared_by_cosine() -> None:
    heard: list[np.ndarray] = []

    def embed(samples: np.ndarray) -> np.ndarray:
        heard.append(samples)
        return np.array([0.6, 0.8] if samples.max() > 0.5 else [0.8, 0.6], np.float32)

    loud = Clip(np.full(48_000, 2.0, np.float32), 48_000)
    quiet = Clip(np.full(8_000, 0.1, np.float32), 8_000)
    assert likeness(embed, loud, quiet) == pytest.approx(0.96)
    assert [len(samples) for samples in heard] == [RATE, RATE]
    assert max(samples.max() for samples in heard) <= 1.0


def test_a_missing_judge_is_named_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resemblyzer", None)
    with pytest.raises(StudioError, match="resemblyzer") as caught:
        speaker_encoder()
    assert "Resemblyzer" in caught.value.remedy
