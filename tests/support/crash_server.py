"""A process that lets children work on a library and kills each at the moment it is told.

Run as `python crash_server.py LIBRARY`. For every line "SEED DEEDS SECONDS" on standard input it
forks a child that records, generates, edits, saves, exports, deletes, closes the library and opens
it again, sometimes with a database that was emptied meanwhile. It kills the child with SIGKILL so
many seconds after it has noted so many deeds, and answers "killed" ("ended" if the child came to an
end by itself, by an error).
What a child has done stands in LIBRARY/../journal: a JSON object a line, each written at once.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

import numpy as np

from ditar_studio.audio.clips.files import StreamingWavWriter
from ditar_studio.services.export import export
from ditar_studio.services.export_plan import plan
from ditar_studio.services.export_settings import ExportSettings
from ditar_studio.store.library import Library
from ditar_studio.store.project import NewLine
from ditar_studio.store.recipe import Recipe
from ditar_studio.store.voices import NewSample

RATE, BLOCK = 24000, 480
LONGEST = 10.0


class Child:
    """Works until it is killed."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.random = random.Random(seed)
        self.journal = os.open(root.parent / "journal", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.library = Library(root)
        self.project = self.library.projects.open_last().value.id
        self.samples = np.random.default_rng(seed).normal(0, 0.1, BLOCK).astype(np.float32)

    def note(self, what: str, identifier: str, value: object = None) -> None:
        line = json.dumps({"what": what, "id": identifier, "value": value}) + "\n"
        os.write(self.journal, line.encode())

    def work(self) -> None:
        acts = [
            *(self.record, self.generate, self.generate, self.edit, self.export, self.delete),
            self.reopen,
        ]
        while True:
            self.random.choice(acts)()

    def fill(self, identifier: str, path: Path) -> int:
        """Write blocks to a growing file, noting how much is there after each."""
        with StreamingWavWriter(path, RATE) as writer:
            for _ in range(self.random.randint(1, 12)):
                writer.append(self.samples)
                self.note("sound", identifier, writer.frames)
            return writer.frames

    def record(self) -> None:
        recording = self.library.recordings.begin("The passage.").value
        self.fill(recording.id, recording.path)
        finished = self.library.recordings.finish(recording.id).value
        self.note("recorded", recording.id, finished.seconds)
        self.note("saving", recording.id)
        sample = NewSample(finished.path, "The passage.", recording_id=recording.id)
        voice = self.library.voices.create("Anna", [sample]).value
        self.note("voice", voice.id, finished.seconds)

    def generate(self) -> None:
        text = f"Line {self.random.random()}"
        (line,) = self.library.lines.add(self.project, [NewLine(text)]).value
        self.note("line", line.id, text)
        recipe = Recipe("builtin", "m", None, "", "", text, {"seed": 1})
        take = self.library.takes.begin(self.project, line.id, recipe, line.fingerprint).value
        self.fill(take.id, take.path)
        done = self.library.takes.finish(take.id, rtf=0.5).value
        self.note("take", take.id, done.seconds)

    def edit(self) -> None:
        lines = self.library.lines.of_project(self.project)
        if lines:
            line = self.random.choice(lines)
            text = f"Edited {self.random.random()}"
            self.note("editing", line.id, text)
            self.library.lines.set_text(line.id, text)
            self.note("line", line.id, text)

    def export(self) -> None:
        made = plan(self.library, self.project)
        if made.pieces:
            few = type(made)(made.project, made.pieces[:3], (), ())
            folder = self.root.parent / "exported"
            with self.library.unfinished.work_in(folder):
                done = export(few, folder, ExportSettings(format="flac", replace=True))
            self.note("exported", done.files[0].name)

    def delete(self) -> None:
        takes = self.library.takes.of_project(self.project)
        if len(takes) > 5:
            take = self.random.choice(takes)
            self.note("deleting", take.id)
            self.library.takes.delete(take.id)
            if self.random.random() < 0.5:
                self.library.bin.purge(older_than_days=0)

    def reopen(self) -> None:
        self.note("closing", "")
        self.library.close()
        self.note("closed", "")
        if self.random.random() < 0.5:
            (self.root / "library.db").write_bytes(b"")
        self.library = Library(self.root)
        self.note("opened", "")


def count_deeds(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def await_deeds(journal: Path, wanted: int, deadline: float) -> None:
    while count_deeds(journal) < wanted and time.monotonic() < deadline:
        time.sleep(0.001)


def main() -> None:
    root = Path(sys.argv[1])
    journal = root.parent / "journal"
    for line in sys.stdin:
        seed, deeds, seconds = line.split()
        noted = count_deeds(journal)
        child = os.fork()
        if child == 0:
            try:
                Child(root, int(seed)).work()
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        await_deeds(journal, noted + int(deeds), time.monotonic() + LONGEST)
        time.sleep(float(seconds))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print("killed" if killed else "ended", flush=True)


if __name__ == "__main__":
    main()
