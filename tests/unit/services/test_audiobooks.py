"""Books out: chapters in one file or a file each, covers, loudness, ACX, words with their times."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from documents import PNG

from ditar_studio.assets import asset
from ditar_studio.audio.clips.files import read_clip
from ditar_studio.audio.clips.limiter import limit
from ditar_studio.errors import StudioError
from ditar_studio.services import acx, m4b
from ditar_studio.services.export import export
from ditar_studio.services.export_plan import Piece, Plan, plan
from ditar_studio.services.export_settings import ExportSettings
from ditar_studio.services.metadata import ChapterMark, Tags, open_recipe
from ditar_studio.services.subtitles import timed_cues, word_cues
from ditar_studio.store.library import Library
from ditar_studio.store.project import NewLine
from ditar_studio.store.recipe import Recipe
from ditar_studio.store.spoken_word import SpokenWord

RATE = 24000
WORDS = (SpokenWord(1, 6, 0.1, 0.4), SpokenWord(8, 13, 0.4, 0.9))
TEXT = "“Hello, world!”"


def speech(seconds: float, level: float = 0.1, seed: int = 0, rate: int = RATE) -> np.ndarray:
    """Noise in syllables, with a quiet breath at its beginning and end."""
    times = np.arange(round(rate * seconds)) / rate
    noise = np.random.default_rng(seed).normal(size=len(times))
    envelope = np.clip(np.sin(2 * np.pi * 3 * times), 0, 1) ** 2
    envelope[: rate // 20] = envelope[-rate // 20 :] = 0
    return (level * envelope * noise).astype(np.float32)


@pytest.fixture
def book(tmp_path: Path) -> Plan:
    """Two chapters of two lines, a second each, with silences of half a second."""
    pieces = []
    for number, section in enumerate(("One", "", "Zwei: ü", ""), start=1):
        path = tmp_path / f"take{number}.wav"
        soundfile.write(path, speech(1.0, seed=number), RATE, subtype="FLOAT")
        recipe = Recipe("builtin", "m", "v", "Anna", "h", TEXT, {})
        pieces.append(Piece(number, path, TEXT, "Anna", 0.5, recipe, section, WORDS))
    return Plan("Book", tuple(pieces), (), ())


def boxes(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The boxes in an MP4 file, those within others too, with their paths."""
    at = 0
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        start = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", content, start)
            start += 8
        name = kind.decode("latin-1")
        inside = content[start : at + size]
        yield name, inside
        if name in ("moov", "trak", "mdia", "minf", "stbl", "udta", "ilst"):
            for path, rest in boxes(inside):
                yield f"{name}/{path}", rest
        elif name == "meta":
            for path, rest in boxes(inside[4:]):
                yield f"{name}/{path}", rest
        at += size


@pytest.mark.parametrize("lossless", [False, True])
def test_an_m4b_has_sound_chapters_cover_and_tags(tmp_path: Path, lossless: bool) -> None:
    wave = speech(5.0, rate=44100)
    wave = np.convolve(wave, np.hanning(60) / 30, "same").astype(np.float32)
    tags = Tags(
        "Täg", "Anna", "c", "Ann", "Album", None, PNG,
        (ChapterMark("One", 0.0), ChapterMark("Two ü", 2.5)),
    )  # fmt: skip
    path = tmp_path / "a.m4b"
    blocks = iter([wave[:1000], wave[1000:90_000], wave[90_000:]])
    assert m4b.write_m4b(path, 44100, tags, blocks, lossless) == len(wave)
    found = dict(boxes(path.read_bytes()))
    assert found["ftyp"].startswith(b"M4B ")
    assert PNG in found["moov/udta/meta/ilst/covr"]
    assert "Täg".encode() in found["moov/udta/meta/ilst/\xa9nam"]
    nero = found["moov/udta/chpl"]
    assert nero[8] == 2
    assert struct.unpack_from(">Q", nero, 9) == (0,)
    assert struct.unpack_from(">Q", nero, 9 + 9 + 3) == (25_000_000,)
    text_track = path.read_bytes()
    assert b"Two \xc3\xbc\0\0\0\x0cencd" in text_track
    av = pytest.importorskip("av", reason="decoding MP4 needs PyAV, which is optional")
    with av.open(str(path)) as container:
        assert [c["metadata"]["title"] for c in container.chapters()] == ["One", "Two ü"]
        frames = [frame.to_ndarray().ravel() for frame in container.decode(audio=0)]
    heard = np.concatenate(frames).astype(np.float64)
    assert np.corrcoef(wave, heard[: len(wave)])[0, 1] > (0.9999 if lossless else 0.99)


