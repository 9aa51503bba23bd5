"""Whatever comes in, what goes out is a result or a StudioError, never a traceback."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fake_model import FakeModel, speech_like
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_ditar import save_small_ditar

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.files import read_clip
from ditar_studio.engine.events import Done, Failed
from ditar_studio.engine.generate import stream
from ditar_studio.engine.load import load_model
from ditar_studio.engine.request import GenerationRequest
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.engine.speech_model import SpeechModel
from ditar_studio.engine.voice import Reference, VoiceCache, prepare
from ditar_studio.errors import StudioError

FORMATS = [("WAV", "PCM_16"), ("WAV", "FLOAT"), ("FLAC", "PCM_16"), ("OGG", "VORBIS")]
FORMATS += [("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"), ("AIFF", "PCM_16"), ("RF64", "PCM_16")]


def whole_file(kind: str, subtype: str) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, speech_like(1.5).samples, 24000, format=kind, subtype=subtype)
    return buffer.getvalue()


@pytest.mark.parametrize(("kind", "subtype"), FORMATS)
def test_damaged_sound_files_give_sound_or_a_sentence(
    kind: str, subtype: str, tmp_path: Path
) -> None:
    chance = random.Random(f"{kind} {subtype}")
    whole = whole_file(kind, subtype)
    path = tmp_path / "damaged"
    path.write_bytes(whole)
    prepare(FakeModel(), Reference(path, "words"))
    refused: list[StudioError] = []
    for number in range(40):
        data = bytearray(whole)
        if number % 4 == 0:
            del data[chance.randrange(len(data)) :]
        elif number % 4 == 1:
            for _ in range(1 + number // 4):
                data[chance.randrange(min(200, len(data)))] = chance.randrange(256)
        elif number % 4 == 2:
            for _ in range(200):
                data[chance.randrange(len(data))] = chance.randrange(256)
        else:
            start = chance.randrange(len(data))
            data[start:start] = chance.randbytes(chance.randrange(1, 2000))
        path.write_bytes(data)
        try:
            prepare(FakeModel(), Reference(path, "words"))
        except StudioError as error:
            refused.append(error)
    assert all(error.message and error.remedy for error in refused)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> SpeechModel:
    return load_model(save_small_ditar(tmp_path_factory.mktemp("model") / "small"))


@pytest.fixture(scope="module")
def voices(model: SpeechModel) -> VoiceCache:
    return VoiceCache(model)


VOICE = Reference(speech_like(2.0), "hello there")
BRIEF = GenerationSettings(steps=1, guidance=0, temperature=0, max_seconds=0.5)

AWKWARD = [
    *("", " ", "\n\n\n", "\t", "...", "?!?!", "—", "“”", "()", "#$%^&*", "😀", "😀 hello 🎉"),
    *("\u0000", "a\u0000b", "\ufeffhello", "e\u0301\u0301\u0301", "ﬁne ﬂow", "\u202ehello", "你好"),
    *(
        "привет",
        "مرحبا",
        "hello 世界",
        "1" * 80,
        "9" * 12,
        "3.14159e-10",
        "1/0",
        "$" * 50,
        "a" * 400,
    ),
    *("A.B.C.D.", "http://example.com/?q=1&b=2", "a@b.c", "C:\\path\\file", "<b>bold</b>", "NaN"),
    *("hello" * 60, "- - - -", "Mr. Mrs. Dr.", "no,no,no,no", "...and?", "’tis", "x" * 3, "ZZZZ"),
    *("word " * 90, "½ ¾ ∞ √2", "H₂O", "5°C", "#1", "AT&T", "rock 'n' roll", "\r\nhello\r\n", "I"),
]


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts_are_spoken_or_refused(
    model: SpeechModel, voices: VoiceCache, text: str
) -> None:
    request = GenerationRequest.of(text, VOICE, BRIEF)
    last = list(stream(model, request, voices=voices))[-1]
    assert isinstance(last, Done | Failed)
    if isinstance(last, Failed):
        assert last.remedy


@given(st.text(max_size=60))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_text_is_spoken_or_refused(model: SpeechModel, voices: VoiceCache, text: str) -> None:
    request = GenerationRequest.of(text, VOICE, BRIEF)
    assert isinstance(list(stream(model, request, voices=voices))[-1], Done | Failed)


@pytest.mark.parametrize("transcript", ["#", "...", "word " * 3000, "\u0000", "你好"])
def test_awkward_transcripts_are_refused(model: SpeechModel, transcript: str) -> None:
    with pytest.raises(StudioError) as caught:
        prepare(model, Reference(speech_like(2.0), transcript))
    assert caught.value.remedy


@pytest.mark.parametrize(
    "samples",
    [np.zeros(48000), np.full(48000, 1e-9), np.full(48000, 0.7), np.full(48000, 3e38)],
    ids=["zeros", "tiny", "constant", "enormous"],
)
def test_references_without_speech_are_refused(model: SpeechModel, samples: np.ndarray) -> None:
    with pytest.raises(StudioError) as caught:
        prepare(model, Reference(Clip(samples.astype(np.float32), 24000), "hello there"))
    assert caught.value.remedy


def test_a_file_that_shrinks_while_it_is_read_is_no_catastrophe(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(whole_file("WAV", "PCM_16")[:-20000])
    assert 0 < read_clip(path).seconds < 1.5
