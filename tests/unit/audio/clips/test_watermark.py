"""The watermark: found where it was put, whatever was done to the sound; inaudible; streamed."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from speech import recording

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.watermark import LOWEST_RATE, Watermarker, detect, watermarked
from ditar_studio.errors import StudioError

VOICES = ("emma", "kathleen", "michael")


def _coded(clip: Clip, container: str, subtype: str, **options: object) -> Clip:
    file = io.BytesIO()
    soundfile.write(
        file, clip.samples, clip.sample_rate, format=container, subtype=subtype, **options
    )
    file.seek(0)
    return Clip(*soundfile.read(file, dtype="float32"))


@pytest.fixture(scope="module", params=VOICES)
def speech(request: pytest.FixtureRequest) -> Clip:
    return recording(request.param)


def test_it_is_found_where_it_is_and_only_there(speech: Clip) -> None:
    assert not detect(speech).found
    assert detect(watermarked(speech)).found


def test_it_is_masked_by_the_speech(speech: Clip) -> None:
    added = watermarked(speech).samples - speech.samples
    below = 10 * np.log10(np.sum(speech.samples**2) / np.sum(added**2))
    assert 19 < below < 30
    silence = Clip(np.zeros(speech.sample_rate, np.float32), speech.sample_rate)
    np.testing.assert_array_equal(watermarked(silence).samples, silence.samples)


def test_it_survives_mp3_and_opus(speech: Clip) -> None:
    marked = watermarked(speech)
    fixed = {"bitrate_mode": "CONSTANT", "compression_level": 0.4}
    assert detect(_coded(marked, "MP3", "MPEG_LAYER_III", **fixed)).found
    wide = Clip(soxr.resample(marked.samples, marked.sample_rate, 48000), 48000)
    coded = _coded(wide, "OGG", "OPUS")
    assert detect(coded).found
    for start in range(0, len(coded.samples) - 3 * 48000, 48000):
        assert detect(Clip(coded.samples[start : start + 3 * 48000], 48000)).found


def test_it_survives_trimming_gain_and_resampling(speech: Clip) -> None:
    marked = watermarked(speech)
    rate, start = marked.sample_rate, 12_345
    excerpt = marked.samples[start : start + 3 * rate] * np.float32(0.2)
    assert detect(Clip(excerpt, rate)).found
    for other in (8000, 16000, 44100):
        assert detect(Clip(soxr.resample(excerpt, rate, other), other)).found


def test_it_is_found_in_one_part_of_a_long_recording() -> None:
    real, marked = recording("michael"), watermarked(recording("emma"))
    mixed = np.concatenate([real.samples, real.samples, marked.samples, real.samples])
    assert detect(Clip(mixed, real.sample_rate)).found


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 24000, 44100, 48000, 96000])
def test_every_rate_can_carry_it(rate: int) -> None:
    real = recording("emma", 4)
    clip = Clip(soxr.resample(real.samples, real.sample_rate, rate), rate)
    marked = watermarked(clip)
    assert len(marked.samples) == len(clip.samples)
    assert detect(marked).found


def test_rates_that_cannot_carry_it_pass_through() -> None:
    clip = Clip(np.linspace(-1, 1, 5000, dtype=np.float32), LOWEST_RATE - 1)
    np.testing.assert_array_equal(watermarked(clip).samples, clip.samples)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 3000), max_size=12), st.sampled_from([16000, 24000, 44100]))
def test_how_speech_is_cut_does_not_matter(lengths: list[int], rate: int) -> None:
    samples = np.random.default_rng(3).normal(0, 0.1, sum(lengths)).astype(np.float32)
    whole, cut = Watermarker(rate), Watermarker(rate)
    expected = np.concatenate([whole.feed(samples), whole.finish()])
    parts, at = [], 0
    for length in lengths:
        parts.append(cut.feed(samples[at : at + length]))
        at += length
        assert at - sum(map(len, parts)) <= 0.033 * rate
    parts.append(cut.finish())
    np.testing.assert_array_equal(np.concatenate(parts), expected)
    assert len(expected) == len(samples)


def test_sounds_that_are_no_speech_are_not_taken_for_marked() -> None:
    rate = 16000
    times = np.arange(5 * rate) / rate
    for samples in (
        np.zeros(5 * rate),
        np.sin(2 * np.pi * 440 * times),
        np.sign(np.sin(2 * np.pi * 50 * times)),
        np.random.default_rng(1).normal(0, 0.1, 5 * rate),
        (np.arange(5 * rate) % rate == 0).astype(float),
    ):
        assert not detect(Clip(samples.astype(np.float32), rate)).found


def test_too_short_a_sound_is_reported() -> None:
    with pytest.raises(StudioError, match="Less than a second"):
        detect(Clip(np.zeros(100, np.float32), 16000))
