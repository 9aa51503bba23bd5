"""`kill -9` at any moment loses nothing that was recorded, generated or saved."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from ditar_studio.store.check import inspect
from ditar_studio.store.library import Library

KILLS = 50
CRASH_SERVER = Path(__file__).parents[1] / "support" / "crash_server.py"


class Ledger:
    """What the children said they did, and what therefore must be in the library."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._read = 0
        self.sound: dict[str, int] = {}
        self.finished: dict[str, dict[str, float]] = {"take": {}, "recorded": {}, "voice": {}}
        self.lines: dict[str, set[str]] = {}
        self.deleted: set[str] = set()

    def read(self) -> None:
        data = self._journal.read_bytes() if self._journal.exists() else b""
        for row in data[self._read :].splitlines():
            entry = json.loads(row)
            what, identifier, value = entry["what"], entry["id"], entry["value"]
            if what == "sound":
                self.sound[identifier] = value
            elif what == "editing":
                self.lines.setdefault(identifier, set()).add(value)
            elif what == "line":
                self.lines[identifier] = {value}
            elif what in ("deleting", "saving"):
                self.deleted.add(identifier)
            elif what in self.finished:
                self.finished[what][identifier] = value
        self._read = len(data)


def _integrity(root: Path) -> str:
    connection = sqlite3.connect(root / "library.db")
    try:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()


def _check(root: Path, ledger: Ledger) -> int:
    """Open the library after a kill, compare with the ledger, recover. Returns what was offered."""
    with Library(root) as library:
        offered = library.recovery.find()
        recovered = {item.id: item.seconds for item in offered}
        for item in offered:
            library.recovery.keep(item)
        project = library.projects.open_last().value.id
        takes = {take.id: take for take in library.takes.of_project(project)}
        recordings = {recording.id: recording for recording in library.recordings.all()}
        voices = {voice.id: voice for voice in library.voices.all()}
        texts = {line.id: line.text for line in library.lines.of_project(project)}
    for identifier, seconds in ledger.finished["take"].items():
        if identifier not in ledger.deleted:
            assert takes[identifier].status in ("complete", "partial")
            assert takes[identifier].seconds == seconds
            assert soundfile.info(str(takes[identifier].path)).duration == seconds
    for identifier, seconds in ledger.finished["recorded"].items():
        if identifier in ledger.deleted and identifier not in recordings:
            continue
        assert soundfile.info(str(recordings[identifier].path)).duration == seconds
    for identifier, seconds in ledger.finished["voice"].items():
        (sample,) = voices[identifier].samples
        assert sample.seconds == seconds
        assert sample.path.exists()
    for identifier, frames in ledger.sound.items():
        if identifier not in ledger.deleted or identifier in takes or identifier in recordings:
            known = takes.get(identifier) or recordings[identifier]
            assert known.seconds * 24000 >= frames - 1
    for identifier, seconds in recovered.items():
        kind = "take" if identifier in takes else "recorded"
        ledger.finished[kind].setdefault(identifier, seconds)
    for identifier, possible in ledger.lines.items():
        assert texts[identifier] in possible
        ledger.lines[identifier] = {texts[identifier]}
    exported = root.parent / "exported"
    assert not list(exported.glob(".*"))
    assert not list(root.rglob(".*.partial*"))
    for path in (root / "backups").iterdir():
        assert inspect(path) is not None
    for path in exported.glob("[!.]*") if exported.exists() else ():
        assert soundfile.info(str(path)).frames > 0
    return len(offered)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_kill_9_at_random_moments_loses_nothing(tmp_path: Path) -> None:
    root = tmp_path / "library"
    moments = random.Random(20)
    ledger = Ledger(tmp_path / "journal")
    offered = 0
    with subprocess.Popen(
        [sys.executable, str(CRASH_SERVER), str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    ) as nursery:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        for seed in range(KILLS):
            deeds, seconds = moments.randint(0, 25), moments.uniform(0.0, 0.01)
            print(seed, deeds, seconds, file=nursery.stdin, flush=True)
            assert nursery.stdout.readline() == "killed\n"
            ledger.read()
            offered += _check(root, ledger)
            assert _integrity(root) == "ok"
        nursery.stdin.close()
    assert len(ledger.finished["take"]) > KILLS / 2
    assert offered > 2
