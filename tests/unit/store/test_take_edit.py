"""The edit list of a take: what is heard of it, and that its file stays."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from library_fixtures import recipe, write_tone

from ditar_studio.errors import StudioError
from ditar_studio.store.library import Library
from ditar_studio.store.migrations import MIGRATIONS, migrate
from ditar_studio.store.project import Line, NewLine
from ditar_studio.store.spoken_word import SpokenWord
from ditar_studio.store.take import Take
from ditar_studio.store.take_edit import JoinedTake, Marker, Part, TakeEdit

WHOLE = TakeEdit.whole(4.0)


def spans(edit: TakeEdit) -> list[tuple[float, float, bool]]:
    return [(round(p.begins, 3), round(p.ends, 3), p.silent) for p in edit.parts]


def test_a_take_is_trimmed_cut_and_filled_with_silence() -> None:
    trimmed = WHOLE.trimmed(0.5, 3.5)
    assert spans(trimmed) == [(0.5, 3.5, False)]
    cut = trimmed.without(1.0, 2.0)
    assert spans(cut) == [(0.5, 1.5, False), (2.5, 3.5, False)]
    longer = cut.with_silence(1.0, 0.7)
    assert spans(longer) == [(0.5, 1.5, False), (0.0, 0.7, True), (2.5, 3.5, False)]
    assert longer.seconds == pytest.approx(2.7)
    assert spans(longer.trimmed(0.8, 1.9)) == [
        (1.3, 1.5, False),
        (0.0, 0.7, True),
        (2.5, 2.7, False),
    ]
    assert TakeEdit.from_json(longer.to_json()) == longer
    assert TakeEdit.from_json("{}") is None


def test_markers_move_with_what_they_mark() -> None:
    edit = WHOLE.with_marker(1.0, "breath").with_marker(3.0, "end")
    assert edit.with_silence(2.0, 1.0).markers == (Marker(1.0, "breath"), Marker(4.0, "end"))
    assert edit.without(0.5, 1.5).markers == (Marker(2.0, "end"),)
    assert edit.trimmed(0.5, 2.0).markers == (Marker(0.5, "breath"),)
    assert edit.with_marker(1.0, "sigh").markers[0] == Marker(1.0, "sigh")


def test_words_are_heard_where_their_sound_went() -> None:
    words = [SpokenWord(n, n + 1, float(n), n + 0.8) for n in range(4)]
    edit = WHOLE.without(1.0, 2.0).with_silence(1.0, 0.5)
    heard = [(w.start, round(w.begins, 3), round(w.ends, 3)) for w in edit.words(words)]
    assert heard == [(0, 0.0, 0.8), (2, 1.5, 2.3), (3, 2.5, 3.3)]


@pytest.mark.parametrize(
    "make",
    [
        lambda: WHOLE.without(0.0, 4.0),
        lambda: WHOLE.trimmed(1.0, 1.01),
        lambda: WHOLE.with_silence(1.0, 61.0),
        lambda: TakeEdit(WHOLE.parts, gain_db=21.0),
        lambda: TakeEdit(WHOLE.parts, fade_in=11.0),
    ],
)
def test_what_cannot_be_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(StudioError) as caught:
        make()
    assert caught.value.remedy


@pytest.fixture
def line(library: Library) -> Line:
    project = library.projects.create().value
    return library.lines.add(project.id, [NewLine("Hello there.")]).value[0]


def test_an_edit_is_a_step_and_leaves_the_file(
    library: Library, line: Line, make_take: Callable[..., Take]
) -> None:
    take = make_take(line.id, 2.0)
    sound = take.path.read_bytes()
    edit = TakeEdit.whole(2.0).trimmed(0.5, 1.5)
    made = library.takes.set_edit(take.id, edit)
    assert made.changes.undo == "Edit take"
    assert (made.value.edit, made.value.seconds) == (edit, pytest.approx(1.0))
    assert library.lines.get(line.id).state == "rendered"
    library.takes.set_edit(take.id, None)
    assert library.takes.get(take.id) == take
    library.undo()
    assert library.takes.get(take.id).seconds == pytest.approx(1.0)
    library.undo()
    assert library.takes.get(take.id) == take
    assert take.path.read_bytes() == sound


def test_joined_takes_are_added_and_undone(
    library: Library, line: Line, make_take: Callable[..., Take], tmp_path: Path
) -> None:
    take = make_take(line.id)
    file = write_tone(tmp_path / "joined.wav", 1.5)
    edit = TakeEdit((Part(0.0, 0.5), Part(1.0, 1.5)))
    word = SpokenWord(0, 5, 1.1, 1.4)
    made = library.takes.add_joined("Join takes", [JoinedTake(take.id, file, 1.5, edit, (word,))])
    (joined,) = made.value
    file.unlink()
    assert (joined.line_id, joined.number, joined.text) == (line.id, 2, take.text)
    assert joined.recipe == recipe(line.text) == take.recipe
    assert joined.seconds == pytest.approx(1.0)
    assert joined.words == (SpokenWord(0, 5, pytest.approx(0.6), pytest.approx(0.9)),)  # type: ignore[arg-type]
    assert library.lines.get(line.id).take_id == joined.id
    assert made.changes.undo == "Join takes"
    library.undo()
    assert [t.id for t in library.takes.of_line(line.id)] == [take.id]


def test_takes_of_an_older_library_are_heard_as_they_were_made(tmp_path: Path) -> None:
    root = tmp_path / "library"
    root.mkdir()
    older = next(n for n, step in enumerate(MIGRATIONS) if "ADD COLUMN edit" in step)
    connection = sqlite3.connect(root / "library.db", isolation_level=None)
    migrate(connection, older)
    connection.execute(
        "INSERT INTO projects (id, name, created, modified, opened) "
        "VALUES ('p', 'P', 1.0, 1.0, 1.0)"
    )
    connection.execute(
        "INSERT INTO takes (id, project_id, text, recipe, fingerprint, file, status, seconds, "
        "created) VALUES ('t', 'p', 'Hi.', ?, 'f', 'takes/t.wav', 'complete', 1.5, 1.0)",
        (recipe("Hi.").to_json(),),
    )
    connection.close()
    with Library(root) as library:
        (take,) = library.takes.of_project("p")
    assert (take.edit, take.seconds, take.word_check) == (None, 1.5, None)
