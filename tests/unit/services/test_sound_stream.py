"""Sound files whose bytes come while their samples do."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from speech import recording

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.watermark import detect
from ditar_studio.services.sound_stream import Format, SoundStream

SECONDS = 2.0


def _tone(rate: int) -> np.ndarray:
    time = np.arange(round(SECONDS * rate)) / rate
    tone: np.ndarray = (0.3 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    return tone


def _encoded(kind: Format, rate: int, piece: int, whole: bool = False) -> tuple[list[bytes], int]:
    stream = SoundStream(kind, rate, "Anna", whole)
    samples = _tone(rate)
    parts = [stream.feed(samples[at : at + piece]) for at in range(0, len(samples), piece)]
    return [*parts, stream.finish()], stream.rate


@pytest.mark.parametrize("kind", ["mp3", "opus", "flac", "wav"])
@pytest.mark.parametrize("rate", [16_000, 24_000, 44_100])
def test_the_tone_is_in_the_file(kind: Format, rate: int) -> None:
    parts, given = _encoded(kind, rate, rate // 10, whole=kind == "flac")
    samples, heard = soundfile.read(io.BytesIO(b"".join(parts)))
    assert heard == (48_000 if (kind, rate) == ("opus", 44_100) else rate) == given
    assert len(samples) / heard == pytest.approx(SECONDS, abs=0.15)
    middle = samples[heard // 2 : heard // 2 + heard]
    spectrum = np.abs(np.fft.rfft(middle))
    assert np.argmax(spectrum) == pytest.approx(440, abs=1)


@pytest.mark.parametrize("rate", [16_000, 24_000, 48_000])
def test_pcm_has_openai_s_rate(rate: int) -> None:
    parts, given = _encoded("pcm", rate, 1000)
    assert given == 24_000
    assert sum(map(len, parts)) / 2 == pytest.approx(SECONDS * 24_000, abs=2)


@pytest.mark.parametrize("kind", ["mp3", "opus", "flac", "wav", "pcm"])
def test_bytes_come_with_the_samples(kind: Format) -> None:
    parts, _ = _encoded(kind, 24_000, 2400)
    arrived = np.cumsum([len(part) for part in parts])
    # Half a second after half of the sound, half of the bytes are there.
    assert arrived[len(parts) * 3 // 4] > arrived[-1] / 2


@pytest.mark.parametrize("kind", ["mp3", "opus", "flac", "wav"])
def test_the_file_says_what_it_is(kind: Format) -> None:
    whole = kind == "flac"
    parts, _ = _encoded(kind, 24_000, 2400, whole)
    assert whole == (not any(parts[:-1]))
    with soundfile.SoundFile(io.BytesIO(b"".join(parts))) as file:
        assert file.comment.startswith("Synthetic speech")
        assert file.artist == "Anna"


@pytest.mark.parametrize("kind", ["mp3", "opus", "flac", "wav", "pcm"])
def test_what_is_sent_has_the_watermark_unless_it_is_not_wanted(kind: Format) -> None:
    speech = recording()
    for wanted in (True, False):
        stream = SoundStream(kind, speech.sample_rate, "Emma", kind == "flac", wanted)
        data = stream.feed(speech.samples) + stream.finish()
        if kind == "pcm":
            samples = np.frombuffer(data, "<i2").astype(np.float32) / 32768
        else:
            samples, _ = soundfile.read(io.BytesIO(data), dtype="float32")
        assert detect(Clip(samples, stream.rate)).found is wanted
