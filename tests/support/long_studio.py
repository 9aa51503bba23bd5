"""Runs the studio with a very long script, types and scrolls in it, and measures how it feels.

    python long_studio.py stock WORDS TAKES
    python long_studio.py try SECONDS $(date +%s.%N)

The second prints one JSON object: `window`, seconds from the start (the time that it is given)
until the window is there; `open`, seconds from opening the library until the project's lines are
seen; for `typing`, `scrolling` and `adding` (a paragraph after another) how late the window's own
event loop is, in seconds: the 99th percentile and the maximum, and `key`, the same of the time
from a key to the painted letter.
Settings and library are found where the environment says.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from busy_studio import Trial
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QWidget

from ditar_studio.store.project import NewLine
from ditar_studio.ui.shell import start as starter
from ditar_studio.ui.shell.application import make_application
from ditar_studio.ui.shell.main_window import MainWindow

if TYPE_CHECKING:
    from ditar_studio.store.library import Library
    from ditar_studio.ui.shell.shell import Shell
    from ditar_studio.ui.shell.studio import Studio

SENTENCE = "The lamps along the harbour wall came on one after another when number {} was called. "
WORDS_A_LINE = len(SENTENCE.split())


def stock(words: int, takes: int) -> None:
    """Fill the library with a project of so many words and takes."""
    import soundfile

    from ditar_studio.store.library import Library
    from ditar_studio.store.recipe import Recipe
    from ditar_studio.store.spoken_word import SpokenWord
    from ditar_studio.ui.kit.preferences import PreferenceFile

    root = Path(PreferenceFile().value.library_folder)
    noise = 0.1 * np.random.default_rng(0).standard_normal(2400).astype(np.float32)
    with Library(root) as library:
        project = library.projects.open_last().value
        new = [
            NewLine(
                SENTENCE.format(number).strip(),
                opens_block=number % 4 == 0,
                section=f"Chapter {number // 400 + 1}" if number % 400 == 0 else "",
            )
            for number in range(words // WORDS_A_LINE)
        ]
        lines = library.lines.add(project.id, new).value
        spoken = tuple(SpokenWord(n, n + 4, n / 20, n / 20 + 0.2) for n in range(0, 80, 5))
        for number in range(takes):
            line = lines[number % len(lines)]
            recipe = Recipe(
                model_name="None", model_hash="0" * 64, voice_id=None, voice_name="",
                voice_hash="", text=line.text, settings={"seed": number}, pronunciations="",
                app_version="", date="2026-01-01",
            )  # fmt: skip
            take = library.takes.begin(project.id, line.id, recipe, line.fingerprint).value
            soundfile.write(take.path, noise, 24_000)
            library.takes.finish(take.id, "complete", rtf=1.0, words=spoken)


class Painted(QObject):
    """Notes when a widget is painted after a key was pressed."""

    def __init__(self) -> None:
        super().__init__()
        self.pressed = 0.0
        self.waits: list[float] = []

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self.pressed:
            self.waits.append(time.perf_counter() - self.pressed)
            self.pressed = 0.0
        return False


class LongTrial(Trial):
    """Opens, scrolls, types and adds lines."""

    window = 0.0

    def _run(self) -> Any:
        studio = self.studio
        opened = time.time()
        yield lambda: bool(studio.script_panel.rows)
        self.found["window"] = self.window
        self.found["open"] = time.time() - opened
        self.found["lines"] = len(studio.script.lines)
        assert studio.document.snapshot is not None
        self.found["takes"] = len(studio.document.snapshot.takes)
        yield lambda: studio.engine.info is not None
        yield from self._rest(2.0)
        yield from self._scroll()
        yield from self._type()
        yield from self._add()
        print(json.dumps(self.found), flush=True)
        studio.window.close()

    def _rest(self, seconds: float) -> Any:
        until = time.monotonic() + seconds
        yield lambda: time.monotonic() > until

    def _scroll(self) -> Any:
        area = self.studio.script_panel.area
        bar = area.verticalScrollBar()
        self._watch.begin()
        for turn in range(round(self.seconds * 20)):  # by the wheel, then by far
            far = bar.maximum() * (turn * 7 // 20 % 10) // 10
            bar.setValue(far if turn % 20 == 19 else bar.value() + 120)
            yield from self._rest(0.02)
        self.found["scrolling"] = self._watch.end()

    def _type(self) -> Any:
        studio = self.studio
        place = len(studio.script.lines) // 2
        studio.script_panel.focus_line(studio.script.lines[place].id)
        yield from self._rest(1.0)
        edit = studio.window.focusWidget()
        assert edit is not None
        painted = Painted()
        edit.viewport().installEventFilter(painted)  # type: ignore[attr-defined]
        self._watch.begin()
        for turn in range(round(self.seconds * 8)):
            painted.pressed = time.perf_counter()
            _press(edit, Qt.Key.Key_A, " " if turn % 6 == 5 else "a")
            yield from self._rest(0.08 if turn % 10 else 0.6)
        self.found["typing"] = self._watch.end()
        waits = np.array(painted.waits)
        key = {"p99": float(np.percentile(waits, 99)), "max": float(waits.max())}
        self.found["typing"]["key"] = key

    def _add(self) -> Any:
        studio = self.studio
        self._watch.begin()
        for _turn in range(round(self.seconds)):
            count = len(studio.script.lines)
            _press(studio.window.focusWidget(), Qt.Key.Key_Return, "\r")
            yield lambda count=count: len(studio.script.lines) == count + 1
            yield from self._rest(0.1)
            for letter in "Who":
                _press(studio.window.focusWidget(), Qt.Key.Key_A, letter)
                yield from self._rest(0.1)
            yield from self._rest(0.6)
        self.found["adding"] = self._watch.end()


def _press(edit: QWidget | None, key: Qt.Key, text: str) -> None:
    assert edit is not None
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        event = QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier, text)
        QApplication.postEvent(edit, event)


def main() -> None:
    if sys.argv[1] == "stock":
        stock(int(sys.argv[2]), int(sys.argv[3]))
        return
    seconds, begun = int(sys.argv[2]), float(sys.argv[3])
    make_application(["ditar-studio"])
    fill, show = starter.fill, MainWindow.showEvent
    trials: list[Trial] = []

    def fill_and_try(shell: Shell, library: Library) -> Studio:
        studio = fill(shell, library)
        trials.append(LongTrial(studio, seconds, begun))
        return studio

    def show_and_note(window: MainWindow, event: QShowEvent) -> None:
        show(window, event)
        QTimer.singleShot(0, lambda: setattr(LongTrial, "window", time.time() - begun))

    MainWindow.showEvent = show_and_note  # type: ignore[method-assign, assignment]
    starter.fill = fill_and_try
    sys.exit(starter.start())


if __name__ == "__main__":
    main()