@pytest.mark.skipif(not m4b.has_aac(), reason="AAC is an extra")
def test_an_m4b_sounds_like_what_went_in(tmp_path: Path) -> None:
    said = read_clip(asset("voices", "emma.flac"))
    m4b.write_m4b(tmp_path / "a.m4b", RATE, Tags("One", "Emma", ""), iter([said.samples]))
    heard = read_clip(tmp_path / "a.m4b")
    assert heard.sample_rate == RATE
    count = min(len(heard.samples), len(said.samples))
    assert np.corrcoef(heard.samples[:count], said.samples[:count])[0, 1] > 0.995


def test_an_m4b_of_a_project_has_its_chapters_and_its_recipe(book: Plan, tmp_path: Path) -> None:
    cover = tmp_path / "c.png"
    cover.write_bytes(PNG)
    settings = ExportSettings(format="m4b", title="The Book", author="Ann", cover=str(cover))
    (path,) = export(book, tmp_path / "out", settings).files
    found = dict(boxes(path.read_bytes()))
    assert b"Zwei: \xc3\xbc" in found["moov/udta/chpl"]
    assert b"The Book" in found["moov/udta/meta/ilst/\xa9nam"]
    assert len(open_recipe(path)) == 4


def test_an_mp3_has_chapters_and_cover_as_id3_frames(book: Plan, tmp_path: Path) -> None:
    cover = tmp_path / "c.png"
    cover.write_bytes(PNG)
    settings = ExportSettings(format="mp3", author="Ann", cover=str(cover))
    (path,) = export(book, tmp_path / "out", settings).files
    head = path.read_bytes()[:4000]
    assert head.count(b"CHAP") == 2
    second = head.index(b"CHAP", head.index(b"CHAP") + 4) + 10
    assert head[second : second + 5] == b"chp1\0"
    assert struct.unpack_from(">II", head, second + 5) == (3000, 5500)
    assert PNG in head
    assert b"TPE1" in head
    assert read_clip(path).seconds == pytest.approx(5.5, abs=0.1)


def test_each_chapter_gets_a_file_of_its_own(book: Plan, tmp_path: Path) -> None:
    settings = ExportSettings(format="wav16", layout="per_chapter", subtitles=("srt",))
    made = export(book, tmp_path / "out", settings).files
    assert [path.name for path in made] == [
        *("Book 01 One.wav", "Book 02 Zwei ü.wav", "Book 01 One.srt", "Book 02 Zwei ü.srt"),
    ]
    assert read_clip(made[0]).seconds == pytest.approx(2.5)
    assert "00:00:01,600 --> " in made[2].read_text("utf-8")


def test_words_have_their_times_in_subtitles_and_json(book: Plan, tmp_path: Path) -> None:
    settings = ExportSettings(
        format="wav16", subtitles=("srt", "vtt", "json"), by_word=True, speed=2.0
    )
    _, srt, vtt, words = export(book, tmp_path / "out", settings).files
    assert srt.read_text("utf-8").startswith(
        "1\n00:00:00,050 --> 00:00:00,200\n“Hello,\n\n2\n00:00:00,200 --> 00:00:00,450\nworld!”\n"
    )
    assert "<v Anna>world!”" in vtt.read_text("utf-8")
    lines = json.loads(words.read_text("utf-8"))["lines"]
    assert lines[1]["words"][1] == {"word": "world", "start": 1.2, "end": 1.45}


