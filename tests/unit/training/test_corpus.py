"""Reading corpora: bad rows are told and left out, the rest is prepared."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from ditar_studio.errors import StudioError
from ditar_studio.training import corpus as corpus_module
from ditar_studio.training.corpus import PreparedCorpus, prepare, read_manifest


def tone(seconds: float, rate: int = 24_000) -> np.ndarray:
    return (0.2 * np.sin(np.arange(int(seconds * rate)) * 2 * np.pi * 140 / rate)).astype("f4")


def fake_pitch(samples: np.ndarray, rate: int, hop: int) -> np.ndarray:
    return np.full(len(samples) // hop, 140.0, np.float32)


def test_another_speed_makes_another_speaker_of_a_clip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ditar_studio.training.pitch.track_pitch", fake_pitch)
    sf.write(tmp_path / "a.wav", tone(1.0), 24_000)
    row = {"audio": "a.wav", "text": "one", "speaker": "x"}
    rows = [row, {**row, "speaker": "x@1.25", "speed": 1.25}, {**row, "speed": 9}]
    (tmp_path / "manifest.jsonl").write_text("\n".join(map(json.dumps, rows)))
    told: list[str] = []
    assert prepare(tmp_path / "manifest.jsonl", tmp_path / "out", told.append) == 2
    assert "speed" in told[0]
    plain, fast = PreparedCorpus(tmp_path / "out").entries
    assert (plain.audio, fast.audio) == ("a.wav", "a.wav@1.25")
    assert fast.samples == pytest.approx(plain.samples / 1.25, abs=150)
    samples = PreparedCorpus(tmp_path / "out").samples(fast)
    loudest = np.abs(np.fft.rfft(samples[:19_200])).argmax() * 24_000 / 19_200
    assert loudest == pytest.approx(140 * 1.25, abs=2)


def test_files_and_tars_are_read_and_bad_rows_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ditar_studio.training.pitch.track_pitch", fake_pitch)
    sf.write(tmp_path / "a.wav", tone(1.0), 24_000)
    stereo = np.stack([tone(1.2, 16_000)] * 2, axis=1)
    sf.write(tmp_path / "b.flac", stereo, 16_000)
    (tmp_path / "broken.wav").write_bytes(b"RIFF....")
    opus = io.BytesIO()
    sf.write(opus, tone(1.5), 24_000, format="OGG", subtype="OPUS")
    with tarfile.open(tmp_path / "pack.tar", "w") as tar:
        info = tarfile.TarInfo("pack/c.opus")
        info.size = len(opus.getvalue())
        tar.addfile(info, io.BytesIO(opus.getvalue()))
    good = [
        {"audio": "a.wav", "text": "one", "speaker": "x"},
        {"audio": "b.flac", "text": "two", "speaker": "y"},
        {"audio": "pack/c.opus", "text": "three", "speaker": "x", "source": "pack"},
    ]
    bad = [
        "{",
        json.dumps({"audio": "a.wav", "text": "no speaker"}),
        json.dumps({"audio": "a.wav", "text": " ", "speaker": "x"}),
        json.dumps({"audio": 3, "text": "t", "speaker": "x"}),
        json.dumps({"audio": "none.wav", "text": "t", "speaker": "x"}),
        json.dumps({"audio": "broken.wav", "text": "t", "speaker": "x"}),
        json.dumps({"audio": "pack/none.opus", "text": "t", "speaker": "x", "source": "pack"}),
    ]
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text("\n".join([*bad, *map(json.dumps, good)]))
    told: list[str] = []
    assert prepare(manifest, tmp_path / "out", told.append) == 3
    assert len(told) == len(bad)

    prepared = PreparedCorpus(tmp_path / "out")
    assert [e.text for e in prepared.entries] == ["one", "two", "three"]
    first, second, third = prepared.entries
    np.testing.assert_allclose(prepared.samples(first), tone(1.0), atol=1e-4)
    assert second.seconds == pytest.approx(1.2, abs=0.01)
    assert third.seconds == pytest.approx(1.5, abs=0.05)
    assert len(prepared.pitch(third)) == third.samples // corpus_module.PITCH_HOP
    assert len(prepared.samples(first, 600, 1200)) == 1200
    assert {e.speaker for e in PreparedCorpus(tmp_path / "out", frozenset({"x"})).entries} == {"y"}


def test_a_manifest_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="can't be read"):
        list(read_manifest(tmp_path / "none.jsonl", lambda text: None))
    with pytest.raises(StudioError, match="not a prepared corpus"):
        PreparedCorpus(tmp_path)
