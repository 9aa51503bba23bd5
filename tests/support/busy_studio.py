"""Runs the studio as users do, has it speak, and measures how it feels. Prints one JSON object.

    python busy_studio.py SECONDS [TAKES VOICES]

A timer of the window's own event loop fires every 5 ms; how late it comes is how long the window
did not answer. Settings and library are found where the environment says.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer

from ditar_studio.store.project import NewLine
from ditar_studio.ui.shell import start as starter
from ditar_studio.ui.shell.application import make_application

if TYPE_CHECKING:
    from ditar_studio.store.library import Library
    from ditar_studio.ui.shell.shell import Shell
    from ditar_studio.ui.shell.studio import Studio

TICK = 0.005
LINE = (
    "The lamps along the harbour wall came on one after another, and the wind that had troubled "
    "the boats all day went down with the sun. Nobody waits for the morning here."
)


class Watch(QObject):
    """Notes how late the event loop is."""

    def __init__(self) -> None:
        super().__init__()
        self.late: list[float] = []
        self._last = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(round(1000 * TICK))
        self._timer.timeout.connect(self._tick)

    def begin(self) -> None:
        self.late, self._last = [], time.perf_counter()
        self._timer.start()

    def end(self) -> dict[str, float]:
        self._timer.stop()
        late = np.array(self.late or [0.0])
        return {"p99": float(np.percentile(late, 99)), "max": float(late.max())}

    def _tick(self) -> None:
        now = time.perf_counter()
        self.late.append(max(0.0, now - self._last - TICK))
        self._last = now


class Trial:
    """What is done to the studio, one step after the other, and what was found."""

    def __init__(self, studio: Studio, seconds: float, begun: float) -> None:
        self.studio = studio
        self.seconds = seconds
        self.begun = begun
        self.found: dict[str, Any] = {}
        self._watch = Watch()
        self._steps = self._run()
        self._wanted: Callable[[], bool] = lambda: True
        self._timer = QTimer(studio)
        self._timer.setInterval(10)
        self._timer.timeout.connect(self._go_on)
        self._timer.start()

    def _go_on(self) -> None:
        try:
            if self._wanted():
                self._wanted = next(self._steps, lambda: False)
        except Exception:
            traceback.print_exc()
            QCoreApplication.exit(1)

    def _run(self) -> Any:
        studio = self.studio
        yield lambda: studio.document.snapshot is not None and bool(studio.script_panel.rows)
        self.found["ready"] = time.time() - self.begun
        yield lambda: studio.engine.info is not None
        yield from self._scroll()
        snapshot = studio.document.snapshot
        assert snapshot is not None
        lines = [NewLine(LINE) for _ in range(max(2, round(self.seconds / 2)))]
        studio.document.submit(studio.library.lines.replace_all, snapshot.project.id, lines)
        yield lambda: len(studio.script.lines) == len(lines)
        until = time.monotonic() + 2.0  # voices are encoded meanwhile
        yield lambda: time.monotonic() > until
        yield from self._speak()
        print(json.dumps(self.found), flush=True)
        studio.window.close()

    def _scroll(self) -> Any:
        studio = self.studio
        studio.takes_panel.scope.choose("all")
        studio.takes.show_all(True)
        self.found["takes"] = studio.takes_panel.model.rowCount()
        self.found["voices"] = studio.voices_panel.model.rowCount()
        bars = [
            view.verticalScrollBar() for view in (studio.takes_panel.view, studio.voices_panel.view)
        ]
        self._watch.begin()
        for place in range(60):
            for bar in bars:
                bar.setValue(bar.maximum() * place // 60)
            yield lambda: True
        self.found["scroll"] = self._watch.end()

    def _speak(self) -> Any:
        studio = self.studio
        status = studio.playback.player.status
        self._watch.begin()
        asked = time.monotonic()
        studio.actions_.action("speak.stale").trigger()
        yield lambda: status().state == "playing"
        self.found["first_sound"] = time.monotonic() - asked
        yield lambda: time.monotonic() - asked > 5.0
        settled = status().underruns
        yield lambda: time.monotonic() - asked > self.seconds or not studio.engine.speaking
        self.found["speaking"] = self._watch.end()
        self.found["underruns"] = status().underruns - settled
        asked = time.monotonic()
        studio.actions_.action("speak.stop").trigger()
        yield lambda: not studio.engine.speaking and status().state in ("paused", "ended")
        self.found["stop"] = time.monotonic() - asked


def stock(takes: int, voices: int) -> None:
    """Fill the library with so many things."""
    import soundfile

    from ditar_studio.store.library import Library
    from ditar_studio.store.recipe import Recipe
    from ditar_studio.store.voices import NewSample
    from ditar_studio.ui.kit.preferences import PreferenceFile

    root = Path(PreferenceFile().value.library_folder)
    noise = 0.1 * np.random.default_rng(0).standard_normal(24_000).astype(np.float32)
    sample = root.with_suffix(".wav")
    with Library(root) as library:
        for number in range(voices):
            soundfile.write(sample, np.roll(noise, number), 24_000)
            library.voices.create(f"Voice {number}", [NewSample(sample, "Some words.")])
        project = library.projects.open_last().value
        lines = library.lines.add(project.id, [NewLine(f"{n}.") for n in range(20)]).value
        for number in range(takes):
            line = lines[number % 20]
            recipe = Recipe(
                model_name="None", model_hash="0" * 64, voice_id=None, voice_name="",
                voice_hash="", text=line.text, settings={"seed": number}, pronunciations="",
                app_version="", date="2026-01-01",
            )  # fmt: skip
            take = library.takes.begin(project.id, line.id, recipe, line.fingerprint).value
            soundfile.write(take.path, noise, 24_000)
            library.takes.finish(take.id, "complete", rtf=1.0)


def main() -> None:
    seconds, *things = (int(word) for word in sys.argv[1:])
    if things:
        stock(*things)
    begun = time.time()
    make_application(["ditar-studio"])
    fill = starter.fill
    trials: list[Trial] = []

    def fill_and_try(shell: Shell, library: Library) -> Studio:
        studio = fill(shell, library)
        trials.append(Trial(studio, seconds, begun))
        return studio

    starter.fill = fill_and_try
    sys.exit(starter.start())


if __name__ == "__main__":
    main()
