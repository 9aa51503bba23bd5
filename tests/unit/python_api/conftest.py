"""A model that speaks at once behind `load_model`, and a recording of a voice."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from fake_model import FakeModel, speech_like, use_model

from ditar_studio.python_api import shared


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    model = FakeModel(needs_transcript=False)
    use_model(monkeypatch, model)
    monkeypatch.setattr(shared, "_model", None)
    return model


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    path = tmp_path / "me.wav"
    soundfile.write(path, speech_like().samples, 24000)
    return path
