"""Takes: made, starred, deleted, purged; and what recovery offers after a crash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from library_fixtures import Clock, recipe, write_tone

from ditar_studio.errors import StudioError
from ditar_studio.store.library import Library
from ditar_studio.store.project import Line, NewLine
from ditar_studio.store.recipe import Recipe
from ditar_studio.store.take import Take, Verification, WordCheck
from ditar_studio.store.voices import NewSample


@pytest.fixture
def line(library: Library) -> Line:
    project = library.projects.create().value
    return library.lines.add(project.id, [NewLine("Hello there.")]).value[0]


def test_a_take_is_made_with_its_recipe(library: Library, line: Line) -> None:
    begun = library.takes.begin(line.project_id, line.id, recipe(), line.fingerprint)
    assert begun.changes.takes == {begun.value.id}
    assert begun.value.status == "recording"
    write_tone(begun.value.path, 1.5)
    verification = Verification(0.25, None, doubtful=True)
    library.takes.finish(begun.value.id, "partial", rtf=0.4, verification=verification)
    library.takes.set_similarity(begun.value.id, 0.8)
    take = library.takes.get(begun.value.id)
    assert (take.status, take.seconds, take.rtf, take.similarity) == ("partial", 1.5, 0.4, 0.8)
    assert begun.value.verification is None
    assert take.verification == verification
    assert take.recipe == recipe()
    assert library.takes.of_line(line.id) == library.takes.of_project(line.project_id) == [take]


def test_making_a_take_is_no_step_but_editing_it_is(
    library: Library, line: Line, make_take: Callable[..., Take]
) -> None:
    take = make_take(line.id)
    assert library.takes.star(take.id).changes.undo == "Star take"
    library.takes.set_note(take.id, "good")
    library.takes.delete(take.id)
    assert library.takes.of_line(line.id) == []
    assert take.path.exists()
    for label in ("Delete take", "Edit note", "Star take"):
        assert library.undo().redo == label
    assert library.takes.get(take.id) == take


def test_an_abandoned_take_leaves_no_file(library: Library, line: Line) -> None:
    begun = library.takes.begin(line.project_id, line.id, recipe()).value
    write_tone(begun.path, 0.1)
    library.takes.abandon(begun.id)
    assert not begun.path.exists()
    assert library.takes.of_line(line.id) == []


def test_finishing_without_a_file_is_an_error(library: Library, line: Line) -> None:
    begun = library.takes.begin(line.project_id, line.id, recipe()).value
    with pytest.raises(StudioError):
        library.takes.finish(begun.id)


def test_trash_keeps_deleted_takes_for_a_while_and_then_removes_their_files(
    library: Library, clock: Clock, line: Line, make_take: Callable[..., Take]
) -> None:
    kept, gone = make_take(line.id), make_take(line.id)
    library.takes.delete(gone.id)
    assert library.bin.purge() == 0
    (deleted,) = library.bin.contents()
    assert (deleted.kind, deleted.name) == ("takes", "Hello there.")
    library.bin.restore(deleted)
    assert {take.id for take in library.takes.of_line(line.id)} == {kept.id, gone.id}
    library.undo()
    clock.now += 31 * 86400
    assert library.bin.purge() == 1
    assert kept.path.exists()
    assert not gone.path.exists()
    assert library.undo().undo == ""
    assert library.takes.of_line(line.id) == [kept]


def test_purging_a_project_removes_its_takes(
    library: Library, line: Line, make_take: Callable[..., Take]
) -> None:
    take = make_take(line.id)
    library.projects.delete(line.project_id)
    library.bin.purge(older_than_days=0)
    assert not take.path.exists()
    assert library.projects.all() == []


def test_recipes_survive_json_and_later_versions() -> None:
    made = recipe(date="2026-01-01T00:00:00+00:00")
    assert Recipe.from_json(made.to_json()) == made
    later = made.to_json().replace("{", '{"invented": 1, ', 1)
    assert Recipe.from_json(later) == made
    for wrong in ('{"ben": 1}', '["ben"]', '{"ben": {"a": "b"}}'):
        with pytest.raises(StudioError):
            Recipe.from_json(
                made.to_json().replace('"other_voices": {}', f'"other_voices": {wrong}')
            )
    with pytest.raises(StudioError):
        Recipe.from_json("{}")
    with pytest.raises(StudioError):
        Recipe.from_json("[1]")


def test_recovery_offers_what_an_earlier_run_left_unfinished(tmp_path: Path) -> None:
    with Library(tmp_path) as library:
        project = library.projects.open_last().value
        heard = library.takes.begin(project.id, None, recipe("Heard")).value
        silent = library.takes.begin(project.id, None, recipe("Silent")).value
        recording = library.recordings.begin("The passage").value
        write_tone(heard.path, 0.5)
        write_tone(recording.path, 2.0)
        assert library.recovery.find() == []
    with Library(tmp_path) as library:
        offered = {(item.kind, item.text): item for item in library.recovery.find()}
        assert {key: item.seconds for key, item in offered.items()} == {
            ("take", "Heard"): 0.5,
            ("recording", "The passage"): 2.0,
        }
        library.recovery.keep(offered["take", "Heard"])
        library.recovery.discard(offered["recording", "The passage"])
        assert library.takes.get(heard.id).status == "partial"
        assert library.recordings.all() == []
        library.undo()
        assert len(library.recordings.all()) == 1
        with pytest.raises(StudioError):
            library.takes.get(silent.id)


def test_a_recording_is_offered_until_it_is_saved_or_put_away(tmp_path: Path) -> None:
    with Library(tmp_path) as library:
        saved, unsaved = (library.recordings.begin("The passage").value for _ in range(2))
        for recording in (saved, unsaved):
            write_tone(recording.path, 1.0)
            library.recordings.finish(recording.id)
        sample = NewSample(saved.path, "The passage", recording_id=saved.id)
        voice = library.voices.create("Anna", [sample]).value
        assert [recording.id for recording in library.recordings.all()] == [unsaved.id]
        library.undo()
        assert len(library.recordings.all()) == 2
        library.redo()
    with Library(tmp_path) as library:
        (item,) = library.recovery.find()
        assert item.id == unsaved.id
        library.recovery.keep(item)
        assert library.recovery.find() == []
        assert library.voices.get(voice.id).samples[0].path.exists()
    with Library(tmp_path) as library:
        assert [recording.id for recording in library.recordings.all()] == [unsaved.id]
        (item,) = library.recovery.find()
        library.recordings.delete(item.id)
    with Library(tmp_path) as library:
        assert library.recovery.find() == []


def test_recordings_grow_finish_and_are_deleted(library: Library) -> None:
    begun = library.recordings.begin("Read this").value
    write_tone(begun.path, 1.0)
    finished = library.recordings.finish(begun.id).value
    assert (finished.status, finished.seconds, finished.transcript) == (
        "finished",
        1.0,
        "Read this",
    )
    library.recordings.delete(begun.id)
    with pytest.raises(StudioError):
        library.recordings.get(begun.id)
    library.undo()
    assert library.recordings.all() == [finished]


def test_what_was_heard_is_kept_and_can_be_accepted_and_that_undone(
    library: Library, line: Line, make_take: Callable[..., Take]
) -> None:
    take = make_take(line.id)
    assert (take.word_check, take.differing) == (None, ())
    heard = WordCheck("whisper", ((0, 5), (7, 9)))
    assert library.takes.set_word_check(take.id, heard).value.word_check == heard
    assert library.takes.get(take.id).differing == ((0, 5), (7, 9))
    made = library.takes.accept(take.id)
    assert made.changes.undo == "Accept what was said"
    assert library.takes.get(take.id).differing == ()
    library.undo()
    assert library.takes.get(take.id).differing == ((0, 5), (7, 9))


def test_a_cover_is_kept_and_goes_with_its_project(library: Library, clock: Clock) -> None:
    project = library.projects.create("A book").value
    path = Path(library.keep_cover(project.id, b"\x89PNG picture"))
    assert path.read_bytes() == b"\x89PNG picture"
    assert (path.parent, path.suffix) == (library.root / "covers", ".png")
    library.projects.delete(project.id)
    library.bin.purge(30.0)
    assert path.exists()
    clock.now += 31 * 86400
    library.bin.purge(30.0)
    assert not path.exists()
