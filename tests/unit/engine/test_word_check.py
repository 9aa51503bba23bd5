"""What the phonetic reader hears, word for word, against the text."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.engine.listening import ReaderListener
from ditar_studio.engine.word_check import differing_words
from ditar_studio.sample_voices import sample_voices
from ditar_studio.text import symbols
from ditar_studio.text.phonemes import read


def heard(text: str) -> torch.Tensor:
    """Log probabilities [T, symbols] of a reader that is sure of a text's sounds."""
    rows = []
    for index in symbols.encode(read(text).sounds):
        for symbol in (index, index, 0):
            row = torch.full((len(symbols.SYMBOLS),), -12.0)
            row[symbol] = 0.0
            rows.append(row)
    return torch.stack(rows).log_softmax(-1)


def differing(text: str, said: str) -> list[str]:
    reading = read(text)
    return [reading.words[word] for word in differing_words(heard(said), reading)]


def test_what_is_said_as_written_does_not_differ() -> None:
    assert differing("The quick brown fox jumps.", "The quick brown fox jumps.") == []


def test_other_missing_and_further_words_differ() -> None:
    text = "The quick brown fox jumps."
    assert differing(text, "The quick yellow fox jumps.") == ["brown"]
    assert differing(text, "The quick fox jumps.") == ["brown"]
    assert differing(text, "The quick brown lazy fox jumps.") in (["brown"], ["fox"])
    assert differing(text, "My old dog, the quick brown fox jumps.") == ["The"]


def test_stress_alone_is_no_difference() -> None:
    as_noun = read("a record")
    assert differing_words(heard("a record"), as_noun) == []
    unstressed = as_noun.sounds[-5:]
    assert any(sound.startswith("ˈ") for sound in unstressed)
    bare = tuple(sound.lstrip("ˈˌ") for sound in as_noun.sounds)
    assert differing_words(heard("a record"), replace(as_noun, sounds=bare)) == []


def test_a_sound_too_short_for_the_text_has_none_of_its_words() -> None:
    assert differing("The quick brown fox jumps.", "No.") == [
        *("The", "quick", "brown", "fox", "jumps")
    ]


@pytest.fixture(scope="module")
def listener() -> ReaderListener:
    return ReaderListener()


def test_the_built_in_reader_hears_what_differs_in_the_built_in_voices_clips(
    listener: ReaderListener,
) -> None:
    from ditar_studio.audio.clips.files import read_clip

    voice = next(v for v in sample_voices() if v.name == "Kathleen")
    clip = read_clip(voice.path)
    text = "About him, everywhere, were the evidences of luxury and of age."
    assert voice.transcript == text
    assert listener.differing(clip, text) == []
    wrong = text.replace("luxury", "poverty")
    assert [wrong[a:b] for a, b in listener.differing(clip, wrong)] == ["poverty"]
    longer = text.replace("and of age", "and of sudden old age")
    assert {longer[a:b] for a, b in listener.differing(clip, longer)} >= {"sudden"}
    silence = Clip(clip.samples * 0, clip.sample_rate)
    assert len(listener.differing(silence, text)) > 8


def test_the_built_in_model_hears_words_and_speaker_of_other_models_speech(
    listener: ReaderListener,
) -> None:
    from ditar_studio.audio.clips.files import read_clip

    clips = {voice.name: read_clip(voice.path) for voice in sample_voices()}
    words = {voice.name: voice.transcript for voice in sample_voices()}
    clip, other = clips["Kathleen"], next(name for name in clips if name != "Kathleen")
    halves = [
        Clip(clip.samples[start : start + len(clip.samples) // 2], clip.sample_rate)
        for start in (0, len(clip.samples) // 2)
    ]
    speaker = listener.embedding(halves[0])
    right = listener.verification(clip.resample(48000), words["Kathleen"], speaker)
    assert right.error_rate < 0.25
    assert listener.verification(clip, words[other], speaker).error_rate > 0.5
    same, another = (
        listener.verification(each, words["Kathleen"], speaker).likeness or 0.0
        for each in (halves[1], clips[other])
    )
    assert same > another + 0.2
    assert listener.verification(Clip(clip.samples[:10], clip.sample_rate), "No.", speaker).sounds
