"""The whole program, as its own process, worked by accessible names alone, as a blind user does.

A voice is recorded from a microphone, saved, used to speak with the built-in model, stopped,
starred and exported; what came out of the loudspeaker is compared with the exported file.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import screen_reader
import soundfile
import soxr
from screen_reader import Desktop, Node, ScreenReader, until
from virtual_audio import VirtualAudio

from ditar_studio.assets import asset
from ditar_studio.audio.io import read_clip
from ditar_studio.services.metadata import open_recipe
from ditar_studio.store.library import Library
from ditar_studio.ui.preferences import PreferenceFile

WORDS = (
    "It is discouraging to note that the improvement of the last fifty years is almost wholly "
    "confined to Great Britain."
)
# Minutes of speech: stopping must not come too late, however fast the machine is.
TEXT = " ".join(
    [
        "The lamps along the harbour wall came on one after another, and the wind that had "
        "troubled the boats all day went down with the sun. Nobody waits for the morning here; "
        "it comes whether you want it or not."
    ]
    * 12
)
HEARD_RATE = 48000

pytestmark = [pytest.mark.realtime, pytest.mark.timeout(600)]


@dataclass
class Program:
    """The running studio, seen through a screen reader."""

    process: subprocess.Popen[bytes]
    window: Node
    server: VirtualAudio
    library: Path
    log: Path

    def press(self, name: str, role: str = "") -> None:
        self.window.find(name, role).press()

    def write(self, name: str, text: str) -> None:
        self.window.find(name, "text").write(text)


@pytest.fixture
def desktop() -> Iterator[Desktop]:
    reason = screen_reader.missing()
    if reason:
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="desk"))
    desktop = Desktop(folder)
    yield desktop
    desktop.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def program(
    desktop: Desktop, virtual_sound: VirtualAudio, own_home: Path, tmp_path: Path
) -> Iterator[Program]:
    PreferenceFile().change(
        language="en", first_run_done=True, library_folder=str(tmp_path / "library")
    )
    log = tmp_path / "program.log"
    reader = ScreenReader(desktop.environment["DBUS_SESSION_BUS_ADDRESS"])
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "ditar_studio"],
            env={
                **os.environ,
                **desktop.environment,
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            },
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
        try:
            window = reader.application("DiTAR Studio")
            yield Program(process, window, virtual_sound, tmp_path / "library", log)
        finally:
            process.kill()
            process.wait()
            reader.close()


class Listener:
    """Records what comes out of the loudspeaker."""

    def __init__(self, server: VirtualAudio, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._process = subprocess.Popen(
            [
                *("parec", "-d", "virtual_speakers.monitor", "--format=float32le"),
                *(f"--rate={HEARD_RATE}", "--channels=1", "--latency-msec=20"),
            ],
            env={**os.environ, **server.environment},
            stdout=self._file,
        )
        until(lambda: self.samples().size)

    def samples(self) -> np.ndarray:
        """What was heard so far [n]."""
        data = self._path.read_bytes()
        return np.frombuffer(data[: len(data) // 4 * 4], np.float32)

    def close(self) -> np.ndarray:
        self._process.terminate()
        self._process.wait()
        self._file.close()
        return self.samples()


def heard_part(samples: np.ndarray) -> np.ndarray:
    """From the first to the last sound, faded ends left out."""
    loud = np.flatnonzero(np.abs(samples) > 1e-3)
    return samples[loud[0] : loud[-1] - HEARD_RATE // 50]


def likeness(heard: np.ndarray, exported: np.ndarray, rate: int) -> float:
    """Correlation of what was heard with the exported sound, at the best lag."""
    whole = soxr.resample(exported, rate, HEARD_RATE).astype(np.float64)
    size = 1 << (len(heard) + len(whole)).bit_length()
    spectrum = np.fft.rfft(whole, size) * np.conj(np.fft.rfft(heard.astype(np.float64), size))
    at = int(np.argmax(np.fft.irfft(spectrum, size)[: len(whole)]))
    part = whole[at : at + len(heard)]
    return float(np.corrcoef(part, heard[: len(part)])[0, 1])


def record_a_voice(program: Program, name: str) -> None:
    program.press("New voice")
    program.press("Record")
    status = program.window.find("Recording,*", "label")
    stop = program.window.find("Stop")
    speech = program.server.say_to_microphone(asset("voices", "emma.flac"))
    until(lambda: status.name.startswith("Recording, 0:06"))
    stop.press()
    speech.wait(20)
    program.write("What is said in the reference", WORDS)
    program.press("Save as a voice…")
    program.write("Name of the voice", name)
    program.press("The speaker gave me permission to clone it.")
    program.press("I will not use it to deceive or to harm anybody.")
    program.press("Save the voice")
    program.press("Voices", "check box")
    program.window.find(f"{name}, voice of the project")


def test_everything_from_recording_to_export_by_accessible_names(
    program: Program, tmp_path: Path
) -> None:
    record_a_voice(program, "Ada")
    program.write("Line 1", TEXT)
    listener = Listener(program.server, tmp_path / "heard.raw")
    program.press("Speak line")
    stop = program.window.find("Stop")
    until(lambda: np.abs(listener.samples()).max() > 0.01, 60)
    until(lambda: heard_part(listener.samples()).size > 3 * HEARD_RATE, 60)
    stop.press()
    program.press("Star the take")
    program.press("Export the take")
    program.write("Folder", str(tmp_path / "out"))
    program.press("Export", "push button")
    (exported,) = until(lambda: list((tmp_path / "out").glob("[!.]*.wav")))
    heard = heard_part(listener.close())
    program.press("File")
    program.press("Quit")
    assert program.process.wait(30) == 0, program.log.read_text()
    clip = read_clip(exported)
    assert 3.0 <= len(heard) / HEARD_RATE <= clip.seconds
    assert likeness(heard, clip.samples, clip.sample_rate) >= 0.99
    assert soundfile.info(str(exported)).subtype == "PCM_24"
    (recipe,) = open_recipe(exported)
    assert (recipe.text, recipe.voice_name) == (TEXT, "Ada")
    with Library(program.library) as library:
        (take,) = library.takes.of_project(library.projects.open_last().value.id)
        ada = next(voice for voice in library.voices.all() if voice.name == "Ada")
    assert take.starred
    assert take.status == "partial"
    assert take.seconds == pytest.approx(clip.seconds, abs=0.001)
    assert "permission" in ada.consent
    assert 5.0 <= ada.samples[0].seconds <= 9.0  # what is silent at both ends was cut
