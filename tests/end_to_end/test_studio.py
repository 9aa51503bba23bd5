"""The studio over real sound streams: record, save the voice, speak, hear, export."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from captured_sound import CAPTURE_RATE, likeness, sounding_seconds
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from quiet_studio import FakeRegistry
from virtual_audio import VirtualAudio

from ditar_studio.assets import asset
from ditar_studio.audio.clips.files import read_clip
from ditar_studio.audio.devices.control import AudioControl
from ditar_studio.audio.devices.player import StreamPlayer
from ditar_studio.audio.devices.recorder import Recorder, RecordingStarted, RecordingStopped
from ditar_studio.audio.devices.registry import DeviceRegistry
from ditar_studio.ui.features.export.dialog import ExportDialog
from ditar_studio.ui.features.reference.consent_dialog import ConsentDialog
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.shell.application import make_application
from ditar_studio.ui.shell.backends import Backends
from ditar_studio.ui.shell.shell import Shell
from ditar_studio.ui.shell.studio import Studio

WORDS = "It is discouraging to note that the improvement of the last fifty years is almost wholly."
PATIENCE = 30_000


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    return make_application(["ditar-studio"])


@pytest.fixture
def studio(
    qtbot: QtBot, qapp: QApplication, virtual_sound: VirtualAudio, tmp_path: Path
) -> Iterator[Studio]:
    control = AudioControl()
    backends = Backends(
        FakeRegistry,
        lambda on_event: StreamPlayer(on_event, control=control),
        lambda on_event: Recorder(on_event, control=control),
        DeviceRegistry(control),
        lambda take, reference: None,
        lambda take, by: None,
        close=control.close,
    )
    preferences = PreferenceFile(tmp_path / "settings.json")
    preferences.change(language="en", first_run_done=True, library_folder=str(tmp_path / "library"))
    shell = Shell(qapp, preferences)
    made: list[Studio] = []
    shell.opened.connect(lambda library: made.append(Studio(shell, library, backends)))
    with qtbot.waitSignal(shell.opened, timeout=PATIENCE):
        shell.start()
    made[0].start()
    ready = made[0].actions_.action("speak.line")
    qtbot.waitUntil(ready.isEnabled, timeout=PATIENCE)
    qtbot.waitUntil(lambda: bool(made[0].devices.inputs), timeout=PATIENCE)
    yield made[0]
    shell.close()
    shell.window.deleteLater()
    shell.deleteLater()


def wait(qtbot: QtBot, what: Callable[[], bool]) -> None:
    qtbot.waitUntil(what, timeout=PATIENCE)


def record_a_voice(qtbot: QtBot, studio: Studio, server: VirtualAudio) -> None:
    """Plays a sample voice into the microphone and saves what was recorded."""
    qtbot.mouseClick(studio.reference_panel.record_button, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: studio.maker.microphone.recording)
    speech = server.say_to_microphone(asset("voices", "emma.flac"))
    wait(qtbot, lambda: studio.maker.microphone.recorded_seconds > 6.0)
    qtbot.mouseClick(studio.reference_panel.record_button, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: studio.maker.clip is not None)
    speech.wait(10)
    studio.reference_panel.words.setPlainText(WORDS)
    wait(qtbot, lambda: studio.maker.verdict is not None)
    qtbot.mouseClick(studio.reference_panel.save_button, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: bool(studio.window.findChildren(ConsentDialog)))
    consent = studio.window.findChildren(ConsentDialog)[0]
    consent.name.setText("Ada")
    consent.choose_ground("permission")
    consent.promise.setChecked(True)
    with qtbot.waitSignal(studio.maker.saved, timeout=PATIENCE):
        qtbot.mouseClick(consent.save, Qt.MouseButton.LeftButton)


def test_what_is_heard_is_what_is_exported(
    qtbot: QtBot, studio: Studio, virtual_sound: VirtualAudio, tmp_path: Path
) -> None:
    record_a_voice(qtbot, studio, virtual_sound)
    events: queue.Queue[object] = queue.Queue()
    control = AudioControl()
    listener = Recorder(events.put, device="ALSA: virtual_loopback", control=control)
    try:
        listener.record(tmp_path / "heard.wav")
        while not isinstance(events.get(timeout=20), RecordingStarted):
            pass
        line = studio.script_panel.rows[studio.script.lines[0].id]
        line.text.selectAll()
        qtbot.keyClicks(line.text, "Seven words are enough for this test")
        qtbot.mouseClick(studio.script_panel.bar.speak_button, Qt.MouseButton.LeftButton)
        wait(qtbot, lambda: bool(studio.takes.shown) and not studio.engine.speaking)
        wait(qtbot, lambda: studio.playback.player.status().state == "ended")
        listener.stop()
        while not isinstance(stopped := events.get(timeout=20), RecordingStopped):
            pass
    finally:
        listener.close()
        control.close()
    assert studio.takes.shown[0].recipe.voice_name == "Ada"
    studio.actions_.action("file.export").trigger()
    wait(qtbot, lambda: bool(studio.window.findChildren(ExportDialog)))
    dialog = studio.window.findChildren(ExportDialog)[0]
    dialog.folder.setText(str(tmp_path / "out"))
    qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: (tmp_path / "out" / "Untitled.wav").exists())
    exported = read_clip(tmp_path / "out" / "Untitled.wav")
    assert exported.seconds == pytest.approx(studio.takes.shown[0].seconds, abs=0.01)
    heard = read_clip(stopped.path).resample(CAPTURE_RATE)
    assert likeness(heard.samples, exported.samples, exported.sample_rate) >= 0.99
    assert sounding_seconds(heard.samples, CAPTURE_RATE) == pytest.approx(
        sounding_seconds(exported.samples, exported.sample_rate), rel=0.05
    )
