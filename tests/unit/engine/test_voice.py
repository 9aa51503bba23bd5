from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fake_model import FakeModel, speech_like

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.engine.voice import Reference, VoiceCache, prepare, trim_and_level
from ditar_studio.errors import StudioError


def padded(clip: Clip, before: float, after: float) -> Clip:
    rate = clip.sample_rate
    parts = [np.zeros(int(before * rate)), clip.samples, np.zeros(int(after * rate))]
    return Clip(np.concatenate(parts).astype("f4"), rate)


@pytest.mark.parametrize("level", [0.003, 0.1, 0.9])
def test_speech_is_brought_to_one_level_and_never_clips(level: float) -> None:
    out = trim_and_level(speech_like(level=level))
    loud = np.square(out.samples.astype("f8")).reshape(-1, 480).mean(1)
    speaking = loud[loud > loud.max() * 1e-4]
    assert 10 * np.log10(speaking.mean()) == pytest.approx(-23, abs=0.3)
    assert out.peak < 1.0


def test_silence_at_both_ends_goes_but_a_breath_of_it() -> None:
    speech = speech_like(3.0)
    out = trim_and_level(padded(speech, 2.0, 1.0))
    assert out.seconds == pytest.approx(3.2, abs=0.1)


def test_a_constant_offset_is_removed() -> None:
    clip = speech_like()
    out = trim_and_level(Clip(clip.samples + np.float32(0.2), clip.sample_rate))
    assert abs(out.samples.mean()) < 0.01


@pytest.mark.parametrize(
    ("clip", "words"),
    [
        (Clip(np.zeros(24000 * 3, "f4"), 24000), "silent"),
        (Clip(np.zeros(0, "f4"), 24000), "silent"),
        (speech_like(0.5), "at least 1 s"),
        (padded(speech_like(0.4), 3, 3), "at least 1 s"),
        (speech_like(33.0), "at most 30 s"),
    ],
)
def test_what_cannot_be_cloned_is_refused_with_a_remedy(clip: Clip, words: str) -> None:
    with pytest.raises(StudioError, match=words) as caught:
        prepare(FakeModel(), Reference(clip, "some words"))
    assert caught.value.remedy


def test_long_silence_does_not_count_against_the_length() -> None:
    prepare(FakeModel(), Reference(padded(speech_like(20), 8, 8), "words"))


def test_a_missing_transcript_is_asked_for_unless_the_model_needs_none() -> None:
    with pytest.raises(StudioError, match="transcript"):
        prepare(FakeModel(), Reference(speech_like(), "  "))
    prepare(FakeModel(needs_transcript=False), Reference(speech_like(), ""))


def test_a_model_may_take_references_as_they_are() -> None:
    model = FakeModel(levels_reference=False)
    clip = padded(speech_like(), 1, 1)
    prepare(model, Reference(clip, "words"))
    assert model.prepared[0][0] is clip


def test_any_rate_and_stereo_files_are_read(tmp_path: Path) -> None:
    for rate in (8000, 22050, 48000):
        clip = speech_like(2.0, rate)
        soundfile.write(tmp_path / "a.flac", np.stack([clip.samples] * 2, 1), rate)
        model = FakeModel()
        prepare(model, Reference(tmp_path / "a.flac", "words"))
        assert model.prepared[0][0].sample_rate == rate


def test_the_cache_notices_changed_files_and_transcripts_and_drops_the_oldest(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, speech_like().samples, 24000)
    model = FakeModel()
    voices = VoiceCache(model, capacity=2)
    for _ in range(2):
        voices.get(Reference(path, "one"))
    assert len(model.prepared) == 1
    voices.get(Reference(path, "two"))
    assert len(model.prepared) == 2
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    voices.get(Reference(path, "two"))
    assert len(model.prepared) == 3
    voices.get(Reference(path, "one"))
    assert len(model.prepared) == 4
    voices.clear()
    voices.get(Reference(path, "one"))
    assert len(model.prepared) == 5


def test_further_samples_are_heard_behind_the_first_as_far_as_there_is_room() -> None:
    model = FakeModel(needs_transcript=False)
    clips = [speech_like(seconds) for seconds in (4.0, 5.0, 12.0, 6.0)]
    further = tuple(
        Reference(clip, words)
        for clip, words in zip(clips[1:], ("Two.", "Three.", "Four."), strict=True)
    )
    reference = Reference(clips[0], "One.", further=further)
    prepare(model, reference)
    clip, transcript = model.prepared[-1]
    assert transcript == "One. Two. Four."
    assert clip.seconds == pytest.approx(15.6, abs=0.5)
    prepare(model, Reference(clips[0], "", further=further))
    assert model.prepared[-1][1] == ""
    assert model.prepared[-1][0].seconds < 5.0
    assert reference.key() != Reference(clips[0], "One.").key()
