"""Full disks, rights, other programs: one sentence each, and the library as it was."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from library_fixtures import write_tone

from ditar_studio.errors import StudioError
from ditar_studio.store import check, database
from ditar_studio.store.library import Library
from ditar_studio.store.project import NewLine
from ditar_studio.store.voices import NewSample


def fill_disk(library: Library) -> None:
    """Let SQLite find the disk full from now on."""
    pages = library.database.call(library.database.row, "PRAGMA page_count")
    assert pages is not None
    library.database.call(library.database.row, f"PRAGMA max_page_count = {pages[0]}")


def test_a_full_disk_loses_nothing_that_was_saved(tmp_path: Path) -> None:
    with Library(tmp_path) as library:
        voice = library.voices.create("Anna").value
        project = library.projects.create("Book").value
        fill_disk(library)
        with pytest.raises(StudioError, match="could not be written: database or disk is full"):
            library.lines.add(project.id, [NewLine("word " * 20000)])
        assert library.lines.of_project(project.id) == []
        assert library.voices.rename(voice.id, "Bea").value.name == "Bea"
    with Library(tmp_path) as library:
        assert library.damaged is None
        assert [voice.name for voice in library.voices.all()] == ["Bea"]


def test_a_full_disk_while_a_sample_is_copied_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = write_tone(tmp_path / "tone.wav", 0.1)
    with Library(tmp_path / "library") as library:
        copied: list[object] = []

        def copy(source: Path, target: Path) -> None:
            copied.append(target)
            target.write_bytes(b"half")
            if len(copied) == 2:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(shutil, "copyfile", copy)
        with pytest.raises(StudioError, match="No space left on device"):
            library.voices.create("Anna", [NewSample(sound, "One."), NewSample(sound, "Two.")])
        assert library.voices.all() == []
        assert list(library.root.glob("voices/*")) == []


def test_a_database_that_another_program_holds_is_not_taken_for_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (check, database):
        monkeypatch.setattr(module, "WAIT_SECONDS", 0.1)
    with Library(tmp_path) as library:
        library.voices.create("Anna")
    other = sqlite3.connect(tmp_path / "library.db", isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    before = (tmp_path / "library.db").read_bytes()
    with pytest.raises(StudioError, match="could not be opened: database is locked"):
        Library(tmp_path)
    other.close()
    assert (tmp_path / "library.db").read_bytes() == before
    with Library(tmp_path) as library:
        assert library.damaged is None
        assert len(library.voices.all()) == 1


@pytest.mark.parametrize("name", ["library.db", "library.lock", "library.db-wal"])
def test_a_folder_in_the_place_of_a_file_is_reported(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(StudioError, match="could not be opened: ") as received:
        Library(tmp_path)
    assert received.value.remedy
    (tmp_path / name).rmdir()
    Library(tmp_path).close()


@pytest.mark.parametrize("folder", ["voices", "takes", "recordings", "backups"])
def test_a_file_in_the_place_of_a_folder_is_reported_when_it_is_needed(
    tmp_path: Path, folder: str, caplog: pytest.LogCaptureFixture
) -> None:
    sound = write_tone(tmp_path / "tone.wav", 0.1)
    root = tmp_path / "library"
    root.mkdir()
    (root / folder).write_text("somebody's")
    works: dict[str, Callable[[Library], object]] = {
        "voices": lambda library: library.voices.create("Anna", [NewSample(sound, "One.")]),
        "recordings": lambda library: library.recordings.begin(),
    }
    with Library(root) as library:
        if folder in works:
            with pytest.raises(StudioError, match="could not be written"):
                works[folder](library)
        library.voices.create("Bea")
    assert (root / folder).read_text() == "somebody's"
    assert ("could not be backed up" in caplog.text) == (folder == "backups")


def test_a_file_in_the_place_of_the_library_is_reported(tmp_path: Path) -> None:
    (tmp_path / "library").write_text("somebody's")
    with pytest.raises(StudioError, match="could not be opened: "):
        Library(tmp_path / "library")
    assert (tmp_path / "library").read_text() == "somebody's"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and modes of files")
@pytest.mark.parametrize("spoil", ["folder", "database"])
def test_what_may_not_be_written_is_reported(spoil: str) -> None:
    """Tried as nobody where the tests are root's, who may write everywhere."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        root = Path(folder) / "library"
        with Library(root) as library:
            library.voices.create("Anna")
        before = (root / "library.db").read_bytes()
        for path in (root, *root.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        if spoil == "database":
            root.chmod(0o777)
            (root / "library.lock").chmod(0o666)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                if os.geteuid() == 0:
                    os.setuid(65534)
                Library(root)
            except StudioError as error:
                code = 0 if error.remedy and "could not be opened" in error.message else 2
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert (root / "library.db").read_bytes() == before
        for path in (root, root / "backups"):
            path.chmod(0o700)


def test_characters_that_cannot_be_kept_are_reported(library: Library) -> None:
    with pytest.raises(StudioError, match="characters"):
        library.voices.create("\ud800")
    assert library.voices.all() == []
