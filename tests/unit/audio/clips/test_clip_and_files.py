from __future__ import annotations

import io as memory
import os
import signal
import subprocess
import sys
import textwrap
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.files import StreamingWavWriter, read_clip
from ditar_studio.errors import StudioError


def tone(rate: int, seconds: float = 0.5, hertz: float = 440.0) -> np.ndarray:
    return (0.4 * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype("f4")


@pytest.mark.parametrize("rate", [8000, 11127, 16000, 22050, 44100, 48000])
def test_resampling_keeps_a_tone_and_its_length(rate: int) -> None:
    clip = Clip(tone(rate), rate).resample(24000)
    assert clip.sample_rate == 24000
    assert len(clip.samples) == int(np.ceil(int(rate * 0.5) * 24000 / rate))
    inner = slice(500, 11000)
    assert np.abs(clip.samples[inner] - tone(24000)[inner]).max() < 2e-3


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.wav", {"subtype": "PCM_16"}),
        ("a.wav", {"subtype": "FLOAT"}),
        ("a.flac", {}),
        ("a.ogg", {"format": "OGG", "subtype": "VORBIS"}),
        ("a.opus", {"format": "OGG", "subtype": "OPUS"}),
        ("a.mp3", {}),
        ("a.aiff", {}),
        ("a.rf64", {"format": "RF64"}),
    ],
)
def test_reads_what_libsndfile_reads_and_mixes_to_mono(
    tmp_path: Path, name: str, options: dict[str, str]
) -> None:
    left = tone(48000, 1.0)
    soundfile.write(tmp_path / name, np.stack([left, 0.5 * left], 1), 48000, **options)
    clip = read_clip(tmp_path / name)
    assert clip.sample_rate == 48000
    assert clip.seconds == pytest.approx(1.0, abs=0.06)
    assert clip.rms == pytest.approx(0.75 * 0.4 / np.sqrt(2), rel=0.05)


def test_a_clip_is_one_row_of_finite_numbers_at_a_real_rate() -> None:
    for samples, rate in [
        (np.zeros((2, 5)), 24000),
        (np.array([0.0, np.nan]), 24000),
        (np.array([np.inf]), 24000),
        (np.zeros(5), 0),
        (np.zeros(5), -1),
    ]:
        with pytest.raises(StudioError) as caught:
            Clip(samples.astype("f4"), rate)
        assert caught.value.remedy


def test_a_clip_cannot_be_changed_behind_its_back() -> None:
    clip = Clip(np.zeros(5, np.float32), 24000)
    with pytest.raises(ValueError, match="read-only"):
        clip.samples[0] = 1


