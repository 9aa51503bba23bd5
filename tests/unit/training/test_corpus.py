"""Reading corpora: bad rows are told and left out, the rest is prepared, whole or not at all."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from ditar_studio.errors import StudioError
from ditar_studio.training import corpus as corpus_module
from ditar_studio.training.corpus import PreparedCorpus, prepare, read_manifest
from ditar_studio.training.files import unfinished


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
    reported: list[str] = []
    assert prepare(tmp_path / "manifest.jsonl", tmp_path / "out", reported.append) == 2
    assert "speed" in reported[0]
    plain, fast = PreparedCorpus(tmp_path / "out").entries
    assert (plain.audio, fast.audio) == ("a.wav", "a.wav@1.25")
    assert fast.samples == pytest.approx(plain.samples / 1.25, abs=150)
    samples = PreparedCorpus(tmp_path / "out").samples(fast)
    loudest = np.abs(np.fft.rfft(samples[:19_200])).argmax() * 24_000 / 19_200
    assert loudest == pytest.approx(140 * 1.25, abs=2)


def test_clips_are_trimmed_and_levelled_and_long_pauses_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ditar_studio.training.pitch.track_pitch", fake_pitch)
    silence = np.zeros(24_000, np.float32)
    sf.write(tmp_path / "late.wav", np.concatenate([silence, 0.1 * tone(1.0), silence]), 24_000)
    sf.write(tmp_path / "gap.wav", np.concatenate([tone(1.0), silence, tone(1.0)]), 24_000)
    row = {"audio": "late.wav", "text": "one", "speaker": "x"}
    rows = [row, {**row, "audio": "gap.wav"}]
    (tmp_path / "manifest.jsonl").write_text("\n".join(map(json.dumps, rows)))
    reported: list[str] = []
    assert prepare(tmp_path / "manifest.jsonl", tmp_path / "out", reported.append) == 1
    assert "gap.wav" in reported[0]
    assert "pause of 1.0 s" in reported[0]
    corpus = PreparedCorpus(tmp_path / "out")
    samples = corpus.samples(corpus.entries[0])
    assert len(samples) / 24_000 == pytest.approx(1.2, abs=0.05)
    speech = samples[4800:-4800]
    assert 20 * np.log10(speech.std()) == pytest.approx(-23, abs=0.5)


def test_a_text_that_nobody_knows_is_null_and_an_empty_one_is_a_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"audio": "a.wav", "text": None, "speaker": "x"}
    (tmp_path / "m.jsonl").write_text("\n".join(map(json.dumps, [row, {**row, "text": " "}])))
    reported: list[str] = []
    rows = list(read_manifest(tmp_path / "m.jsonl", reported.append))
    assert [r.text for r in rows] == [""]
    assert len(reported) == 1


def test_files_and_tars_are_read_and_bad_rows_reported(
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
    reported: list[str] = []
    assert prepare(manifest, tmp_path / "out", reported.append) == 3
    assert len(reported) == len(bad)

    prepared = PreparedCorpus(tmp_path / "out")
    assert [e.text for e in prepared.entries] == ["one", "two", "three"]
    first, second, third = prepared.entries
    levelled = tone(1.0) * 10 ** (-23 / 20) / tone(1.0).std()
    np.testing.assert_allclose(prepared.samples(first), levelled, atol=1e-4)
    assert second.seconds == pytest.approx(1.2, abs=0.01)
    assert third.seconds == pytest.approx(1.5, abs=0.05)
    assert len(prepared.pitch(third)) == third.samples // corpus_module.PITCH_HOP
    assert len(prepared.samples(first, 600, 1200)) == 1200
    assert {e.speaker for e in PreparedCorpus(tmp_path / "out", frozenset({"x"})).entries} == {"y"}


def test_a_manifest_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="can't be read"):
        list(read_manifest(tmp_path / "none.jsonl", lambda text: None))
    with pytest.raises(StudioError, match="not a prepared corpus"):
        PreparedCorpus(tmp_path)


def manifest_of(folder: Path, clips: int = 5) -> Path:
    rows = []
    for number in range(clips):
        sf.write(folder / f"{number}.wav", tone(0.5 + 0.1 * number), 24_000)
        rows.append({"audio": f"{number}.wav", "text": f"no. {number}", "speaker": "x"})
    rows.insert(2, {**rows[0], "audio": "missing.wav"})
    path = folder / "manifest.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class Interrupting:
    """Tracks pitch until the power goes."""

    def __init__(self, clips: int) -> None:
        self.left = clips

    def __call__(self, samples: np.ndarray, rate: int, hop: int) -> np.ndarray:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return fake_pitch(samples, rate, hop)


def nothing_else(folder: Path) -> None:
    """The process ended between two clips."""


def arrays_are_ahead(folder: Path) -> None:
    """It ended after a clip's samples, before its line of the index."""
    for name in ("pcm.i16", "pitch.f32"):
        with open(folder / name, "ab") as file:
            file.write(b"x" * 1000)


