"""Voices between voices, by the built-in model."""

from __future__ import annotations

import threading

import pytest
import torch
from fake_model import FakeModel, speech_like

from ditar_studio.engine.load import load_model
from ditar_studio.engine.mixing import TEXTS, mix
from ditar_studio.engine.native import NativeModel
from ditar_studio.engine.voice import Reference, VoiceCache
from ditar_studio.errors import StudioError
from ditar_studio.sample_voices import sample_voices

PART = (Reference(speech_like(), "words"), 1.0)


def test_only_a_model_with_a_speaker_encoder_mixes_two_voices_or_more() -> None:
    with pytest.raises(StudioError, match="Fake"):
        mix(FakeModel(), [PART, PART], threading.Event())


@pytest.fixture(scope="module")
def model() -> NativeModel:
    loaded = load_model()
    assert isinstance(loaded, NativeModel)
    return loaded


def test_a_mixed_voice_is_like_both_of_its_voices(model: NativeModel) -> None:
    named = {voice.name: Reference(voice.path, voice.transcript) for voice in sample_voices()}
    cache = VoiceCache(model)
    ends = {name: cache.get(named[name]).speaker for name in ("Emma", "Kathleen")}
    parts = [(named["Emma"], 50.0), (named["Kathleen"], 50.0)]
    made = mix(model, parts, threading.Event(), cache, whole=False)
    assert made is not None
    assert made.transcript == TEXTS[0]
    assert 3.0 < made.clip.seconds < 8.0
    likeness = model.runtime.embed_speaker(torch.from_numpy(made.clip.samples.copy()))
    between = float(ends["Emma"] @ ends["Kathleen"])
    for name, embedding in ends.items():
        assert float(likeness @ embedding) > between + 0.1, name
    with pytest.raises(StudioError, match="two voices"):
        mix(model, [*parts[:1], (named["Kathleen"], 0.0)], threading.Event(), cache)
    cancelled = threading.Event()
    cancelled.set()
    assert mix(model, parts, cancelled, cache) is None
