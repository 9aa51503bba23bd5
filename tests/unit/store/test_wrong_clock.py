"""A clock that leaps ahead or is put back loses nothing and confuses no order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from library_fixtures import Clock

from ditar_studio.store.backup import Backups
from ditar_studio.store.library import Library
from ditar_studio.store.project import NewLine
from ditar_studio.store.take import Take

DAY = 86400.0
YEARS = 30 * 365 * DAY


def test_a_clock_that_leaps_ahead_does_not_empty_the_bin(tmp_path: Path, clock: Clock) -> None:
    with Library(tmp_path, clock) as library:
        library.voices.delete(library.voices.create("Anna").value.id)
    clock.now += YEARS
    with Library(tmp_path, clock) as library:
        (item,) = library.bin.contents()
        library.bin.restore(item)
        assert [voice.name for voice in library.voices.all()] == ["Anna"]


def test_the_bin_of_a_library_in_use_is_emptied_after_its_time(
    tmp_path: Path, clock: Clock
) -> None:
    with Library(tmp_path, clock) as library:
        library.voices.delete(library.voices.create("Anna").value.id)
    left = []
    for _week in range(5):
        clock.now += 7 * DAY
        with Library(tmp_path, clock) as library:
            left.append(len(library.bin.contents()))
    assert left == [1, 1, 1, 1, 0]


def test_the_newest_take_is_the_one_made_last(
    library: Library, clock: Clock, make_take: Callable[..., Take]
) -> None:
    project = library.projects.open_last().value
    (line,) = library.lines.add(project.id, [NewLine("Hello there.")]).value
    make_take(line.id)
    clock.now -= DAY
    again = make_take(line.id)
    assert library.takes.of_project(project.id)[0].id == again.id
    assert library.lines.get(line.id).take_id == again.id


def test_the_project_opened_last_is_opened_again(library: Library, clock: Clock) -> None:
    library.projects.create("Before")
    clock.now -= YEARS
    made = library.projects.create("After").value
    assert library.projects.open_last().value.id == made.id


def test_the_newest_version_is_the_one_kept_last(library: Library, clock: Clock) -> None:
    project = library.projects.open_last().value
    library.lines.add(project.id, [NewLine("One.")])
    library.versions.keep(project.id, "First")
    clock.now -= DAY
    library.lines.add(project.id, [NewLine("Two.")])
    assert library.versions.keep(project.id, "Second").name == "Second"
    assert [each.name for each in library.versions.of_project(project.id)] == ["Second", "First"]


def test_a_backup_from_the_future_is_not_the_newest(tmp_path: Path, clock: Clock) -> None:
    clock.now += YEARS
    with Library(tmp_path, clock) as library:
        library.voices.create("Anna")
    clock.now -= YEARS
    with Library(tmp_path, clock) as library:
        library.voices.create("Bea")
    found = Backups(tmp_path, clock).newest_good()
    assert found is not None
    assert found[1].counts["voices"] == 2
