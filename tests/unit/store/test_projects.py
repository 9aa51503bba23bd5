"""Projects and scripts: lines, their order and their state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from library_fixtures import Clock

from ditar_studio.errors import StudioError
from ditar_studio.store.library import Library
from ditar_studio.store.project import Line, NewLine, ProjectSettings
from ditar_studio.store.recipe import Recipe
from ditar_studio.store.take import Take
from ditar_studio.store.voices import NewSample


def _texts(library: Library, project_id: str) -> list[str]:
    return [line.text for line in library.lines.of_project(project_id)]


def _script(library: Library, *texts: str) -> list[Line]:
    project = library.projects.create().value
    return library.lines.add(project.id, [NewLine(text) for text in texts]).value


def test_an_empty_library_starts_with_an_untitled_project(library: Library, clock: Clock) -> None:
    first = library.projects.open_last()
    assert first.value.name == "Untitled"
    assert first.changes.undo == ""
    clock.now += 10
    second = library.projects.create("Book").value
    clock.now += 10
    assert library.projects.open_last().value.id == second.id
    clock.now += 10
    library.projects.open(first.value.id)
    assert [project.name for project in library.projects.recent()] == ["Untitled", "Book"]


def test_lines_are_inserted_moved_split_joined_and_deleted(library: Library) -> None:
    a, b, c = _script(library, "a one", "b", "c")
    project = a.project_id
    library.lines.add(project, [NewLine("x")], at=1)
    assert _texts(library, project) == ["a one", "x", "b", "c"]
    library.lines.move([c.id, a.id], to=1)
    assert _texts(library, project) == ["x", "a one", "c", "b"]
    library.lines.split(a.id, 2)
    assert _texts(library, project) == ["x", "a", "one", "c", "b"]
    library.lines.join([b.id, c.id])
    assert _texts(library, project) == ["x", "a", "one", "c b"]
    library.lines.delete([a.id])
    assert _texts(library, project) == ["x", "one", "c b"]
    for _ in range(5):
        library.undo()
    assert _texts(library, project) == ["a one", "b", "c"]


def test_replacing_the_script_is_one_step(library: Library) -> None:
    lines = _script(library, "a", "b")
    library.lines.replace_all(lines[0].project_id, [NewLine("z")])
    assert _texts(library, lines[0].project_id) == ["z"]
    assert library.undo().redo == "Replace script"
    assert library.lines.of_project(lines[0].project_id) == lines


def test_typing_undoes_as_one_until_there_is_a_pause(library: Library, clock: Clock) -> None:
    (line,) = _script(library, "")
    for text in ("H", "He", "Hel"):
        clock.now += 0.3
        library.lines.set_text(line.id, text)
    clock.now += 5
    library.lines.set_text(line.id, "Hello")
    library.undo()
    assert library.lines.get(line.id).text == "Hel"
    library.undo()
    assert library.lines.get(line.id).text == ""
    library.redo()
    assert library.lines.get(line.id).text == "Hel"


def test_a_line_is_stale_when_anything_it_was_spoken_with_changes(
    library: Library, wav: Path, make_take: Callable[..., Take]
) -> None:
    voice = library.voices.create("Anna", [NewSample(wav, "One.")]).value
    (line,) = _script(library, "Hello")
    project = line.project_id
    library.projects.change_settings(project, voice_id=voice.id, lexicon="hello = hullo")
    assert line.state == "empty"
    make_take(line.id)

    def state() -> str:
        return library.lines.get(line.id).state

    assert state() == "rendered"
    changes: list[Callable[[], object]] = [
        lambda: library.lines.set_text(line.id, "Hello you"),
        lambda: library.projects.change_settings(project, generation={"temperature": 0.9}),
        lambda: library.projects.change_settings(project, generation={"seed": 3}),
        lambda: library.projects.change_settings(project, lexicon="Hello = hallo"),
        lambda: library.voices.edit_sample(voice.samples[0].id, transcript="Two."),
        lambda: library.lines.set_voice([line.id], library.voices.create("B").value.id),
    ]
    for change in changes:
        change()
        assert state() == "stale"
        library.undo()
        assert state() == "rendered"
    library.projects.change_settings(project, lexicon="hello = hullo\nother = uther")
    library.projects.change_settings(project, speed=1.2)
    library.lines.set_pauses([line.id], 2.0)
    library.projects.change_settings(project, generation={"seed": None})
    assert state() == "rendered"
    library.projects.set_model_hash(project, "m2")
    assert state() == "stale"


def test_a_failure_shows_until_the_line_is_spoken_or_edited(
    library: Library, make_take: Callable[..., Take]
) -> None:
    first, second = _script(library, "a", "b")
    for line in (first, second):
        library.lines.mark_failed(line.id, "No sound came")
        assert library.lines.get(line.id).state == "failed"
    make_take(first.id)
    assert library.lines.get(first.id).state == "rendered"
    library.lines.set_text(second.id, "c")
    assert library.lines.get(second.id).state == "empty"


def test_the_chosen_take_stands_for_the_line(
    library: Library, clock: Clock, make_take: Callable[..., Take]
) -> None:
    (line,) = _script(library, "Hello")
    takes = []
    for _ in range(3):
        clock.now += 1
        takes.append(make_take(line.id))
    assert library.lines.get(line.id).take_id == takes[2].id
    library.takes.star(takes[1].id)
    assert library.lines.get(line.id).take_id == takes[1].id
    library.lines.choose_take(line.id, takes[0].id)
    assert library.lines.get(line.id).take_id == takes[0].id
    library.takes.delete(takes[0].id)
    assert library.lines.get(line.id).take_id == takes[1].id


def test_a_new_take_stands_unless_a_starred_one_is_up_to_date(
    library: Library, make_take: Callable[..., Take]
) -> None:
    (line,) = _script(library, "Hello")

    def standing() -> tuple[str | None, str]:
        now = library.lines.get(line.id)
        return now.take_id, now.state

    first, second = make_take(line.id), make_take(line.id)
    library.takes.star(second.id)
    library.takes.star(first.id)
    make_take(line.id)
    assert standing() == (first.id, "rendered")
    library.takes.star(first.id, False)
    assert standing() == (second.id, "rendered")
    library.lines.set_text(line.id, "Hello again")
    assert standing() == (second.id, "stale")
    for _ in range(2):
        made = make_take(line.id)
        assert standing() == (made.id, "rendered")
    library.takes.star(second.id)
    assert standing() == (second.id, "stale")


def test_settings_are_merged_and_locks_kept(library: Library) -> None:
    (line,) = _script(library, "Hello")
    project = library.projects.change_settings(line.project_id, generation={"seed": 1}).value
    project = library.projects.change_settings(line.project_id, generation={"steps": 5}).value
    assert project.settings.generation == {"seed": 1, "steps": 5}
    assert library.lines.set_locked([line.id], True).value[0].locked
    copy = library.projects.duplicate(line.project_id).value
    assert copy.name == "Untitled 2"
    assert copy.settings == project.settings
    assert _texts(library, copy.id) == ["Hello"]


def test_what_is_gone_is_reported(library: Library) -> None:
    (line,) = _script(library, "Hello")
    library.projects.delete(line.project_id)
    with pytest.raises(StudioError):
        library.projects.get(line.project_id)
    library.undo()
    library.lines.delete([line.id])
    with pytest.raises(StudioError):
        library.lines.set_text(line.id, "x")
    with pytest.raises(StudioError):
        library.lines.set_pauses([line.id], -1)


def test_recipes_become_a_project_of_their_own_in_one_step(library: Library, wav: Path) -> None:
    voice = library.voices.create("Anna", [NewSample(wav, "One.")]).value
    (line,) = _script(library, "Hello")
    project = line.project_id
    library.projects.change_settings(
        project, lexicon="tea = tee", generation={"seed": None, "steps": 4}
    )
    before = library.projects.get(project)
    made = Recipe(
        "builtin",
        "m",
        "other id",
        "Ann",
        voice.hash,
        "Tea for two",
        {"seed": 9, "temperature": 0.3},
        "Tea = tay\ntwo = too",
    )
    stranger = replace(made, text="Who?", voice_hash="unknown", voice_name="Zed")
    opened = library.projects.restore([made, stranger], "Tea", before.settings).value
    lines = library.lines.of_project(opened.id)
    assert opened.name == "Tea"
    assert [(one.text, one.voice_id, one.speaker) for one in lines] == [
        ("Tea for two", voice.id, "Ann"),
        ("Who?", None, "Zed"),
    ]
    assert opened.settings.generation == {"seed": 9, "temperature": 0.3}
    assert opened.settings.lexicon == "Tea = tay\ntwo = too"
    assert library.projects.get(project) == before
    assert _texts(library, project) == ["Hello"]
    assert library.undo().redo == "Open recipe"
    assert [one.id for one in library.projects.all()] == [project]


def test_a_recipe_finds_the_voices_of_its_marks_by_their_sound(library: Library, wav: Path) -> None:
    anna = library.voices.create("Anna", [NewSample(wav, "One.")]).value
    ben = library.voices.create("Ben", [NewSample(wav, "Two.")]).value
    other = library.voices.create("Zed", [NewSample(wav, "Three.")]).value
    text = "Hello. [voice Old]No.[/voice] [VOICE ben]Yes.[/voice] [voice Gone]Oh.[/voice]"
    others = {"old": other.hash, "ben": ben.hash, "gone": "unknown", "never": ""}
    made = Recipe("builtin", "m", anna.id, "Anna", anna.hash, text, other_voices=others)
    opened = library.projects.restore([made], "Tea", ProjectSettings()).value
    (line,) = library.lines.of_project(opened.id)
    assert line.text == (
        "Hello. [voice Zed]No.[/voice] [VOICE ben]Yes.[/voice] [voice Gone]Oh.[/voice]"
    )
    stranger = replace(made, voice_id="other", voice_hash="unknown", voice_name="Ann")
    assert library.projects.missing_voices([made]) == ["gone"]
    changed = replace(made, voice_hash="as it was", other_voices={})
    assert library.projects.missing_voices([changed]) == ["Anna"]
    assert library.projects.missing_voices([stranger, made]) == ["Ann", "gone"]


def test_times_of_subtitles_stay_with_their_lines(library: Library) -> None:
    project = library.projects.create().value
    new = [NewLine("One and two.", starts=1.0, ends=3.0), NewLine("Three.", starts=4.0, ends=5.0)]
    first, _second = library.lines.add(project.id, new).value
    library.lines.split(first.id, 3)
    lines = library.lines.of_project(project.id)
    assert [(x.starts, x.ends) for x in lines] == [(1.0, None), (None, 3.0), (4.0, 5.0)]
    library.lines.join([line.id for line in lines])
    (line,) = library.lines.of_project(project.id)
    assert (line.text, line.starts, line.ends) == ("One and two. Three.", 1.0, 5.0)
    copy = library.projects.duplicate(project.id).value
    assert [(x.starts, x.ends) for x in library.lines.of_project(copy.id)] == [(1.0, 5.0)]
