"""Making a voice: recording, opening a file, what is no speech, saving."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from fake_model import speech_like
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from quiet_studio import SilentMicrophone
from studio_steps import dialog

from ditar_studio.assets import asset
from ditar_studio.audio.clips import loudness
from ditar_studio.audio.clips.clip import Clip
from ditar_studio.ui.features.reference import clip as clip_module
from ditar_studio.ui.features.reference.clip import Stage
from ditar_studio.ui.features.reference.consent_dialog import ConsentDialog
from ditar_studio.ui.kit.places import Place
from ditar_studio.ui.shell.studio import Studio

pytestmark = pytest.mark.filterwarnings("error")


def test_recording_becomes_the_voice_of_the_project(qtbot: QtBot, studio: Studio) -> None:
    clock = [0.0]
    studio.maker._clock = lambda: clock[0]
    studio.actions_.action("voice.record").trigger()
    assert studio.maker.stage is Stage.COUNTDOWN
    clock[0] = 10.0
    qtbot.waitUntil(lambda: studio.maker.microphone.recording)
    studio.actions_.action("voice.record").trigger()
    qtbot.waitUntil(lambda: studio.maker.verdict is not None)
    assert studio.maker.transcript == studio.reference_panel.chosen_passage
    assert studio.maker.clip is not None
    qtbot.mouseClick(studio.reference_panel.save_button, Qt.MouseButton.LeftButton)
    consent = dialog(qtbot, studio, ConsentDialog)
    consent.name.setText("Ada")
    consent.choose_ground("own")
    consent.promise.setChecked(True)
    with qtbot.waitSignal(studio.maker.saved):
        consent.accept()
    qtbot.waitUntil(
        lambda: studio.voices.current is not None and studio.voices.speaks(studio.voices.current)
    )
    voice = studio.voices.current
    assert voice is not None
    assert voice.name == "Ada"
    assert "deceive" in voice.consent
    assert studio.maker.stage is Stage.IDLE


def test_the_waveform_of_a_recording_grows_while_it_is_made(qtbot: QtBot, studio: Studio) -> None:
    panel, clock = studio.reference_panel, [0.0]
    microphone = studio.maker.microphone
    assert isinstance(microphone, SilentMicrophone)
    studio.window.show_place(Place.REFERENCE)
    studio.maker._clock = lambda: clock[0]
    studio.actions_.action("voice.record").trigger()
    assert panel.growing.isHidden()
    clock[0] = 10.0
    qtbot.waitUntil(lambda: microphone.recording)
    assert panel.growing.isVisible()
    drawn = []
    for seconds in (0.5, 1.0, 5.0):
        microphone.hear(seconds)
        with qtbot.waitSignal(studio.maker.ticked):
            pass
        assert panel.growing.seconds == pytest.approx(seconds)
        assert panel.growing.view[1] > seconds
        drawn.append(bytes(panel.growing.grab().toImage().constBits()))
    assert len(set(drawn)) == 3
    studio.actions_.action("voice.record").trigger()
    qtbot.waitUntil(lambda: studio.maker.clip is not None)
    assert panel.growing.isHidden()
    assert panel.growing.peaks is None


def test_a_reference_put_away_comes_back(qtbot: QtBot, studio: Studio) -> None:
    maker = studio.maker
    maker.open(asset("voices", "emma.flac"))
    qtbot.waitUntil(lambda: maker.stage is Stage.CLIP)
    maker.trim(0.0, 2.0)
    maker.set_transcript("its words")
    studio.reference_panel.discard_button.click()
    assert maker.clip is None
    assert studio.toasts.words == "Reference discarded."
    studio.toasts.button.click()
    assert maker.clip is not None
    assert maker.clip.seconds == pytest.approx(2.0)
    assert maker.transcript == "its words"


def opened(qtbot: QtBot, studio: Studio, path: Path, samples: np.ndarray) -> None:
    """Opens a sound of 24 kHz as reference and waits for the verdict."""
    soundfile.write(path, samples, 24_000)
    studio.reference_commands.open(str(path))
    qtbot.waitUntil(lambda: studio.maker.name == path.stem and studio.maker.verdict is not None)


@pytest.mark.parametrize("kind", ["silence", "too short", "tone"])
def test_what_is_no_speech_is_not_saved(
    qtbot: QtBot, studio: Studio, tmp_path: Path, kind: str
) -> None:
    sounds = {
        "silence": np.zeros(72_000),
        "too short": speech_like(0.3).samples,
        "tone": 0.3 * np.sin(np.arange(72_000) / 20),
    }
    opened(qtbot, studio, tmp_path / "reference.wav", sounds[kind])
    panel = studio.reference_panel
    for name in ("voice.save", "voice.try", "voice.add_sample"):
        assert not studio.actions_.action(name).isEnabled(), name
    assert not panel.save_button.isEnabled()
    studio.reference_commands.save()
    assert not studio.window.findChildren(ConsentDialog)
    before = len(studio.voices.all)
    studio.maker.save("Nobody", [], "")
    assert studio.toasts.words
    assert len(studio.voices.all) == before


def test_a_file_that_is_no_sound_leaves_no_earlier_reference(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    opened(qtbot, studio, tmp_path / "good.wav", speech_like(4.0).samples)
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound at all")
    studio.reference_commands.open(str(broken))
    qtbot.waitUntil(lambda: studio.maker.clip is None)
    assert studio.maker.stage is Stage.IDLE
    assert not studio.actions_.action("voice.save").isEnabled()


@pytest.mark.parametrize("work", ["words", "loudness"])
def test_slow_work_on_one_file_does_not_end_upon_the_next(
    qtbot: QtBot, studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    opened(qtbot, studio, tmp_path / "first.wav", speech_like(4.0).samples)
    maker, may_end, ended = studio.maker, threading.Event(), threading.Event()

    def slowly(_clip: Clip, *_rest: object) -> Any:
        may_end.wait(30)
        maker.bridge.post(ended.set)  # behind the result
        return "Words of the first." if work == "words" else speech_like(1.0)

    monkeypatch.setattr(clip_module, "_transcribe", slowly)
    monkeypatch.setattr(loudness, "normalise", slowly)
    maker.transcribe() if work == "words" else maker.normalise()
    opened(qtbot, studio, tmp_path / "second.wav", speech_like(5.0).samples)
    may_end.set()
    qtbot.waitUntil(ended.is_set)
    qtbot.wait(50)
    assert maker.transcript == ""
    assert maker.clip is not None
    assert maker.clip.seconds == pytest.approx(5.0, abs=0.1)


def test_a_test_sentence_is_heard_before_the_voice_is_saved(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    opened(qtbot, studio, tmp_path / "good.wav", speech_like(4.0).samples)
    studio.maker.set_transcript("Good words.")
    qtbot.waitUntil(studio.reference_panel.try_button.isEnabled)
    voices = len(studio.voices.all)
    studio.reference_panel.try_button.click()
    qtbot.waitUntil(lambda: studio.playback.source == "test")
    assert studio.playback.title == "Test sentence"
    assert len(studio.voices.all) == voices
    assert studio.takes.shown == ()


def test_the_best_part_of_a_long_recording_is_taken_and_all_of_it_had_back(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    long = speech_like(50.0).samples
    soundfile.write(tmp_path / "long.wav", long, 24_000)
    studio.reference_commands.open(str(tmp_path / "long.wav"))
    maker = studio.maker
    qtbot.waitUntil(lambda: maker.clip is not None and maker.clip.seconds < 31)
    assert maker.clip is not None
    assert maker.clip.seconds >= 10
    assert studio.toasts.words.startswith("The best ")
    studio.reference_panel.restore_button.click()
    assert maker.clip.seconds == pytest.approx(50.0)
