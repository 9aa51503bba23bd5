"""What is private is readable by its owner alone, whatever the umask, and in old libraries too."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from library_fixtures import recipe, write_tone

from ditar_studio.services.diagnostics import Diagnostics, folder_of, write_bundle
from ditar_studio.store.library import Library
from ditar_studio.store.voices import NewSample

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")


@pytest.fixture(params=[0o000, 0o022, 0o277], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(root: Path) -> dict[str, str]:
    """What is not as private as it should be."""
    return {
        str(path.relative_to(root.parent)): oct(path.stat().st_mode & 0o777)
        for path in (root, *root.rglob("*"))
        if path.stat().st_mode & 0o777 != (0o700 if path.is_dir() else 0o600)
    }


def use(root: Path, sound: Path, bundle: Path) -> None:
    """Do all that leaves files, and look at them while they are in use and afterwards."""
    with Library(root) as library:
        diagnostics = Diagnostics(folder_of(library), faults=False)
        diagnostics.start()
        library.voices.create("Anna", [NewSample(sound, "One.")])
        recording = library.recordings.begin().value
        recording.path.write_bytes(sound.read_bytes())
        library.recordings.finish(recording.id)
        project = library.projects.open_last().value
        take = library.takes.begin(project.id, None, recipe()).value
        take.path.write_bytes(sound.read_bytes())
        library.takes.finish(take.id)
        with library.unfinished.work_in(root.parent):
            write_bundle(bundle, diagnostics, library)
            assert modes(root) == {}
        diagnostics.stop()
    assert modes(root) == {}
    assert len(list(root.rglob("*"))) >= 11
    assert bundle.stat().st_mode & 0o777 == 0o600


def test_nobody_else_can_read_it(tmp_path: Path, umask: None) -> None:
    sound = write_tone(tmp_path / "tone.wav", 0.1)
    sound.chmod(0o644)
    use(tmp_path / "library", sound, tmp_path / "bundle.zip")


def test_an_old_library_is_made_private_at_the_start(tmp_path: Path) -> None:
    root, sound = tmp_path / "library", write_tone(tmp_path / "tone.wav", 0.1)
    use(root, sound, tmp_path / "bundle.zip")
    for path in (root, *root.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    Library(root).close()
    assert modes(root) == {}


def test_what_is_not_the_librarys_stays_as_it_is(tmp_path: Path) -> None:
    root = tmp_path / "documents"
    root.mkdir()
    root.chmod(0o755)
    other, elsewhere = root / "letter.sh", tmp_path / "elsewhere.wav"
    for path in (other, elsewhere):
        path.write_text("")
        path.chmod(0o755)
    (root / "takes").mkdir()
    (root / "takes" / "linked.wav").symlink_to(elsewhere)
    Library(root).close()
    kept = [path.stat().st_mode & 0o777 for path in (root, other, elsewhere)]
    assert kept == [0o755] * 3
    assert (root / "takes").stat().st_mode & 0o777 == 0o700
    assert (root / "library.db").stat().st_mode & 0o777 == 0o600
