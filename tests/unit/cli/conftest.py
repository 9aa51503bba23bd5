"""A model that speaks at once, and a recording of a voice."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from fake_model import FakeModel, speech_like

from ditar_studio.engine import load


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    model = FakeModel()
    monkeypatch.setattr(load, "load_model", lambda name=None, precision=None: model)
    return model


@pytest.fixture
def reference(tmp_path: Path) -> str:
    path = tmp_path / "reference.wav"
    soundfile.write(path, speech_like().samples, 24000)
    return str(path)
