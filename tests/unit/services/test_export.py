"""Export: the right sound in every format and layout, one gain, tags, recipes, all or nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from speech import recording

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.files import read_clip
from ditar_studio.audio.clips.loudness import loudness
from ditar_studio.audio.clips.watermark import detect
from ditar_studio.errors import StudioError
from ditar_studio.services import metadata
from ditar_studio.services.encoding import true_peak
from ditar_studio.services.export import export
from ditar_studio.services.export_plan import Piece, Plan, plan, plan_takes
from ditar_studio.services.export_settings import ExportSettings, Layout
from ditar_studio.services.export_tracks import file_names
from ditar_studio.services.formats import ENCODINGS, Format
from ditar_studio.store.library import Library
from ditar_studio.store.project import NewLine
from ditar_studio.store.recipe import Recipe
from ditar_studio.store.spoken_word import SpokenWord
from ditar_studio.store.take import Take

RATE = 24000
READABLE = [name for name in ENCODINGS if name != "m4b"]  # which libsndfile doesn't read


def _recipe(text: str) -> Recipe:
    return Recipe("builtin", "m", "v", "Anna", "h", text, {"seed": 7, "temperature": 0.5})


def _tone(seconds: float, hertz: float, level: float = 0.1, rate: int = RATE) -> np.ndarray:
    times = np.arange(round(rate * seconds)) / rate
    return (level * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


@pytest.fixture
def what(tmp_path: Path) -> Plan:
    """Three lines: Anna 1 s, pause 0.5 s, Bert 0.75 s much quieter, pause 0.25 s, Anna 0.5 s."""
    pieces = []
    for number, (speaker, seconds, pause, level) in enumerate(
        [("Anna", 1.0, 0.5, 0.1), ("Bért", 0.75, 0.25, 0.02), ("Anna", 0.5, 3.0, 0.1)], start=1
    ):
        path = tmp_path / f"take{number}.wav"
        soundfile.write(path, _tone(seconds, 200 * number, level), RATE, subtype="FLOAT")
        text = f"This is line {number} — „naïve“."
        pieces.append(Piece(number, path, text, speaker, pause, _recipe(text)))
    return Plan("My: Book?", tuple(pieces), (), ())


@pytest.mark.parametrize("format", READABLE)
def test_each_format_holds_the_sound_the_mark_and_the_recipe(
    what: Plan, tmp_path: Path, format: Format
) -> None:
    out = export(what, tmp_path / "out", ExportSettings(format=format))
    (path,) = out.files
    assert path.name == f"My Book{ENCODINGS[format].suffix}"
    clip = read_clip(path)
    assert clip.sample_rate == RATE
    assert clip.seconds == pytest.approx(3.0, abs=0.03)
    reference = np.zeros(3 * RATE, np.float32)
    for start, piece in zip((0, 1.5, 2.5), what.pieces, strict=True):
        first = round(start * RATE)
        samples = read_clip(piece.path).samples
        reference[first : first + len(samples)] = samples
    likeness = np.corrcoef(reference, clip.samples[: len(reference)])[0, 1]
    assert likeness > 0.99
    with soundfile.SoundFile(path) as file:
        assert file.title == "My: Book?"
        assert file.artist == "Anna, Bért"
        assert file.comment.startswith("Synthetic speech, made with DiTAR Studio")
    assert metadata.open_recipe(path) == [piece.recipe for piece in what.pieces]


@pytest.mark.parametrize("format", READABLE)
def test_takes_without_speaker_or_text_are_exported_too(
    what: Plan, tmp_path: Path, format: Format
) -> None:
    piece = Piece(1, what.pieces[0].path, "", "", 0.0, _recipe(""))
    settings = ExportSettings(format=format, layout="per_line")
    out = export(Plan("", (piece,), (), ()), tmp_path / "out", settings)
    assert metadata.open_recipe(out.files[0]) == [piece.recipe]


def test_wav_is_bit_exact_where_nothing_has_to_change(what: Plan, tmp_path: Path) -> None:
    settings = ExportSettings(format="wav32f", layout="per_line", watermark=False)
    out = export(what, tmp_path / "out", settings)
    for piece, path in zip(what.pieces, out.files, strict=True):
        np.testing.assert_array_equal(read_clip(path).samples, read_clip(piece.path).samples)
    assert out.gain_db == 0.0


def test_lines_are_named_by_the_template(what: Plan, tmp_path: Path) -> None:
    settings = ExportSettings(layout="per_line", name="{number} {speaker} - {text} s{seed}")
    out = export(what, tmp_path / "out", settings)
    assert [path.name for path in out.files] == [
        "01 Anna - This is line 1 — „naïve“. s7.wav",
        "02 Bért - This is line 2 — „naïve“. s7.wav",
        "03 Anna - This is line 3 — „naïve“. s7.wav",
    ]
    same = ExportSettings(layout="per_line", name="line")
    names = [path.name for path in export(what, tmp_path / "same", same).files]
    assert names == ["line 01.wav", "line 02.wav", "line 03.wav"]


@pytest.mark.parametrize("layout", ["one_file", "per_line", "per_chapter", "stems"])
@pytest.mark.parametrize("template", ["", "take", "{speaker}", "{chapter} {text}"])
def test_names_tell_files_apart_and_are_known_before(
    what: Plan, tmp_path: Path, layout: Layout, template: str
) -> None:
    first, second, third = what.pieces
    pieces = first, replace(second, section="Two"), replace(third, section="Two")
    what = replace(what, pieces=pieces)
    settings = ExportSettings(layout=layout, name=template)
    made = [path.name for path in export(what, tmp_path / "out", settings).files]
    assert len({name.casefold() for name in made}) == len(made)
    assert file_names(what, settings, 10) == (made, len(made))
    assert file_names(what, settings, 2) == (made[:2], len(made))
    if layout == "stems" and template == "take":
        assert made == ["take Anna.wav", "take Bért.wav"]


def test_stems_are_as_long_as_the_whole_and_add_up_to_it(what: Plan, tmp_path: Path) -> None:
    plain = ExportSettings(format="wav32f", watermark=False)
    whole = export(what, tmp_path / "a", plain).files[0]
    stems = export(what, tmp_path / "b", replace(plain, layout="stems")).files
    assert [path.name for path in stems] == ["My Book Anna.wav", "My Book Bért.wav"]
    total = sum(read_clip(path).samples for path in stems)
    np.testing.assert_allclose(total, read_clip(whole).samples, atol=1e-7)
    assert [recipe.text for recipe in metadata.open_recipe(stems[1])] == [what.pieces[1].text]


def test_one_gain_brings_the_project_to_its_loudness(what: Plan, tmp_path: Path) -> None:
    settings = ExportSettings(format="wav24", layout="per_line", loudness=-20.0, watermark=False)
    out = export(what, tmp_path / "out", settings)
    gains = [
        read_clip(path).rms / read_clip(piece.path).rms
        for piece, path in zip(what.pieces, out.files, strict=True)
    ]
    assert gains == pytest.approx([10 ** (out.gain_db / 20)] * 3, rel=1e-3)
    whole = export(what, tmp_path / "whole", ExportSettings(loudness=-20.0))
    assert loudness(read_clip(whole.files[0])) == pytest.approx(-20.0, abs=0.1)
    assert not whole.limited


def test_the_gain_never_clips_even_between_samples(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    sound = _tone(1.0, 200, 0.02)
    times = np.arange(2400)
    burst = 0.9 * np.hanning(2400) * np.sin(np.pi * times / 2 + np.pi / 4)
    sound[6000:8400] += burst.astype(np.float32)
    soundfile.write(path, sound, RATE, subtype="FLOAT")
    what = Plan("P", (Piece(1, path, "x", "", 0.0, _recipe("x")),), (), ())
    out = export(what, tmp_path / "out", ExportSettings(loudness=-5.0, watermark=False))
    assert out.limited
    assert read_clip(out.files[0]).peak == pytest.approx(10 ** (-1 / 20) / np.sqrt(2), rel=0.02)
    marked = export(what, tmp_path / "marked", ExportSettings(loudness=-5.0))
    assert true_peak(read_clip(marked.files[0])) < 10 ** (-1 / 20)


@pytest.mark.parametrize("format", ENCODINGS)
def test_every_export_has_the_watermark_unless_it_is_not_wanted(
    tmp_path: Path, format: Format
) -> None:
    speech, path = recording(), tmp_path / "take.wav"
    soundfile.write(path, speech.samples, speech.sample_rate, subtype="FLOAT")
    what = Plan("P", (Piece(1, path, "x", "", 0.0, _recipe("x")),), (), ())
    settings = ExportSettings(format=format, sample_rate=16000, speed=1.1)
    out = export(what, tmp_path / "out", settings)
    assert detect(read_clip(out.files[0])).found
    plain = export(what, tmp_path / "plain", replace(settings, watermark=False))
    assert not detect(read_clip(plain.files[0])).found


def test_rates_are_converted_and_speed_kept(what: Plan, tmp_path: Path) -> None:
    out = export(what, tmp_path / "a", ExportSettings(sample_rate=44100, format="opus"))
    assert soundfile.info(str(out.files[0])).samplerate == 48000
    out = export(what, tmp_path / "b", ExportSettings(sample_rate=16000, speed=2.0))
    clip = read_clip(out.files[0])
    assert clip.sample_rate == 16000
    assert clip.seconds == pytest.approx(0.5 + 0.5 + 0.375 + 0.25 + 0.25, abs=0.01)


def test_subtitles_follow_the_sound(what: Plan, tmp_path: Path) -> None:
    out = export(what, tmp_path / "out", ExportSettings(subtitles=("srt", "vtt")))
    assert [path.name for path in out.files] == ["My Book.wav", "My Book.srt", "My Book.vtt"]
    srt = out.files[1].read_text("utf-8")
    assert "2\n00:00:01,500 --> 00:00:02,250\nBért: This is line 2 — „naïve“.\n" in srt
    vtt = out.files[2].read_text("utf-8")
    assert vtt.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n<v Anna>This is line 1")


def test_existing_files_are_kept_unless_replacing_is_asked_for(what: Plan, tmp_path: Path) -> None:
    first = export(what, tmp_path, ExportSettings()).files[0]
    first.write_bytes(b"mine")
    second = export(what, tmp_path, ExportSettings()).files[0]
    assert second.name == "My Book 2.wav"
    assert first.read_bytes() == b"mine"
    assert export(what, tmp_path, ExportSettings(replace=True)).files[0] == first
    assert first.read_bytes() != b"mine"


def test_cancelling_leaves_nothing(what: Plan, tmp_path: Path) -> None:
    cancel = threading.Event()

    def progress(fraction: float) -> None:
        if fraction > 0.6:
            cancel.set()

    settings = ExportSettings(layout="per_line")
    out = export(what, tmp_path / "out", settings, progress=progress, cancel=cancel)
    assert out.cancelled
    assert list((tmp_path / "out").iterdir()) == []


def test_failures_leave_nothing_half_written(what: Plan, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StudioError):
        export(what, tmp_path / "file" / "out", ExportSettings())
    what.pieces[2].path.unlink()
    with pytest.raises(StudioError):
        export(what, tmp_path / "out", ExportSettings(layout="per_line"))
    assert not (tmp_path / "out").exists()
    with pytest.raises(StudioError):
        export(Plan("Empty", (), (), ()), tmp_path / "out", ExportSettings())


_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from ditar_studio.errors import StudioError
from ditar_studio.services.export import export
from ditar_studio.services.export_plan import Piece, Plan
from ditar_studio.services.export_settings import ExportSettings
from ditar_studio.store.recipe import Recipe
from ditar_studio.store.takes import SpokenWord, Take
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
folder, kind = Path(sys.argv[1]), sys.argv[2]
piece = Piece(1, folder / "take1.wav", "x", "", 0.0, Recipe("m", "h", None, "", "", "x"))
try:
    export(Plan("P", (piece,), (), ()), folder / "out", ExportSettings(format=kind))
except StudioError as error:
    print("received:", error)
print(list((folder / "out").iterdir()))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits by POSIX")
@pytest.mark.parametrize("format", ["wav24", "flac"])
def test_a_full_disk_is_reported_and_leaves_nothing(
    what: Plan, tmp_path: Path, format: str
) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, RATE)
    soundfile.write(tmp_path / "take1.wav", noise, RATE, subtype="FLOAT")
    done = subprocess.run(
        [sys.executable, "-c", _FULL_DISK, str(tmp_path), format],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
    )
    assert done.stdout.startswith("received: ")
    assert done.stdout.endswith("[]\n")


def test_a_recipe_too_long_for_the_format_lies_beside_it(what: Plan, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    text = "".join(chr(97 + value) for value in rng.integers(0, 26, 60_000))
    piece = Piece(1, what.pieces[0].path, text, "Anna", 0.0, _recipe(text))
    out = export(Plan("P", (piece,), (), ()), tmp_path / "out", ExportSettings(format="opus"))
    assert [path.name for path in out.files] == ["P.opus", "P.opus.recipe.json"]
    assert soundfile.info(str(out.files[0])).frames == RATE
    for path in out.files:
        assert metadata.open_recipe(path) == [piece.recipe]


def test_files_without_a_recipe_are_reported(what: Plan, tmp_path: Path) -> None:
    for path in (what.pieces[0].path, tmp_path / "none.wav", tmp_path):
        with pytest.raises(StudioError):
            metadata.open_recipe(path)
    damaged = tmp_path / "damaged.mp3"
    damaged.write_bytes(b"ditar-recipe:AAAA.")
    with pytest.raises(StudioError, match="damaged"):
        metadata.open_recipe(damaged)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[1]",
        "3",
        "[[]]",
        '[{"text": 3}]',
        *(
            json.dumps([{**json.loads(_recipe("One").to_json()), **change}])
            for change in (
                {"text": 3},
                {"text": "\ud800"},
                {"voice_name": None},
                {"settings": []},
                {"settings": {"seed": float("inf")}},
                {"settings": {"steps": [[[[[1]]]]]}},
            )
        ),
    ],
)
def test_foreign_recipes_are_reported(text: str, tmp_path: Path) -> None:
    path = tmp_path / "sound.opus.recipe.json"
    path.write_text(text)
    with pytest.raises(StudioError):
        metadata.open_recipe(path)


def test_settings_out_of_range_are_reported() -> None:
    for values in ({"format": "aiff"}, {"sample_rate": 1}, {"loudness": 3.0}):
        with pytest.raises(StudioError):
            ExportSettings(**values)  # type: ignore[arg-type]


def test_a_plan_takes_what_stands_for_each_line(tmp_path: Path) -> None:
    with Library(tmp_path / "library") as library:
        project = library.projects.create("Book").value
        voice = library.voices.create("Anna").value
        library.projects.change_settings(project.id, voice_id=voice.id)
        new = [NewLine("One"), NewLine("Two", speaker="Bert"), NewLine("Three")]
        lines = library.lines.add(project.id, new).value
        takes = []
        for line in lines[:2]:
            take = library.takes.begin(
                project.id, line.id, _recipe(line.text), line.fingerprint
            ).value
            soundfile.write(take.path, _tone(0.5, 200), RATE)
            takes.append(library.takes.finish(take.id).value)
        library.lines.set_text(lines[1].id, "Two!")
        made = plan(library, project.id)
        assert [(p.number, p.speaker, p.text) for p in made.pieces] == [
            (1, "Anna", "One"),
            (2, "Bert", "Two"),
        ]
        assert [line.text for line in made.missing] == ["Three"]
        assert [line.text for line in made.stale] == ["Two!"]
        single = plan_takes(takes[:1], "Book")
        out = export(single, tmp_path / "drag", ExportSettings(layout="per_line", name="{text}"))
        assert out.files[0].name == "One.wav"
        assert Clip.resample(read_clip(out.files[0]), RATE).seconds == 0.5


def test_what_is_exported_is_named_and_captioned_without_marks(tmp_path: Path) -> None:
    text = "Wait [pause 1] for [slow]me[/slow]."
    words = tuple(
        SpokenWord(text.index(w), text.index(w) + len(w), 0.1, 0.4) for w in ("for", "me")
    )
    take = Take(
        "t", "p", None, text, _recipe(text), "", tmp_path / "t.wav", 1, "complete", 1.0,
        None, None, None, False, "", 0.0, words,
    )  # fmt: skip
    (piece,) = plan_takes([take], "Project").pieces
    assert piece.text == "Wait for me."
    assert [piece.text[w.start : w.end] for w in piece.words] == ["for", "me"]
    assert piece.recipe.text == text


def test_lines_begin_when_their_subtitles_do_and_are_done_by_the_next(
    what: Plan, tmp_path: Path
) -> None:
    lengths = [read_clip(piece.path).seconds for piece in what.pieces]
    first, second, third = what.pieces
    begins = (2.0, 2.0 + lengths[0] / 1.25, 30.0)
    pieces = tuple(
        replace(piece, starts=at, ends=at + 1.0)
        for piece, at in zip((first, second, third), begins, strict=True)
    )
    timed = replace(what, pieces=pieces)
    settings = ExportSettings(format="wav32f", fit_times=True, watermark=False, subtitles=("json",))
    made = export(timed, tmp_path / "out", settings)
    assert made.late == 0
    sound, captions = made.files
    whole = read_clip(sound)
    loud = np.abs(whole.samples) > 1e-4
    rate = whole.sample_rate
    assert not loud[: int(1.99 * rate)].any()
    assert loud[int(2.0 * rate) : int(2.3 * rate)].any()
    assert loud[int(begins[1] * rate) : int((begins[1] + 0.3) * rate)].any()
    end = begins[1] + lengths[1]
    assert not loud[int((end + 0.1) * rate) : int(29.9 * rate)].any()
    assert loud[int(30.0 * rate) : int(30.3 * rate)].any()
    lines = json.loads(captions.read_text("utf-8"))
    starts = [line["start"] for line in (lines["lines"] if isinstance(lines, dict) else lines)]
    assert starts == pytest.approx([2.0, begins[1], 30.0], abs=0.02)
    plain = export(timed, tmp_path / "plain", replace(settings, fit_times=False)).files[0]
    assert read_clip(plain).seconds < 15.0


def test_a_line_that_is_far_too_long_is_no_faster_than_one_can_follow(
    what: Plan, tmp_path: Path
) -> None:
    first, second, third = what.pieces
    pieces = replace(first, starts=0.0, ends=0.1), replace(second, starts=0.1, ends=0.2), third
    settings = ExportSettings(format="wav32f", fit_times=True, watermark=False)
    made = export(replace(what, pieces=pieces), tmp_path / "out", settings)
    assert made.late == 1
    whole = read_clip(made.files[0])
    shortest = (read_clip(first.path).seconds + read_clip(second.path).seconds) / 1.5
    assert whole.seconds >= shortest - 0.1 + read_clip(third.path).seconds
