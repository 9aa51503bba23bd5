"""The pitch that training tracks, and what is said where it can't be tracked."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from ditar_studio.errors import StudioError
from ditar_studio.training.pitch import track_pitch

RATE, HOP = 24_000, 240


def voice(hertz: float) -> np.ndarray:
    """A second of the first harmonics of a voice, after half a second of silence."""
    times = np.arange(RATE) / RATE
    tones = [np.sin(2 * np.pi * hertz * k * times) / k for k in range(1, 8)]
    return np.concatenate([np.zeros(RATE // 2), 0.1 * sum(tones)]).astype(np.float32)


@pytest.mark.parametrize("hertz", [90.0, 210.0])
def test_a_voice_has_its_pitch_and_silence_has_none(hertz: float) -> None:
    pitch = track_pitch(voice(hertz), RATE, HOP)
    assert pitch.shape == (150,)
    assert pitch.dtype == np.float32
    assert not pitch[:45].any()
    np.testing.assert_allclose(pitch[60:140], hertz, rtol=0.01)


def test_a_missing_pyworld_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "pyworld", raising=False)
    with pytest.raises(StudioError, match="pyworld, which is not installed"):
        track_pitch(voice(100.0), RATE, HOP)


def test_a_broken_pyworld_is_reported_with_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyworld.py").write_text("import pkg_of_yesterday\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pyworld", raising=False)
    with pytest.raises(
        StudioError, match="imported: No module named 'pkg_of_yesterday'"
    ) as reported:
        track_pitch(voice(100.0), RATE, HOP)
    assert "pyworld-prebuilt" in reported.value.remedy
