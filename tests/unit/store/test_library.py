"""The library as a whole: opening, threads, listeners, size."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from library_fixtures import recipe, write_tone

from ditar_studio.errors import StudioError
from ditar_studio.store import files
from ditar_studio.store.changes import ChangeSet
from ditar_studio.store.library import Library
from ditar_studio.store.migrations import MIGRATIONS
from ditar_studio.store.project import NewLine


def test_a_closed_library_says_so(tmp_path: Path) -> None:
    with Library(tmp_path) as library:
        assert library.voices.all() == []
    with pytest.raises(StudioError, match="closed"):
        library.voices.all()


def test_everything_is_there_after_closing_and_opening(tmp_path: Path) -> None:
    with Library(tmp_path) as library:
        voice = library.voices.create("Anna").value
        project = library.projects.create("Book").value
        lines = library.lines.add(project.id, [NewLine("One"), NewLine("Two")]).value
    with Library(tmp_path) as library:
        assert library.voices.all() == [voice]
        assert library.lines.of_project(project.id) == lines
        assert not library.undo()
    connection = sqlite3.connect(tmp_path / "library.db")
    assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_the_environment_says_where_the_library_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DITAR_STUDIO_HOME", str(tmp_path / "here"))
    with Library() as library:
        assert library.root == tmp_path / "here"
    monkeypatch.delenv("DITAR_STUDIO_HOME")
    assert "ditar-studio" in str(files.default_root())


def test_only_one_application_opens_a_library(tmp_path: Path) -> None:
    with Library(tmp_path), pytest.raises(StudioError, match="another DiTAR Studio"):
        Library(tmp_path)
    Library(tmp_path).close()


def test_a_damaged_or_newer_database_is_reported_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(StudioError):
        Library(tmp_path)
    assert path.read_bytes().startswith(b"this is no database")
    path.unlink()
    Library(tmp_path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(StudioError, match="newer"):
        Library(tmp_path)


def test_a_damaged_database_is_replaced_by_its_backup_and_sounds_are_offered(
    tmp_path: Path,
) -> None:
    with Library(tmp_path) as library:
        voice = library.voices.create("Anna").value
    backup_of_today = next((tmp_path / "backups").iterdir())
    saved = backup_of_today.read_bytes()
    with Library(tmp_path) as library:
        project = library.projects.open_last().value
        take = library.takes.begin(project.id, None, recipe()).value
        write_tone(take.path, 0.5)
        library.takes.finish(take.id)
    for backup in (tmp_path / "backups").iterdir():
        backup.unlink()
    backup_of_today.write_bytes(saved)
    path = tmp_path / "library.db"
    data = bytearray(path.read_bytes())
    data[4096:] = b"x" * (len(data) - 4096)
    path.write_bytes(data)
    with Library(tmp_path) as library:
        assert library.damaged is not None
        assert library.damaged.kept == tmp_path / "library.damaged-1.db"
        assert library.damaged.kept.read_bytes() == data
        assert library.voices.all() == [voice]
        (orphan,) = library.recovery.find()
        assert (orphan.kind, orphan.seconds, orphan.path) == ("orphan", 0.5, take.path)
        library.recovery.discard(orphan)
        assert library.recordings.all() == []
        library.undo()
        assert [kept.path for kept in library.recordings.all()] == [take.path]
    with Library(tmp_path) as library:
        assert library.damaged is None
        assert library.recovery.find() == []
        assert library.check() == "ok"


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StudioError):
        Library(tmp_path / "file" / "library")


def test_the_interface_thread_may_submit_but_not_wait(library: Library) -> None:
    errors: list[Exception] = []

    def interface() -> None:
        library.forbid_waiting()
        try:
            library.voices.all()
        except RuntimeError as error:
            errors.append(error)
        library.submit(library.voices.create, "Anna").result()

    thread = threading.Thread(target=interface)
    thread.start()
    thread.join()
    assert len(errors) == 1
    assert [voice.name for voice in library.voices.all()] == ["Anna"]


def test_listeners_hear_every_change_until_they_leave(library: Library) -> None:
    heard: list[ChangeSet] = []
    leave = library.subscribe(heard.append)
    outcome = library.voices.create("Anna")
    undone = library.undo()
    assert heard == [outcome.changes, undone]
    leave()
    library.redo()
    assert len(heard) == 2


def test_a_failed_operation_changes_nothing(library: Library) -> None:
    project = library.projects.create().value
    before = library.lines.of_project(project.id)
    with pytest.raises(StudioError, match="no place"):
        library.lines.add(project.id, [NewLine("ok"), NewLine("bad", voice_id="nobody")])
    assert library.lines.of_project(project.id) == before
    assert library.projects.rename(project.id, "Still works").value.name == "Still works"


def test_many_threads_at_once_lose_nothing(library: Library) -> None:
    def work(number: int) -> None:
        for round_ in range(5):
            library.voices.create(f"Voice {number} {round_}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(library.voices.all()) == 30


def test_a_large_library_is_listed_quickly(library: Library) -> None:
    project = library.projects.create().value
    lines = library.lines.add(
        project.id, [NewLine(f"Line {number}") for number in range(500)]
    ).value

    def fill() -> None:
        with library.database.operation() as work:
            for number in range(100):
                work.insert("voices", f"v{number}", name=f"Voice {number}", created=1.0)
            for number, line in enumerate(lines):
                work.insert(
                    "takes",
                    f"t{number}",
                    project_id=project.id,
                    line_id=line.id,
                    text=line.text,
                    recipe=recipe(line.text).to_json(),
                    fingerprint=line.fingerprint,
                    file=f"takes/{number}.wav",
                    status="complete",
                    created=float(number),
                )

    library.database.call(fill)
    start = time.process_time()
    assert len(library.voices.all()) == 100
    assert len(library.takes.of_project(project.id)) == 500
    assert {line.state for line in library.lines.of_project(project.id)} == {"rendered"}
    assert len(library.lines.set_locked([line.id for line in lines], True).value) == 500
    assert time.process_time() - start < 1.0


def test_replacing_a_file_is_all_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("old")

    def fail(error: Exception) -> None:
        with files.replacing(path) as partial:
            partial.write_text("half")
            raise error

    with pytest.raises(ZeroDivisionError):
        fail(ZeroDivisionError())
    with pytest.raises(StudioError, match="No space left"):
        fail(OSError(28, "No space left on device"))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    with files.replacing(path) as partial:
        partial.write_text("new")
    assert path.read_text() == "new"


def test_the_store_needs_neither_torch_nor_qt() -> None:
    code = (
        "import sys, json, ditar_studio.store.library; "
        "print(json.dumps([m for m in ('torch', 'PySide6', 'scipy') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert json.loads(done.stdout) == []
