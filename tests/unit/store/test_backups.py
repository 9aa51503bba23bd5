"""Generations of backups: made when there is something new, never given up for less."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest
from library_fixtures import Clock

from ditar_studio.errors import StudioError
from ditar_studio.store import backup, check, database, migrations
from ditar_studio.store.backup import Backups
from ditar_studio.store.check import inspect, quick_look
from ditar_studio.store.library import Library
from ditar_studio.store.migrations import MIGRATIONS, migrate

DAY = 86400.0


def backups_of(root: Path) -> list[Path]:
    return sorted((root / "backups").glob("*"))


def voices_in(path: Path) -> int:
    return quick_look(path).counts["voices"]


def test_a_changed_library_is_backed_up_when_it_is_closed(tmp_path: Path, clock: Clock) -> None:
    Library(tmp_path, clock).close()
    assert backups_of(tmp_path) == []
    with Library(tmp_path, clock) as library:
        library.voices.create("Anna")
    (first,) = backups_of(tmp_path)
    assert voices_in(first) == 1
    clock.now += 1
    with Library(tmp_path, clock) as library:
        assert len(library.voices.all()) == 1
    assert backups_of(tmp_path) == [first]
    with Library(tmp_path, clock) as library:
        library.voices.create("Bea")
    assert [voices_in(path) for path in backups_of(tmp_path)] == [1, 2]


def test_a_run_that_is_always_killed_is_backed_up_once_a_day(tmp_path: Path, clock: Clock) -> None:
    root, killed = tmp_path / "library", tmp_path / "killed"
    with Library(root, clock) as library:
        library.voices.create("Anna")
        shutil.copytree(root, killed)
    for days, count in ((0.0, 1), (0.5, 1), (0.6, 2)):
        clock.now += days * DAY
        shutil.rmtree(root)
        with Library(killed, clock) as library:
            library.submit(lambda: None).result()
            assert len(backups_of(killed)) == count
            shutil.copytree(killed, root)
        shutil.rmtree(killed)
        shutil.copytree(root, killed)


def test_days_and_weeks_are_kept(tmp_path: Path, clock: Clock) -> None:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection)
        connection.execute("INSERT INTO voices (id, name, created) VALUES ('a', 'Anna', 1.0)")
        backups = Backups(tmp_path, clock)
        for _ in range(45):
            clock.now += DAY
            backups.keep(connection)
    made = [found.made for found in backups.all()]
    ages = [(made[0] - one).days for one in made]
    assert {0, 1, 2, 3, 4, 5} <= set(ages)
    assert 21 <= ages[-1] < 42
    assert len(ages) <= 3 + 7 + 5


def test_one_that_holds_more_is_never_given_up(tmp_path: Path, clock: Clock) -> None:
    root, early = tmp_path / "library", tmp_path / "early"
    with Library(root, clock) as library:
        library.voices.create("Anna")
    shutil.copyfile(root / "library.db", early)
    with Library(root, clock) as library:
        library.voices.create("Bea")
    rich = backups_of(root)[-1]
    shutil.copyfile(early, root / "library.db")
    for number in range(20):
        clock.now += 3 * DAY
        with Library(root, clock) as library:
            assert library.damaged is not None
            assert "holds less" in library.damaged.message
            assert rich.name in library.damaged.remedy
            library.voices.rename(library.voices.all()[0].id, f"Anna {number}")
    assert rich.exists()
    with Library(root, clock) as library:
        library.voices.create("Bea")
        library.projects.open_last()
    with Library(root, clock) as library:
        assert library.damaged is None
    assert not rich.exists()


def test_what_is_deleted_on_purpose_is_not_missed(tmp_path: Path, clock: Clock) -> None:
    with Library(tmp_path, clock) as library:
        project = library.projects.create("Book").value
        voice = library.voices.create("Anna").value
        library.voices.delete(voice.id)
        library.projects.delete(project.id)
    clock.now += 31 * DAY
    with Library(tmp_path, clock) as library:
        assert library.bin.contents() == []
    with Library(tmp_path, clock) as library:
        assert library.damaged is None
        assert library.voices.all() == []


def test_an_emptied_library_beside_old_backups_comes_back(tmp_path: Path, clock: Clock) -> None:
    """As it was found: a backup older than a day was replaced by the emptied library."""
    with Library(tmp_path, clock) as library:
        for number in range(33):
            library.voices.create(f"Voice {number}")
    clock.now += 40 * DAY
    (saved,) = backups_of(tmp_path)
    shutil.move(saved, tmp_path / "library.backup.db")
    for spoil in (lambda path: path.write_bytes(b""), Path.unlink):
        spoil(tmp_path / "library.db")
        with Library(tmp_path, clock) as library:
            assert len(library.voices.all()) == 33
            assert library.damaged is not None
            assert "took its place" in library.damaged.message
        assert {voices_in(path) for path in backups_of(tmp_path)} == {33}


def make_old_library(root: Path, version: int) -> None:
    root.mkdir()
    connection = sqlite3.connect(root / "library.db", isolation_level=None)
    migrate(connection, version)
    connection.execute("INSERT INTO voices (id, name, created) VALUES ('a', 'Anna', 1.0)")
    connection.close()


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_an_older_library_is_backed_up_before_it_is_migrated(tmp_path: Path, version: int) -> None:
    root = tmp_path / "library"
    make_old_library(root, version)
    with Library(root) as library:
        assert [voice.name for voice in library.voices.all()] == ["Anna"]
        (before,) = backups_of(root)
    assert f"before-version-{len(MIGRATIONS)}" in before.name
    connection = sqlite3.connect(before)
    assert connection.execute("PRAGMA user_version").fetchone() == (version,)
    connection.close()
    (root / "library.db").write_bytes(b"")
    for path in backups_of(root):
        if path != before:
            path.unlink()
    with Library(root) as library:
        assert [voice.name for voice in library.voices.all()] == ["Anna"]


def test_a_migration_is_not_taken_for_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Library(tmp_path) as library:
        voice = library.voices.create("Anna \U0001fae8").value
    later = (*MIGRATIONS, "ALTER TABLE voices ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'")
    for module in (migrations, check, database):
        monkeypatch.setattr(module, "MIGRATIONS", later)
    for _ in range(2):
        with Library(tmp_path) as library:
            assert library.damaged is None
            assert library.voices.all() == [voice]


def test_without_room_for_a_backup_nothing_is_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "library"
    make_old_library(root, 1)

    def full(connection: sqlite3.Connection) -> str:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(backup, "inspect", full)
    with pytest.raises(StudioError, match="could not be backed up: database or disk is full"):
        Library(root)
    monkeypatch.undo()
    connection = sqlite3.connect(root / "library.db")
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    connection.close()
    assert list(root.glob("**/.*")) == []


def test_a_copy_that_is_not_whole_is_no_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with Library(tmp_path) as library:
        library.voices.create("Anna")
    (good,) = backups_of(tmp_path)

    def spoil(path: Path) -> object:
        path.write_bytes(b"x" * 5000)
        return inspect(path)

    monkeypatch.setattr(backup, "inspect", spoil)
    with Library(tmp_path) as library:
        library.voices.create("Bea")
    assert backups_of(tmp_path) == [good]
    assert "could not be backed up" in caplog.text


def test_a_damaged_backup_is_put_aside(tmp_path: Path) -> None:
    with Library(tmp_path) as library:
        library.voices.create("Anna")
    (bad,) = backups_of(tmp_path)
    bad.write_bytes(b"no database at all" * 300)
    (tmp_path / "backups" / "library-99999999-999999-999999.db").write_text("somebody's")
    with Library(tmp_path) as library:
        library.voices.create("Bea")
    assert bad.with_suffix(".damaged").exists()
    assert not bad.exists()
