"""The sound of edited takes, and takes put together from others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from library_fixtures import recipe

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.files import StreamingWavWriter
from ditar_studio.errors import StudioError
from ditar_studio.services.export import export
from ditar_studio.services.export_plan import plan
from ditar_studio.services.export_settings import ExportSettings
from ditar_studio.services.take_joining import Stretch, halves, in_a_row, join, with_words_of
from ditar_studio.services.take_sound import edited, read_sound
from ditar_studio.store.library import Library
from ditar_studio.store.project import NewLine
from ditar_studio.store.spoken_word import SpokenWord
from ditar_studio.store.take import Take
from ditar_studio.store.take_edit import TakeEdit

RATE = 24000
TEXT = "One two three."
SPANS = ((0, 3), (4, 7), (8, 13))


def steps(level: float) -> np.ndarray:
    """Three seconds; in each another constant level."""
    return np.repeat(np.array([level, level + 0.1, level + 0.2], np.float32), RATE)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def takes(library: Library) -> tuple[Take, Take]:
    """Two takes of one line: words of a second each, at levels of their own."""
    project = library.projects.create().value
    (line,) = library.lines.add(project.id, [NewLine(TEXT)]).value
    made = []
    for level in (0.1, 0.5):
        take = library.takes.begin(project.id, line.id, recipe(TEXT), line.fingerprint).value
        with StreamingWavWriter(take.path, RATE, "FLOAT") as writer:
            writer.append(steps(level))
        words = [SpokenWord(a, b, float(n), n + 0.9) for n, (a, b) in enumerate(SPANS)]
        made.append(library.takes.finish(take.id, words=words).value)
    return made[0], made[1]


def level(clip: Clip, at: float) -> float:
    return round(float(clip.samples[round(at * RATE)]), 3)


def test_gain_fades_and_silence_are_heard() -> None:
    clip = Clip(steps(0.2), RATE)
    edit = TakeEdit.whole(3.0).without(1.0, 2.0).with_silence(1.0, 0.5)
    heard = edited(clip, TakeEdit(edit.parts, -6.0206, 0.5, 0.5))
    assert heard.seconds == pytest.approx(2.5)
    assert [level(heard, t) for t in (0.7, 1.2, 1.8)] == [0.1, 0.0, 0.2]
    assert level(heard, 0.0) == 0.0
    assert level(heard, 0.25) == pytest.approx(0.05, abs=0.001)
    assert abs(float(heard.samples[-1])) < 0.001
    assert np.abs(np.diff(heard.samples)).max() < 0.005  # no click at the cuts
    assert np.array_equal(clip.samples, steps(0.2))


def test_a_take_is_split_and_its_halves_joined_again(
    library: Library, takes: tuple[Take, Take]
) -> None:
    take, _ = takes
    first, second = join(library, "Split take", *halves(take, 1.0))
    assert (first.seconds, second.seconds) == (pytest.approx(1.0), pytest.approx(2.0))
    assert [w.start for w in first.words] == [0]
    assert [w.start for w in second.words] == [4, 8]
    (again,) = join(library, "Join takes", [Stretch(t, 0.0, t.seconds) for t in (first, second)])
    assert again.seconds == pytest.approx(3.0)
    assert [(w.start, round(w.begins, 2)) for w in again.words] == [(0, 0.0), (4, 1.0), (8, 2.0)]
    heard = read_sound(again.path, again.edit)
    assert [level(heard, t) for t in (0.5, 1.5, 2.5)] == [0.1, 0.2, 0.3]
    (mixed,) = join(library, "Join takes", in_a_row([replace(second, text="Before."), first]))
    assert [w.start for w in mixed.words] == [0]  # those of another text would mark others
    assert mixed.seconds == pytest.approx(3.0)
    with pytest.raises(StudioError, match="different lines"):
        in_a_row([first, replace(second, line_id="another")])
    with pytest.raises(StudioError):
        halves(take, 0.0)


def test_a_word_is_taken_from_another_take(library: Library, takes: tuple[Take, Take]) -> None:
    one, other = takes
    (made,) = join(library, "Join takes", with_words_of(one, 1.2, 1.5, other))
    heard = read_sound(made.path, made.edit)
    assert [level(heard, t) for t in (0.5, 1.5, 2.5)] == [0.1, 0.6, 0.3]
    assert [w.start for w in made.words] == [0, 4, 8]
    assert {take.id for take in takes} <= {t.id for t in library.takes.of_project(one.project_id)}
    with pytest.raises(StudioError, match="word"):
        with_words_of(one, 2.95, 2.99, other)


def test_an_edit_is_exported_with_its_subtitles(
    library: Library, takes: tuple[Take, Take], tmp_path: Path
) -> None:
    _, newest = takes
    library.takes.set_edit(newest.id, TakeEdit.whole(3.0).without(0.0, 1.0))
    settings = ExportSettings(format="wav32f", subtitles=("srt",), by_word=True, watermark=False)
    made = export(plan(library, newest.project_id), tmp_path / "out", settings)
    clip = read_sound(made.files[0], None)
    assert clip.seconds == pytest.approx(2.0)
    assert [level(clip, t) for t in (0.5, 1.5)] == [0.6, 0.7]
    captions = made.files[1].read_text()
    assert "00:00:00,000 --> 00:00:00,900\n" in captions
    assert "00:00:01,000 --> 00:00:01,900\nthree." in captions
