"""The whole program in a process of its own, seen through a screen reader, and what it plays."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from captured_sound import CAPTURE_RATE
from screen_reader import Desktop, Node, ScreenReader, until
from virtual_audio import VirtualAudio

VARIABLE = "DITAR_STUDIO_PROGRAM"
"""Names another program to test than the one in this checkout: a frozen one."""


@dataclass
class Program:
    """The running studio, seen through a screen reader."""

    process: subprocess.Popen[bytes]
    window: Node
    server: VirtualAudio
    library: Path
    log: Path
    command: tuple[str, ...]
    environment: dict[str, str]

    def press(self, name: str, role: str = "") -> None:
        self.window.find(name, role).press()

    def write(self, name: str, text: str) -> None:
        self.window.find(name, "text").write(text)

    def menu(self, title: str, action: str, times: int = 1) -> None:
        """Do an action of a menu, which a screen reader leaves open."""
        self.press(title, "menu item")
        item = self.window.find(action, "menu item")
        for _ in range(times):
            item.press()
        if self.process.poll() is None and self.window.look_for(action, "menu item"):
            self.press(title, "menu item")
            until(lambda: not self.window.look_for(action, "menu item"))

    def focus(self, name: str) -> None:
        """Give a text the keyboard focus, and its window too: a second start raises the first."""
        frame = self.window.find("*", "frame")
        if not frame.active:
            subprocess.run(self.command, env=self.environment, check=True, timeout=60)
            until(lambda: frame.active)
        node = self.window.find(name, "text")
        node.focus()
        until(lambda: node.focused)

    def quit(self) -> None:
        """End it by its menu; it has to end well."""
        self.press("File", "menu item")
        self.press("Quit", "menu item")
        assert self.process.wait(30) == 0, self.log.read_text()


@contextlib.contextmanager
def running(desktop: Desktop, server: VirtualAudio, library: Path, log: Path) -> Iterator[Program]:
    """Start the program; what is still running at the end is ended."""
    reader = ScreenReader(desktop.environment["DBUS_SESSION_BUS_ADDRESS"])
    command = tuple(shlex.split(os.environ.get(VARIABLE) or f"{sys.executable} -m ditar_studio"))
    path = os.pathsep.join(filter(None, sys.path))
    environment = {**os.environ, **desktop.environment, "PYTHONPATH": path}
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
        try:
            window = reader.application("DiTAR Studio")
            yield Program(process, window, server, library, log, command, environment)
        finally:
            process.kill()
            process.wait()
            reader.close()


class Listener:
    """Records what comes out of the loudspeaker, at the latest until its block ends."""

    def __init__(self, server: VirtualAudio, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._process = subprocess.Popen(
            [
                *("parec", "-d", "virtual_speakers.monitor", "--format=float32le"),
                *(f"--rate={CAPTURE_RATE}", "--channels=1", "--latency-msec=20"),
            ],
            env={**os.environ, **server.environment},
            stdout=self._file,
        )
        try:
            until(lambda: self.samples().size)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def samples(self) -> np.ndarray:
        """Return what was heard so far [n]."""
        data = self._path.read_bytes()
        return np.frombuffer(data[: len(data) // 4 * 4], np.float32)

    def close(self) -> np.ndarray:
        """End the recording; return what was heard [n]."""
        self._process.terminate()
        self._process.wait()
        self._file.close()
        return self.samples()
