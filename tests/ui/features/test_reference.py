"""A new voice in the making: recorded, recorded again, written down, found again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fake_model import speech_like
from pytestqt.qtbot import QtBot
from studio_steps import dialog

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.devices.recorder import InputRestored, InputSilent
from ditar_studio.store.recovery import Recoverable
from ditar_studio.ui.features.project.history_dialog import BinDialog
from ditar_studio.ui.features.reference import clip as clip_module
from ditar_studio.ui.features.reference.clip import Stage
from ditar_studio.ui.kit import translate
from ditar_studio.ui.kit.places import Place
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.shell.studio import Studio

pytestmark = pytest.mark.filterwarnings("error")


def sound(path: Path, seconds: float = 4.0) -> Path:
    clip = speech_like(seconds)
    soundfile.write(path, clip.samples, clip.sample_rate)
    return path


def opened(qtbot: QtBot, studio: Studio, path: Path) -> Clip:
    """Has a sound file as the reference, judged."""
    studio.window.show_place(Place.REFERENCE)
    studio.reference_commands.open(str(path))
    qtbot.waitUntil(lambda: studio.maker.name == path.stem and studio.maker.verdict is not None)
    assert studio.maker.clip is not None
    return studio.maker.clip


def begin_recording(qtbot: QtBot, studio: Studio) -> None:
    clock = [0.0]
    studio.window.show_place(Place.REFERENCE)
    studio.maker._clock = lambda: clock[0]
    studio.actions_.action("voice.record").trigger()
    clock[0] = 10.0
    qtbot.waitUntil(lambda: studio.maker.microphone.recording)


def record(qtbot: QtBot, studio: Studio) -> None:
    begin_recording(qtbot, studio)
    studio.actions_.action("voice.record").trigger()
    qtbot.waitUntil(lambda: studio.maker.stage is Stage.CLIP)


def test_what_is_no_reference_offers_to_record_again(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    panel = studio.reference_panel
    opened(qtbot, studio, sound(tmp_path / "good.wav"))
    assert not panel.again_button.isVisible()
    soundfile.write(tmp_path / "silent.wav", np.zeros(96_000), 24_000)
    opened(qtbot, studio, tmp_path / "silent.wav")
    assert panel.again_button.isVisible()
    assert not panel.save_button.isEnabled()
    panel.again_button.click()
    assert studio.maker.stage is Stage.COUNTDOWN
    assert panel.record_button.isVisible()
    studio.actions_.action("voice.record").trigger()


def test_another_recording_puts_the_first_away_and_undo_brings_it_back(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    maker = studio.maker
    opened(qtbot, studio, sound(tmp_path / "first.wav"))
    maker.trim(0.0, 3.0)
    maker.set_transcript("Words of the first.")
    record(qtbot, studio)
    assert studio.toasts.words == "Reference discarded."
    recorded = maker.transcript
    assert recorded == studio.reference_panel.chosen_passage
    studio.toasts.button.click()
    assert maker.clip is not None
    assert (maker.clip.seconds, maker.transcript) == (3.0, "Words of the first.")
    qtbot.waitUntil(lambda: studio.toasts.words == "Recording deleted.")
    studio.toasts.button.click()
    qtbot.waitUntil(lambda: maker.transcript == recorded)
    left: list[list[Recoverable]] = []
    studio.document.submit(studio.library.recordings.all, done=left.append)
    qtbot.waitUntil(lambda: bool(left))
    assert len(left[0]) == 1


def test_opening_another_file_can_be_taken_back(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    opened(qtbot, studio, sound(tmp_path / "first.wav"))
    studio.maker.set_transcript("Words of the first.")
    opened(qtbot, studio, sound(tmp_path / "second.wav"))
    assert studio.maker.transcript == ""
    studio.toasts.button.click()
    assert (studio.maker.name, studio.maker.transcript) == ("first", "Words of the first.")


def test_keys_go_on_to_the_button_that_stops(qtbot: QtBot, studio: Studio) -> None:
    panel = studio.reference_panel
    studio.window.show_place(Place.REFERENCE)
    panel.input.setFocus()
    begin_recording(qtbot, studio)
    assert studio.window.focusWidget() is panel.record_button
    panel.record_button.click()
    qtbot.waitUntil(lambda: studio.maker.stage is Stage.CLIP)
    assert studio.window.focusWidget() is panel.wave


def test_a_silent_microphone_is_reported_as_long_as_it_is_silent(
    qtbot: QtBot, studio: Studio
) -> None:
    status = studio.reference_panel.status
    begin_recording(qtbot, studio)
    studio.maker._on_event(InputSilent())
    assert status.text().startswith("The microphone delivers complete silence. Check ")
    studio.maker._on_event(InputRestored())
    assert status.text().startswith("Recording, ")
    studio.actions_.action("voice.record").trigger()
    qtbot.waitUntil(lambda: studio.maker.stage is Stage.CLIP)


def test_writing_down_shows_how_far_it_is_and_can_be_stopped(
    qtbot: QtBot, studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on = threading.Event()

    def listen(_clip: Clip, tell: Callable[[float], None], stop: threading.Event) -> str:
        tell(0.4)
        (stop if stop_it else may_go_on).wait(30)
        return "Words that were heard."

    monkeypatch.setattr(clip_module, "_transcribe", listen)
    panel, maker = studio.reference_panel, studio.maker
    opened(qtbot, studio, sound(tmp_path / "first.wav"))
    assert not panel.hearing.isVisible()
    for stop_it in (True, False):
        panel.transcribe_button.click()
        assert panel.hearing.isVisible()
        assert panel.hearing.maximum() == 0
        qtbot.waitUntil(lambda: panel.hearing.value() == 40)
        assert panel.transcribe_button.text() == "Stop listening"
        if stop_it:
            panel.transcribe_button.click()
        else:
            may_go_on.set()
        qtbot.waitUntil(lambda: not panel.hearing.isVisible())
        assert maker.transcript == ("" if stop_it else "Words that were heard.")
    assert panel.transcribe_button.text() == "Write it down for me"


def test_a_recording_out_of_the_bin_becomes_the_reference(qtbot: QtBot, studio: Studio) -> None:
    record(qtbot, studio)
    transcript = studio.maker.transcript
    studio.maker.discard()
    studio.maker._discarded = None  # as in a later run
    studio.window.show_place(Place.VOICES)
    studio.actions_.action("file.bin").trigger()
    asked = dialog(qtbot, studio, BinDialog)
    asked.restore.click()
    qtbot.waitUntil(lambda: studio.maker.clip is not None)
    assert studio.maker.transcript == transcript
    assert studio.reference_panel.isVisible()
    assert studio.toasts.words == "1 thing is restored."


def test_a_recording_that_was_kept_after_a_crash_becomes_the_reference(
    qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    made = []
    for number, text in enumerate(("An old passage.", "The last passage.")):
        path = sound(tmp_path / f"{number}.wav", 4.0 + number)
        made.append(Recoverable("recording", str(number), path, text, 4.0, 100.0 + number))
    studio.shell.recordings_kept.emit(made)
    qtbot.waitUntil(lambda: studio.maker.clip is not None)
    assert studio.maker.clip is not None
    assert studio.maker.clip.seconds == pytest.approx(5.0)
    assert studio.maker.transcript == "The last passage."
    assert studio.reference_panel.isVisible()
    assert studio.toasts.words == "1 more recording is kept."


def test_large_text_leaves_the_buttons_whole_in_every_language(
    qtbot: QtBot, preferences: PreferenceFile, studio: Studio, tmp_path: Path
) -> None:
    preferences.change(text_size=2.0)
    opened(qtbot, studio, sound(tmp_path / "good.wav"))
    panel = studio.reference_panel
    qtbot.waitUntil(panel.save_button.isVisible)
    for words, tool in (
        ("Save as a voice…", panel.save_button),
        ("Hear a test sentence", panel.try_button),
    ):
        assert tool.text() == words
        for language in translate.LANGUAGES:
            tool.setText(translate.load_catalogue(language).get(words, words))
            assert tool.sizeHint().width() <= tool.width(), tool.text()
