"""A model that speaks at once, and a recording of a voice."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from fake_model import FakeModel, speech_like, use_model


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    model = FakeModel()
    use_model(monkeypatch, model)
    return model


@pytest.fixture
def reference(tmp_path: Path) -> str:
    path = tmp_path / "reference.wav"
    soundfile.write(path, speech_like().samples, 24000)
    return str(path)
