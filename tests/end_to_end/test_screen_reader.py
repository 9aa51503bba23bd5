"""The whole program, as its own process, worked by accessible names alone, as a blind user does.

A voice is recorded from a microphone, saved, used to speak with the built-in model, stopped,
starred and exported; what came out of the loudspeaker is compared with the exported file.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from captured_sound import CAPTURE_RATE, likeness, sounding_part, sounding_seconds
from screen_reader import until
from whole_program import Listener, Program

from ditar_studio.assets import asset
from ditar_studio.audio.clips.files import read_clip
from ditar_studio.services.metadata import open_recipe
from ditar_studio.store.library import Library

SPEECH = asset("voices", "emma.flac")
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

pytestmark = pytest.mark.timeout(600)


def recorded(status: str) -> int:
    """The seconds in a status like “Recording, 0:06 of …”."""
    minutes, seconds = re.findall(r"\d+", status)[:2]
    return 60 * int(minutes) + int(seconds)


def record_a_voice(program: Program, name: str) -> float:
    """Record and save a voice; returns the seconds from “Record” to “Stop”."""
    program.press("New voice")
    with program.server.noise_in_microphone():
        begun = time.monotonic()
        program.press("Record")
        status = program.window.find("Recording,*", "label")
        stop = program.window.find("Stop")
        speech = program.server.say_to_microphone(SPEECH)
        speech.wait(60)
        until(lambda: recorded(status.name) >= 6)
        stop.press()
        seconds = time.monotonic() - begun
    program.write("What is said in the reference", WORDS)
    program.press("Save as a voice…")
    program.write("Name of the voice", name)
    program.press("The speaker gave me permission to clone it.")
    program.press("I will not use it to deceive or to harm anybody.")
    program.press("Save the voice")
    program.press("Voices", "check box")
    program.window.find(f"{name}, voice of the project")
    return seconds


def test_everything_from_recording_to_export_by_accessible_names(
    program: Program, tmp_path: Path
) -> None:
    recorded_at_most = record_a_voice(program, "Ada")
    program.write("Line 1", TEXT)
    with Listener(program.server, tmp_path / "heard.raw") as listener:
        program.press("Speak line")
        stop = program.window.find("Stop")
        until(lambda: np.abs(listener.samples()).max() > 0.01, 60)
        until(lambda: sounding_part(listener.samples()).size > 3 * CAPTURE_RATE, 60)
        stop.press()
        program.press("Star the take")
        program.press("Export the take")
        program.write("Folder", str(tmp_path / "out"))
        program.press("Export", "push button")
        (exported,) = until(lambda: list((tmp_path / "out").glob("[!.]*.wav")))
        heard = sounding_part(listener.close())
    program.quit()
    clip = read_clip(exported)
    assert len(heard) / CAPTURE_RATE >= 3.0
    assert sounding_seconds(heard, CAPTURE_RATE) <= clip.seconds
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
    said, kept = read_clip(SPEECH), read_clip(ada.samples[0].path)
    assert said.seconds <= kept.seconds <= recorded_at_most
    kept = kept.resample(CAPTURE_RATE)
    assert likeness(sounding_part(kept.samples), said.samples, said.sample_rate) >= 0.99


def test_a_sample_voice_speaks_a_line_that_is_exported(program: Program, tmp_path: Path) -> None:
    program.write("Line 1", "One short line is enough.")
    speak = program.window.find("Speak line")
    until(lambda: speak.enabled, 120)  # the model is loaded
    speak.press()
    export = program.window.find("Export the take")
    until(lambda: export.enabled, 180)
    export.press()
    program.write("Folder", str(tmp_path / "out"))
    program.press("Export", "push button")
    (exported,) = until(lambda: list((tmp_path / "out").glob("[!.]*.wav")))
    program.quit()
    assert 0.8 < read_clip(exported).seconds < 5
    (recipe,) = open_recipe(exported)
    assert recipe.text == "One short line is enough."
