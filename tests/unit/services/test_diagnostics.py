"""Logs, crash reports, and bundles that tell nothing private."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest
from library_fixtures import recipe, write_tone

from ditar_studio.errors import StudioError
from ditar_studio.services import failure_log
from ditar_studio.services.diagnostics import Diagnostics, folder_of, system, write_bundle
from ditar_studio.services.scrub import Scrubber
from ditar_studio.store.library import Library
from ditar_studio.store.project import NewLine
from ditar_studio.store.voices import NewSample


@pytest.fixture
def diagnostics(tmp_path: Path) -> Diagnostics:
    return Diagnostics(tmp_path / "logs", faults=False)


@pytest.fixture
def started(diagnostics: Diagnostics) -> Iterator[Diagnostics]:
    assert diagnostics.start() is None
    yield diagnostics
    diagnostics.stop()


def test_a_clean_end_leaves_a_log_and_no_report(diagnostics: Diagnostics) -> None:
    hooks = (sys.excepthook, threading.excepthook, list(logging.getLogger().handlers))
    diagnostics.start()
    logging.getLogger("ditar_studio.test").info("hello log")
    diagnostics.stop()
    assert "hello log" in diagnostics.log_file.read_text()
    assert diagnostics.reports() == []
    assert hooks == (sys.excepthook, threading.excepthook, list(logging.getLogger().handlers))
    assert diagnostics.start() is None
    diagnostics.stop()


_CRASH = """
import faulthandler, logging, os, signal, sys, threading
from pathlib import Path
from ditar_studio.services.diagnostics import Diagnostics
crash = Diagnostics(Path(sys.argv[1])).start()
print(crash.explained if crash else None, flush=True)
logging.getLogger("ditar_studio").info("last words")
def fall(): raise ValueError("in a thread")
if sys.argv[2] == "raise": raise ValueError("unexpected")
if sys.argv[2] == "thread":
    thread = threading.Thread(target=fall); thread.start(); thread.join(); os._exit(3)
if sys.argv[2] == "fault": faulthandler._sigsegv()
if sys.argv[2] == "kill": os.kill(os.getpid(), signal.SIGKILL)
"""


def _crash(folder: Path, how: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _CRASH, str(folder), how],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=False,
    )
    assert done.returncode != 0
    return done.stdout.strip()


@pytest.mark.skipif(sys.platform == "win32", reason="signals by POSIX")
def test_a_crash_is_reported_at_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    said = [_crash(folder, how) for how in ("raise", "thread", "fault", "kill")]
    assert said == ["None", "True", "True", "True"]
    diagnostics = Diagnostics(folder, faults=False)
    crash = diagnostics.start()
    diagnostics.stop()
    assert crash is not None
    assert not crash.explained
    assert "last words" in crash.text
    texts = [path.read_text() for path in reversed(diagnostics.reports())]
    assert "ValueError: unexpected" in texts[0]
    assert "ValueError: in a thread" in texts[1]
    assert "Segmentation fault" in texts[2]
    assert crash.path == diagnostics.reports()[0]


def test_unhandled_errors_of_a_run_that_ended_cleanly_are_kept(started: Diagnostics) -> None:
    try:
        raise ValueError("in a slot")
    except ValueError as error:
        started._on_exception(ValueError, error, error.__traceback__)
    started.stop()
    (report,) = started.reports()
    assert "ValueError: in a slot" in report.read_text()
    assert started.start() is None


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("somebody's")
    with pytest.raises(StudioError, match="could not be written"):
        Diagnostics(tmp_path / "logs", faults=False).start()
    (tmp_path / "running" / "running.txt" / "inside").mkdir(parents=True)
    handlers = list(logging.getLogger().handlers)
    with pytest.raises(StudioError):
        Diagnostics(tmp_path / "running", faults=False).start()
    assert logging.getLogger().handlers == handlers


def test_a_line_that_the_disk_has_no_room_for_is_left_out(
    started: Diagnostics, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> bool:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(RotatingFileHandler, "shouldRollover", full)
        logging.getLogger("x").warning("lost")
    logging.getLogger("x").warning("written")
    log = started.log_file.read_text("utf-8")
    assert "written" in log
    assert "lost" not in log
    assert "Traceback" not in capsys.readouterr().err


def test_a_run_ends_cleanly_though_the_disk_has_no_room_for_the_end_of_its_log(
    started: Diagnostics, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handler: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(RotatingFileHandler, "flush", full)
        started.stop()
    again = Diagnostics(started.folder, faults=False)
    assert again.start() is None
    again.stop()


def test_only_some_reports_are_kept(diagnostics: Diagnostics) -> None:
    for number in range(8):
        diagnostics.folder.mkdir(exist_ok=True)
        (diagnostics.folder / "running.txt").write_text(f"crash {number}")
        os.utime(diagnostics.folder / "running.txt", (number * 100, number * 100))
        assert diagnostics.start() is not None
        diagnostics.stop()
    texts = [path.read_text() for path in diagnostics.reports()]
    assert [text.split("\n")[0] for text in texts] == [f"crash {n}" for n in (7, 6, 5, 4, 3)]


def test_the_bundle_tells_nothing_private(
    tmp_path: Path, started: Diagnostics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "jdoe")
    secrets = [
        "Grandmother",
        "The treasure is under the oak.",
        "Memoirs of Jo",
        "jdoe",
        "warm note",
    ]
    with Library(tmp_path / "library") as library:
        sample = NewSample(write_tone(tmp_path / "t.wav", 0.1), "A secret transcript.")
        library.voices.create("Grandmother", [sample], note="warm note")
        project = library.projects.create("Memoirs of Jo").value
        (line,) = library.lines.add(project.id, [NewLine(secrets[1])]).value
        library.takes.begin(project.id, line.id, recipe(secrets[1]))
        log = logging.getLogger("ditar_studio.test")
        log.error("could not speak %r of %s", secrets[1], "Memoirs of Jo")
        log.error("The file “me.wav” at /home/jdoe/Music/me.wav or C:\\Users\\jdoe\\me.wav: no")
        log.error("jdoe@example.org read %s", library.root / "takes" / "x.wav")
        log.error('File "/opt/py/lib/python3.11/site-packages/torch/nn.py", line 3')
        assert folder_of(library) == library.root / "logs"
        with failure_log.keep_failures():
            log.error("no speech for %s", secrets[1], exc_info=OSError("a cause from a command"))
        out = tmp_path / "bundle.zip"
        write_bundle(out, started, library, {"devices": "Built-in Audio of Grandmother"})
    with zipfile.ZipFile(out) as archive:
        text = "\n".join(archive.read(name).decode() for name in archive.namelist())
        facts = json.loads(archive.read("facts.json"))
    for secret in [*secrets, "A secret transcript", "me.wav", "example.org", str(tmp_path)]:
        assert secret not in text
    assert "…/site-packages/torch/nn.py" in text
    assert "OSError: a cause from a command" in text
    assert facts["voices"] == "1"
    assert facts["database"] == "ok"
    assert facts["Python"] == system()["Python"]


def test_scrubbing_keeps_what_is_needed() -> None:
    scrubber = Scrubber(["Anna", "no", ""])
    text = "2026-01-01 12:00:00,123 INFO engine [MainThread] rtf 0.45, 3/4 done and/or not; annatto"
    assert scrubber.scrub(text) == text
    assert scrubber.scrub("ANNA says no") == "<private> says no"
