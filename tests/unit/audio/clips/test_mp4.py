from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ditar_studio.audio.clips import mp4
from ditar_studio.audio.clips.files import read_clip
from ditar_studio.errors import StudioError
from ditar_studio.services.m4b import write_m4b
from ditar_studio.services.metadata import Tags

RATE = 24000
WAVE = (0.3 * np.sin(2 * np.pi * 220 * np.arange(3 * RATE) / RATE)).astype(np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "a.m4a"
    write_m4b(made, RATE, Tags("t", "", ""), iter([WAVE]), lossless=True)
    return made


def test_an_m4a_is_read_like_any_other_sound(path: Path) -> None:
    pytest.importorskip("av", reason="PyAV is optional")
    clip = read_clip(path)
    assert clip.sample_rate == RATE
    assert np.abs(clip.samples - WAVE).max() < 1e-3
    with pytest.raises(StudioError, match="longer than"):
        read_clip(path, max_seconds=1.0)


def test_without_pyav_it_is_reported_what_to_do(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mp4, "is_readable", lambda: False)
    with pytest.raises(StudioError, match="AAC or ALAC sound") as reported:
        read_clip(path)
    assert "aac" in reported.value.remedy


def test_a_damaged_one_is_reported(path: Path) -> None:
    pytest.importorskip("av", reason="PyAV is optional")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(StudioError, match=r"can't be read as sound|holds no sound"):
        read_clip(path)