def test_cues_of_a_line_follow_its_words() -> None:
    text = " ".join(["wordy"] * 30)
    times = [SpokenWord(6 * n, 6 * n + 5, n / 2, n / 2 + 0.5) for n in range(30)]
    cues = timed_cues(10.0, text, times)
    assert " ".join(" ".join(cue.text.split()) for cue in cues) == text
    assert all(len(row) <= 42 for cue in cues for row in cue.text.split("\n"))
    assert (cues[0].start, cues[-1].end) == (10.0, 25.0)
    assert cues[1].start == cues[0].end
    assert [len(cue.text.split()) for cue in cues] == [10, 10, 10]  # 14, 14 and 2 have room
    text = "This is a sentence that has room for a row."
    times = [SpokenWord(m.start(), m.end(), 0.1, 0.2) for m in re.finditer(r"[\w]+", text)]
    assert timed_cues(0.0, text, times)[0].text == "This is a sentence that\nhas room for a row."
    assert "".join(c.text for c in word_cues(0, TEXT, WORDS)) == "“Hello,world!”"


def test_what_acx_demands_is_made_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    soundfile.write(path, speech(20.0), RATE, subtype="FLOAT")
    recipe = Recipe("builtin", "m", "v", "Anna", "h", "x", {})
    what = Plan("Book", (Piece(1, path, "x", "Anna", 0.0, recipe, "One"),), (), ())
    settings = ExportSettings(format="mp3", layout="per_chapter", standard="acx")
    made = export(what, tmp_path / "out", settings)
    ((checked, checks),) = made.checks
    assert checked == made.files[0]
    assert {check.demand for check in checks} == {
        *("loudness", "peak", "noise", "rate", "channels", "length", "head", "tail", "bit_rate"),
    }
    assert [check for check in checks if not check.passed] == []
    soundfile.write(path, speech(20.0, 0.3) + 0.01, RATE, subtype="FLOAT")
    failed = {check.demand for check in acx.check(path) if not check.passed}
    assert {"noise", "rate", "head", "tail"} <= failed
    with pytest.raises(StudioError, match="MP3 only"):
        ExportSettings(format="opus", standard="acx")


def test_a_loudness_that_peaks_stand_in_the_way_of_is_reached_by_limiting(tmp_path: Path) -> None:
    wave = speech(5.0, 0.1)
    wave[30_000:30_010] = 0.9
    path = tmp_path / "take.wav"
    soundfile.write(path, wave, RATE, subtype="FLOAT")
    recipe = Recipe("builtin", "m", "v", "Anna", "h", "x", {})
    what = Plan("Book", (Piece(1, path, "x", "Anna", 0.0, recipe),), (), ())
    settings = ExportSettings(format="wav32f", loudness=-23.0, watermark=False)
    made = export(what, tmp_path / "out", settings)
    samples = read_clip(made.files[0]).samples
    assert not made.limited
    assert np.abs(samples).max() <= 10 ** (-1 / 20) + 1e-4
    assert np.corrcoef(samples[40_000:], wave[40_000:])[0, 1] > 0.9999


def test_a_limiter_leaves_what_is_low_enough_alone() -> None:
    wave = speech(1.0, 0.1)
    wave[12_000] = 1.5
    limited = limit(wave, RATE, 0.9)
    assert np.abs(limited).max() <= 0.9
    assert np.array_equal(limited[:11_000], wave[:11_000])
    assert np.array_equal(limited[13_000:], wave[13_000:])
    assert limit(limited, RATE, 0.9) is limited
    assert len(limit(np.zeros(0, np.float32), RATE, 0.9)) == 0


def test_chapters_of_lines_that_are_not_spoken_begin_with_the_next_one(tmp_path: Path) -> None:
    with Library(tmp_path / "library") as library:
        project = library.projects.create("P").value
        lines = [NewLine("a", section="One"), NewLine("b"), NewLine("c", section="Two")]
        made = library.lines.add(project.id, lines).value
        recipe = Recipe("builtin", "m", None, "", "", "b", {})
        take = library.takes.begin(project.id, made[1].id, recipe).value
        soundfile.write(take.path, speech(0.2), RATE)
        library.takes.finish(take.id, words=WORDS)
        (piece,) = plan(library, project.id).pieces
    assert (piece.section, piece.words) == ("One", WORDS)


@pytest.mark.parametrize("content", [b"GIF89a", None])
def test_a_cover_that_is_none_is_reported(
    book: Plan, tmp_path: Path, content: bytes | None
) -> None:
    cover = tmp_path / "c.gif"
    if content is not None:
        cover.write_bytes(content)
    with pytest.raises(StudioError, match="cover"):
        export(book, tmp_path / "out", ExportSettings(format="m4b", cover=str(cover)))
