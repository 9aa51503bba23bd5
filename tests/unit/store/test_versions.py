"""Earlier versions of projects, and deleted lines in the bin."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from library_fixtures import Clock, write_tone

from ditar_studio.errors import StudioError
from ditar_studio.store.check import DamagedError, inspect
from ditar_studio.store.library import Library
from ditar_studio.store.migrations import MIGRATIONS, migrate
from ditar_studio.store.project import NewLine
from ditar_studio.store.take import Take
from ditar_studio.store.voices import NewSample


def _texts(library: Library, project_id: str) -> list[str]:
    return [line.text for line in library.lines.of_project(project_id)]


def test_a_version_is_restored_with_lines_settings_and_takes_and_that_undone(
    library: Library, make_take: Callable[..., Take]
) -> None:
    project = library.projects.create("Book").value.id
    new = [NewLine("One", section="Begin"), NewLine("Two", opens_block=False), NewLine("Three")]
    one, two, _three = library.lines.add(project, new).value
    take = make_take(one.id)
    library.lines.choose_take(one.id, take.id)
    library.projects.change_settings(project, generation={"steps": 7})
    kept = library.versions.keep(project, "first draft")
    assert (kept.name, kept.lines) == ("first draft", 3)
    before = library.lines.of_project(project)
    library.lines.set_text(one.id, "Another one")
    library.lines.delete([two.id])
    library.takes.delete(take.id)
    library.lines.add(project, [NewLine("Four")])
    library.projects.change_settings(project, generation={"steps": 9})
    changed = _texts(library, project)
    library.versions.restore(kept.id)
    assert library.lines.of_project(project) == before
    assert library.takes.get(take.id).id == take.id
    assert library.projects.get(project).settings.generation == {"steps": 7}
    library.undo()
    assert _texts(library, project) == changed
    names = [version.name for version in library.versions.of_project(project)]
    assert names == ["", "first draft"]  # what was there before restoring is kept too


def test_one_version_a_day_is_kept_by_itself(library: Library, clock: Clock) -> None:
    project = library.projects.create("Book").value.id
    library.versions.keep(project)
    library.versions.keep(project)
    assert len(library.versions.of_project(project)) == 1
    library.lines.add(project, [NewLine("One")])
    library.versions.keep(project)
    assert [version.lines for version in library.versions.of_project(project)] == [1]
    clock.now += 2 * 86400
    library.lines.add(project, [NewLine("Two")])
    library.versions.keep(project)
    assert [version.lines for version in library.versions.of_project(project)] == [2, 1]
    named = library.versions.keep(project, "as it is")
    for number in range(40):
        clock.now += 86400
        library.lines.add(project, [NewLine(f"{number}")])
        library.versions.keep(project)
    ages = [
        round((clock.now - version.created) / 86400)
        for version in library.versions.of_project(project)
    ]
    assert ages[:31] == list(range(31))
    assert len(ages) <= 34  # of older ones one a month, and the one with a name
    before = library.versions.of_project(project)
    assert named.name in [version.name for version in before]
    clock.now += 400 * 86400  # as a clock that is set wrong
    library.lines.add(project, [NewLine("Later")])
    library.versions.keep(project)
    assert library.versions.of_project(project)[1:31] == before[:30]
    library.versions.restore(named.id)
    assert _texts(library, project) == ["One", "Two"]


def test_versions_of_an_older_library_are_restored(tmp_path: Path) -> None:
    root = tmp_path / "library"
    root.mkdir()
    older = next(n for n, step in enumerate(MIGRATIONS) if "ADD COLUMN packed" in step)
    connection = sqlite3.connect(root / "library.db", isolation_level=None)
    migrate(connection, older)
    columns = "id, name, created, modified, opened"
    connection.execute(f"INSERT INTO projects ({columns}) VALUES ('p', 'P', 1.0, 1.0, 1.0)")
    line = {"id": "l", "text": "One", "speaker": "", "pause_seconds": 0.5, "locked": 0}
    line |= {"opens_block": 1, "section": "", "settings": "{}", "block_settings": "{}"}
    content = json.dumps({"settings": {}, "lines": [line]})
    connection.execute("INSERT INTO versions VALUES ('v', 'p', '', ?, 1.0)", (content,))
    connection.close()
    with Library(root) as library:
        (version,) = library.versions.of_project("p")
        assert (version.id, version.lines) == ("v", 1)
        library.versions.restore("v")
        assert _texts(library, "p") == ["One"]
    connection = sqlite3.connect(root / "library.db", isolation_level=None)
    connection.execute("DELETE FROM seal")  # else rows are not looked at one by one
    inspect(root / "library.db")  # what is packed is no damage, unless it can't be unpacked
    connection.execute("UPDATE versions SET packed = x'78' WHERE packed IS NOT NULL")
    connection.close()
    with pytest.raises(DamagedError):
        inspect(root / "library.db")


def test_what_is_gone_for_good_is_left_out_of_a_restored_version(
    library: Library, clock: Clock, tmp_path: Path, make_take: Callable[..., Take]
) -> None:
    write_tone(tmp_path / "a.wav", 2.0)
    voice = library.voices.create("Anna", [NewSample(tmp_path / "a.wav", "Hi.")]).value
    project = library.projects.create("Book").value.id
    (line,) = library.lines.add(project, [NewLine("One", voice.id)]).value
    library.lines.choose_take(line.id, make_take(line.id).id)
    kept = library.versions.keep(project, "draft")
    library.lines.delete([line.id])
    library.takes.delete(*(take.id for take in library.takes.of_line(line.id)))
    library.voices.delete(voice.id)
    clock.now += 40 * 86400
    library.bin.purge()
    library.versions.restore(kept.id)
    (restored,) = library.lines.of_project(project)
    assert (restored.text, restored.voice_id, restored.take_id) == ("One", None, None)
    with pytest.raises(StudioError):
        library.versions.restore("nothing")


def test_a_deleted_line_comes_back_from_the_bin(library: Library) -> None:
    project = library.projects.create("Book").value.id
    one, _two = library.lines.add(project, [NewLine("One"), NewLine("Two")]).value
    library.lines.delete([one.id])
    library.lines.add(project, [NewLine("Three")])
    (item,) = library.bin.contents()
    assert (item.kind, item.name, item.project) == ("lines", "One", "Book")
    library.bin.restore(item)
    assert sorted(_texts(library, project)) == ["One", "Three", "Two"]
    assert library.bin.contents() == []


def test_what_comes_back_from_the_bin_is_in_sight(
    library: Library, make_take: Callable[..., Take]
) -> None:
    """A take brings its line along, and a line its project."""
    project = library.projects.create("Book").value.id
    (line,) = library.lines.add(project, [NewLine("One")]).value
    take = make_take(line.id)
    library.takes.delete(take.id)
    library.lines.delete([line.id])
    library.projects.delete(project)
    (item,) = [each for each in library.bin.contents() if each.kind == "takes"]
    library.bin.restore(item)
    assert library.bin.contents() == []
    assert _texts(library, project) == ["One"]
    assert [each.id for each in library.takes.of_project(project)] == [take.id]
    library.undo()
    assert {each.kind for each in library.bin.contents()} == {"takes", "lines", "projects"}
