"""Text files that are none are refused at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ditar_studio.text_file import read_bytes, read_text


def test_line_ends_and_marks_are_made_one(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree\n\xe2\x80\xa8")
    assert read_text(path) == "one\ntwo\nthree\n\u2028"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices by POSIX")
def test_pipes_devices_and_folders_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero"), tmp_path / "none"):
        with pytest.raises(OSError, match=r"ordinary|directory"):
            read_text(path)


def test_what_is_too_large_or_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xff" * 100)
    assert len(read_bytes(path, 100)) == 100
    with pytest.raises(OSError, match="larger"):
        read_bytes(path, 99)
    for wrong in (path, Path("a\0b"), Path("\ud800")):
        with pytest.raises(ValueError, match=r"."):
            read_text(wrong)
