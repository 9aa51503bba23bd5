"""The command line's log: failures with their causes, and no trouble of its own."""

from __future__ import annotations

import contextlib
import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest

from ditar_studio.cli import main
from ditar_studio.services import failure_log
from ditar_studio.services.failure_log import keep_failures, kept_logs
from ditar_studio.store.files import HOME_VARIABLE

log = logging.getLogger("ditar_studio.test")


def test_nothing_is_made_until_something_fails() -> None:
    with keep_failures():
        log.info("all is well")
        assert kept_logs() == []
        log.warning("it is not")
    (path,) = kept_logs()
    assert "it is not" in path.read_text()
    assert "all is well" not in path.read_text()
    log.warning("afterwards")
    assert "afterwards" not in path.read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="rights by POSIX")
def test_only_its_owner_may_read_it() -> None:
    with keep_failures():
        log.error("private")
    (path,) = kept_logs()
    assert path.stat().st_mode & 0o77 == 0
    assert path.parent.stat().st_mode & 0o77 == 0
    assert path.parents[1].stat().st_mode & 0o77 == 0


def test_it_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failure_log, "_BYTES", 1000)
    with keep_failures():
        for number in range(100):
            log.error("failure %d", number)
    assert len(kept_logs()) == 3
    assert all(path.stat().st_size <= 1000 for path in kept_logs())


def test_letters_that_are_none_are_written_all_the_same() -> None:
    with keep_failures():
        log.error("what \udcff\ud800 is that")
    assert r"\udcff\ud800" in kept_logs()[0].read_text()


def test_where_it_cannot_be_written_nobody_hears_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")

    def full(_handler: object) -> None:
        raise OSError(28, "No space left on device")

    for home in (tmp_path / "file", Path("/dev/null"), Path("/dev/full")):
        monkeypatch.setenv(HOME_VARIABLE, str(home))
        with keep_failures():
            log.error("lost")
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "full"))
    with keep_failures():
        log.error("kept")
        monkeypatch.setattr(RotatingFileHandler, "flush", full)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["speak"], "required: -o/--out"),
        (["speak", "--text", "a", "--out", "a.xyz"], "not the name of a sound file"),
        (["speak", "--text", "a", "--text-file", "/", "--out", "a.wav"], "Give the text once"),
        (["speak", "--text-file", "missing.txt", "--out", "a.wav"], "FileNotFoundError"),
        (["batch", "missing.jsonl", "--out-dir", "out"], "FileNotFoundError"),
        (["evaluate", "missing.jsonl", "--out-dir", "out"], "FileNotFoundError"),
        (["train", "prepare", "missing.jsonl", "--out", "out"], "FileNotFoundError"),
        (["serve", "--port", "99999"], "no port"),
        (["models", "verify", "nothing"], "no model"),
    ],
)
def test_what_a_command_tells_is_in_it_with_its_cause(
    command: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with contextlib.suppress(SystemExit):
        assert main(command) == 1
    text = kept_logs()[0].read_text()
    assert words in text
    assert "Traceback" in text