def test_cut_clamps_to_the_ends() -> None:
    clip = Clip(np.arange(100, dtype=np.float32), 1000)
    assert list(clip.cut(0.01, 0.013).samples) == [10, 11, 12]
    assert len(clip.cut(-1, 9).samples) == 100
    assert len(clip.cut(0.5, 0.2).samples) == 0


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_the_growing_wav_is_whole_after_every_append(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "out.wav"
    sound = tone(24000, 1.0)
    step = {"PCM_16": 2**-15, "PCM_24": 2**-23, "FLOAT": 0.0}[subtype]
    with StreamingWavWriter(path, 24000, subtype) as writer:  # type: ignore[arg-type]
        assert soundfile.info(path).frames == 0
        for start in range(0, 24000, 2400):
            writer.append(sound[start : start + 2400])
            back, rate = soundfile.read(path, dtype="float32")
            assert rate == 24000
            assert len(back) == start + 2400
            assert np.abs(back - sound[: start + 2400]).max() <= step / 2
    assert writer.seconds == 1.0
    assert soundfile.info(path).subtype == subtype


def test_pcm_is_readable_by_the_standard_library_and_clipped_not_wrapped(tmp_path: Path) -> None:
    with StreamingWavWriter(tmp_path / "a.wav", 24000) as writer:
        writer.append(np.array([2.0, -2.0, 0.0], np.float32))
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert np.frombuffer(file.readframes(3), "<i2").tolist() == [32767, -32768, 0]


def test_the_comment_is_in_the_metadata_and_not_in_the_sound(tmp_path: Path) -> None:
    for comment in ("odd", "even"):
        with StreamingWavWriter(tmp_path / "a.wav", 24000, comment=comment) as writer:
            writer.append(tone(24000))
        with soundfile.SoundFile(tmp_path / "a.wav") as file:
            assert file.comment == comment
            assert np.abs(file.read(dtype="float32") - tone(24000)).max() < 2**-15


def test_the_wav_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "killed.wav"
    script = textwrap.dedent(
        f"""
        import numpy, sys
        from ditar_studio.audio.clips.files import StreamingWavWriter
        writer = StreamingWavWriter({str(path)!r}, 24000)
        for number in range(7):
            writer.append(numpy.full(2400, number / 10, "f4"))
        print("written", flush=True)
        sys.stdin.read()
        """
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdin is not None
    child.stdout.readline()
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    child.stdin.close()
    clip = read_clip(path)
    assert clip.seconds == pytest.approx(0.7)
    assert clip.samples[-1] == pytest.approx(0.6, abs=1e-4)


def test_writing_where_nothing_can_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="can't be written"):
        StreamingWavWriter(tmp_path / "no" / "a.wav", 24000)
    with pytest.raises(StudioError, match="sample format"):
        StreamingWavWriter(tmp_path / "a.wav", 24000, "MU_LAW")  # type: ignore[arg-type]


def encoded(format: str, subtype: str | None = None) -> bytes:
    buffer = memory.BytesIO()
    soundfile.write(buffer, tone(24000, 1.0), 24000, format=format, subtype=subtype)
    return buffer.getvalue()


def broken_files() -> dict[str, bytes]:
    """Files that can't be read as sound, by the name they get."""
    cases: dict[str, bytes] = {
        "empty.wav": b"",
        "text.wav": b"This is not sound at all.\n" * 40,
        "zeros.flac": bytes(4096),
        "binary.mp3": np.random.default_rng(0).bytes(3000),
        "raw.raw": bytes(4000),
        "riff_only.wav": b"RIFF\x00\x00\x00\x00WAVE",
        "json.wav": b'{"samples": [0, 1]}',
    }
    wav = encoded("WAV")
    cases["zero_hertz.wav"] = wav[:24] + bytes(4) + wav[28:]
    cases["absurd_rate.wav"] = wav[:24] + b"\xff\xff\xff\x7f" + wav[28:]
    cases["no_channels.wav"] = wav[:22] + bytes(2) + wav[24:]
    cases["no_data.wav"] = wav[:36]
    for kind, subtype in [("FLAC", None), ("OGG", "VORBIS"), ("WAV", None), ("AIFF", None)]:
        whole = encoded(kind, subtype)
        for length in (1, 4, 11, 20, 30):
            cases[f"truncated_{length}.{kind.lower()}"] = whole[:length]
    floats = encoded("WAV", "FLOAT")
    data = floats.index(b"data") + 8
    for name, bad in [("nan", b"\x00\x00\xc0\x7f"), ("infinity", b"\x00\x00\x80\x7f")]:
        cases[f"{name}.wav"] = floats[:data] + bad + floats[data + 4 :]
    return cases


@pytest.mark.parametrize("name", sorted(broken_files()))
def test_broken_files_are_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(broken_files()[name])
    with pytest.raises(StudioError) as caught:
        read_clip(path)
    assert name in caught.value.message
    assert caught.value.message.count("\n") == 0
    assert caught.value.remedy


def test_folders_missing_files_and_long_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="folder"):
        read_clip(tmp_path)
    with pytest.raises(StudioError, match="no file"):
        read_clip(tmp_path / "missing.wav")
    with pytest.raises(StudioError, match="ordinary file"):
        read_clip("/dev/null")
    soundfile.write(tmp_path / "long.wav", tone(8000, 3.0), 8000)
    with pytest.raises(StudioError, match=r"3\.0 s long; at most 2\.0 s"):
        read_clip(tmp_path / "long.wav", max_seconds=2.0)
