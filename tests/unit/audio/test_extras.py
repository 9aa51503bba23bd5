from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from ditar_studio.audio.analysis.transcribe import TRANSCRIPTION, Transcriber
from ditar_studio.audio.analysis.verdict import judge, measure
from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.denoise import DENOISING, denoise
from ditar_studio.audio.clips.files import read_clip
from ditar_studio.audio.extras import Extra
from ditar_studio.errors import StudioError
from ditar_studio.installation import how_to_add

VOICES = Path(__file__).parents[3] / "resources" / "voices"

needs_denoising = pytest.mark.skipif(not DENOISING.installed, reason="needs the extra denoise")
needs_transcription = pytest.mark.skipif(
    not TRANSCRIPTION.installed, reason="needs the extra transcribe"
)


@pytest.fixture(scope="module")
def voices() -> list[tuple[Clip, str]]:
    entries = json.loads((VOICES / "voices.json").read_text(encoding="utf-8"))
    return [(read_clip(VOICES / entry["file"]), entry["transcript"]) for entry in entries]


def noisy(clip: Clip) -> Clip:
    noise = 0.02 * np.random.default_rng(0).standard_normal(len(clip.samples))
    return Clip((clip.samples + noise).astype(np.float32), clip.sample_rate)


def test_the_sample_voices_are_good_references(voices):
    for clip, transcript in voices:
        assert judge(clip, transcript).severity == "good", judge(clip, transcript)


def test_what_is_not_installed_says_how_to_get_it():
    extra = Extra("Time travel", "travel", ("flux_capacitor",))
    assert not extra.installed
    with pytest.raises(StudioError, match="not installed") as caught:
        extra.require()
    assert caught.value.remedy == how_to_add("travel")


def test_asking_whether_an_extra_is_there_imports_nothing():
    before = set(sys.modules)
    assert isinstance(DENOISING.installed, bool)
    assert isinstance(TRANSCRIPTION.installed, bool)
    assert not {name.split(".")[0] for name in set(sys.modules) - before} & {
        "pyrnnoise",
        "faster_whisper",
    }


@needs_denoising
@pytest.mark.parametrize("rate", [24000, 48000])
def test_noise_goes_and_the_voice_stays_where_it_was(voices, rate):
    clip = voices[0][0].resample(rate)
    rough = noisy(clip)
    clean = denoise(rough)
    assert len(clean.samples) == len(clip.samples)
    assert measure(clean, "").snr_db > measure(rough, "").snr_db + 10
    spectrum = np.fft.rfft(clean.samples) * np.conj(np.fft.rfft(clip.samples))
    lag = int(np.argmax(np.fft.irfft(spectrum)))
    assert min(lag, len(clip.samples) - lag) <= rate // 2000
    assert np.corrcoef(clean.samples, clip.samples)[0, 1] > 0.9


@needs_denoising
def test_less_than_all_is_a_mixture_and_nothing_is_nothing(voices):
    rough = noisy(voices[0][0])
    half, full = denoise(rough, 0.5), denoise(rough)
    assert np.allclose(half.samples, (full.samples + rough.samples) / 2, atol=1e-6)
    assert denoise(rough, 0.0) is rough
    with pytest.raises(StudioError, match="amount"):
        denoise(rough, 1.5)


@needs_transcription
@pytest.mark.leaves_threads
def test_a_sample_voice_is_understood(voices):
    clip, transcript = voices[0]
    heard = Transcriber(threads=1).transcribe(clip)
    words = [word.strip(".,").lower() for word in transcript.split()]
    got = [word.strip(".,").lower() for word in heard.text.split()]
    assert len(set(words) & set(got)) >= 0.8 * len(set(words))
    assert heard.language == "en"
    assert 0.3 < heard.confidence <= 1.0


@needs_transcription
def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(StudioError, match="no Whisper model"):
        Transcriber(tmp_path)
