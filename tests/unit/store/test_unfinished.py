"""What was being written when the program was killed is cleaned away at the next start."""

from __future__ import annotations

from pathlib import Path

import pytest

from ditar_studio.store import files
from ditar_studio.store.library import Library
from ditar_studio.store.unfinished import NAME


def leave_a_partial(folder: Path) -> Path:
    """What `files.replacing` leaves in a folder when its process is killed."""
    with pytest.raises(KeyboardInterrupt), files.replacing(folder / "whole.wav") as partial:
        raise KeyboardInterrupt
    partial.write_bytes(b"half")
    return partial


def test_traces_of_a_killed_export_go_and_all_else_stays(tmp_path: Path) -> None:
    folder = tmp_path / "music"
    folder.mkdir()
    with Library(tmp_path / "library") as library:
        killed = library.unfinished.work_in(folder)
        killed.__enter__()
        partial = leave_a_partial(folder)
    others = [folder / "song.wav", folder / ".hidden.partial.wav"]
    for other in others:
        other.write_bytes(b"mine")
    with Library(tmp_path / "library") as library:
        library.check()
    assert not partial.exists()
    assert all(other.exists() for other in others)
    assert not (tmp_path / "library" / NAME).exists()


def test_traces_inside_the_library_go_too(tmp_path: Path) -> None:
    with Library(tmp_path / "library") as library:
        root = library.root
        (root / "voices").mkdir(exist_ok=True)
        partials = [leave_a_partial(root), leave_a_partial(root / "voices")]
    with Library(tmp_path / "library") as library:
        library.check()
    assert not any(partial.exists() for partial in partials)


def test_nothing_is_remembered_after_a_finished_export(tmp_path: Path) -> None:
    with Library(tmp_path / "library") as library:
        with library.unfinished.work_in(tmp_path), library.unfinished.work_in(tmp_path / "b"):
            assert (library.root / NAME).exists()
        assert not (library.root / NAME).exists()


def test_a_damaged_note_is_passed_over(tmp_path: Path) -> None:
    root = tmp_path / "library"
    root.mkdir()
    (root / NAME).write_text("{")
    with Library(root) as library:
        assert library.check() == "ok"