def a_line_is_cut(folder: Path) -> None:
    """It ended within a line of the index."""
    index = (folder / "index.jsonl").read_bytes()
    (folder / "index.jsonl").write_bytes(index[:-9])


def values_are_missing(folder: Path) -> None:
    """The machine lost power, and with it what was not on the disk yet."""
    values = (folder / "pitch.f32").read_bytes()
    (folder / "pitch.f32").write_bytes(values[:-10])


def another_manifest(folder: Path) -> None:
    """What was begun was something else."""
    index = (folder / "index.jsonl").read_text()
    (folder / "index.jsonl").write_text(index.replace("no. 0", "number 0"))


@pytest.mark.parametrize(
    ("damage", "kept"),
    [
        (nothing_else, 3),
        (arrays_are_ahead, 3),
        (a_line_is_cut, 2),
        (values_are_missing, 2),
        (another_manifest, 0),
    ],
)
def test_an_interrupted_preparation_is_refused_and_goes_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Path], None],
    kept: int,
) -> None:
    manifest, out = manifest_of(tmp_path), tmp_path / "out"
    monkeypatch.setattr("ditar_studio.training.pitch.track_pitch", Interrupting(3))
    with pytest.raises(KeyboardInterrupt):
        prepare(manifest, out, lambda _: None)
    with pytest.raises(StudioError, match="was interrupted"):
        PreparedCorpus(out)
    damage(out / "unfinished")

    rest = Interrupting(5 - kept)
    monkeypatch.setattr("ditar_studio.training.pitch.track_pitch", rest)
    assert prepare(manifest, out, lambda _: None) == 5
    assert rest.left == 0, "what was kept was not decoded again"
    monkeypatch.setattr("ditar_studio.training.pitch.track_pitch", fake_pitch)
    prepare(manifest, tmp_path / "at once", lambda _: None)
    assert content(out) == content(tmp_path / "at once")


def test_an_interrupted_second_preparation_leaves_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ditar_studio.training.pitch.track_pitch", fake_pitch)
    prepare(manifest_of(tmp_path, 3), tmp_path / "out", lambda _: None)
    (tmp_path / "out" / "phonemes.v1.json").write_text("{}")
    before = content(tmp_path / "out")
    manifest = manifest_of(tmp_path, 5)
    monkeypatch.setattr("ditar_studio.training.pitch.track_pitch", Interrupting(4))
    with pytest.raises(KeyboardInterrupt):
        prepare(manifest, tmp_path / "out", lambda _: None)
    assert len(PreparedCorpus(tmp_path / "out").entries) == 3
    assert {name: (tmp_path / "out" / name).read_bytes() for name in before} == before
    monkeypatch.setattr("ditar_studio.training.pitch.track_pitch", fake_pitch)
    prepare(manifest, tmp_path / "out", lambda _: None)
    assert len(PreparedCorpus(tmp_path / "out").entries) == 5
    assert not (tmp_path / "out" / "phonemes.v1.json").exists(), "of the corpus before"


@pytest.mark.parametrize(
    ("name", "cut"),
    [("index.jsonl", -150), ("index.jsonl", -9), ("pcm.i16", -2), ("pitch.f32", -4)],
)
def test_a_corpus_that_is_not_whole_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, cut: int
) -> None:
    monkeypatch.setattr("ditar_studio.training.pitch.track_pitch", fake_pitch)
    prepare(manifest_of(tmp_path), tmp_path / "out", lambda _: None)
    path = tmp_path / "out" / name
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(StudioError, match="not complete"):
        PreparedCorpus(tmp_path / "out")


def test_a_corpus_of_nothing_is_an_error(tmp_path: Path) -> None:
    row = {"audio": "missing.wav", "text": "one", "speaker": "x"}
    (tmp_path / "manifest.jsonl").write_text(json.dumps(row))
    with pytest.raises(StudioError, match="No clip"):
        prepare(tmp_path / "manifest.jsonl", tmp_path / "out", lambda _: None)
    with pytest.raises(StudioError):
        PreparedCorpus(tmp_path / "out")


def test_only_line_feeds_end_a_row(tmp_path: Path) -> None:
    row = {"audio": "a.wav", "text": "one\u2028two\u0085three", "speaker": "x"}
    path = tmp_path / "manifest.jsonl"
    path.write_bytes((json.dumps(row, ensure_ascii=False) + "\r\n" + "[" * 100_000).encode())
    reported: list[str] = []
    assert [read.text for read in read_manifest(path, reported.append)] == [row["text"]]
    assert len(reported) == 1


def test_two_preparations_into_one_folder_do_not_mix(tmp_path: Path) -> None:
    second = unfinished(tmp_path, "index.jsonl")
    with unfinished(tmp_path, "index.jsonl"), pytest.raises(StudioError, match="Another program"):
        second.__enter__()
    with unfinished(tmp_path, "index.jsonl"):
        pass
