"""The shell: the window at once, the library behind it, an orderly end, honest bad news."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QDialog, QPushButton
from pytestqt.qtbot import QtBot

from ditar_studio.store.library import Library
from ditar_studio.ui.features.settings.dialog import Choices, SettingsDialog
from ditar_studio.ui.kit import theme, translate
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.kit.widgets.command_palette import CommandPalette
from ditar_studio.ui.kit.widgets.messages import Banner
from ditar_studio.ui.shell.recovery_dialog import RecoveryDialog
from ditar_studio.ui.shell.shell import Shell
from ditar_studio.ui.shell.welcome_dialog import WelcomeDialog

WHOLE_RUN = """
import sys
from PySide6.QtCore import QTimer
from ditar_studio.ui.shell import start
from ditar_studio.ui.shell.shell import Shell
begin = Shell.start
def begin_and_end(self):
    self.opened.connect(lambda _library: QTimer.singleShot(0, self.window.close))
    begin(self)
Shell.start = begin_and_end
sys.exit(start.start([]))
"""


@pytest.fixture
def shell(
    qtbot: QtBot, qapp: QApplication, preferences: PreferenceFile, tmp_path: Path
) -> Iterator[Shell]:
    preferences.change(library_folder=str(tmp_path / "library"))
    shell = Shell(qapp, preferences)
    qtbot.addWidget(shell.window)
    yield shell
    shell.close()


def begin(qtbot: QtBot, shell: Shell) -> Library:
    with qtbot.waitSignal(shell.opened) as opened:
        shell.start()
    assert opened.args is not None
    library = opened.args[0]
    assert isinstance(library, Library)
    return library


def dialog_of(qtbot: QtBot, shell: Shell, kind: type[QDialog]) -> QDialog:
    def there() -> None:
        assert shell.window.findChildren(kind)

    qtbot.waitUntil(there)
    found: QDialog = shell.window.findChildren(kind)[0]
    return found


def test_window_before_library(qtbot: QtBot, shell: Shell) -> None:
    shell.start()
    assert shell.window.isVisible()
    assert shell.library is None
    qtbot.waitUntil(lambda: shell.library is not None)


def test_whole_run_ends_cleanly(tmp_path: Path) -> None:
    out = subprocess.run(
        [sys.executable, "-c", WHOLE_RUN], capture_output=True, text=True, timeout=60
    )
    assert out.returncode == 0, out.stderr
    assert "Traceback" not in out.stderr
    assert "shared QObject" not in out.stderr


def test_library_in_use_is_reported_with_a_way_on(
    qtbot: QtBot, shell: Shell, tmp_path: Path
) -> None:
    with Library(tmp_path / "library"):
        shell.start()
        qtbot.waitUntil(lambda: bool(shell.window.findChildren(Banner)))
    banner = shell.window.findChildren(Banner)[0]
    assert banner.remedy
    with qtbot.waitSignal(shell.opened):
        next(b for b in banner.findChildren(QPushButton) if b.text() == "Try again").click()


def test_a_library_whose_drive_has_vanished_is_not_made_anew(
    qtbot: QtBot, shell: Shell, preferences: PreferenceFile, tmp_path: Path
) -> None:
    gone = tmp_path / "drive" / "library"
    preferences.change(library_folder=str(gone), library_seen=str(gone))
    shell.start()
    qtbot.waitUntil(lambda: bool(shell.window.findChildren(Banner)))
    (banner,) = shell.window.findChildren(Banner)
    assert banner.message == f"The library is not at {gone} any more."
    assert shell.window.focusWidget() is banner.buttons[0]
    assert shell.window.status.engine.text() == "The library is not open."
    assert not gone.exists()
    usual = next(each for each in banner.buttons if each.text() == "Use the usual folder")
    with qtbot.waitSignal(shell.opened):
        usual.click()
    assert preferences.value.library_folder == ""


def test_crash_is_reported_at_the_next_start(qtbot: QtBot, shell: Shell, tmp_path: Path) -> None:
    from ditar_studio.services.diagnostics import folder_of

    with Library(tmp_path / "library") as library:
        folder = folder_of(library)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "running.txt").write_text("Fatal Python error", encoding="utf-8")
    begin(qtbot, shell)
    assert [b.message for b in shell.window.findChildren(Banner)] == [
        "DiTAR Studio did not end properly last time."
    ]


def test_a_restored_database_is_reported_and_in_the_log(
    qtbot: QtBot, shell: Shell, tmp_path: Path
) -> None:
    with Library(tmp_path / "library") as library:
        library.voices.create("Anna")
    (tmp_path / "library" / "library.db").write_bytes(b"no database at all")
    translate.set_language("de")
    try:
        begin(qtbot, shell)
    finally:
        translate.set_language("en")
    (banner,) = shell.window.findChildren(Banner)
    assert banner.message.startswith("Die Datenbank der Bibliothek war beschädigt; ihre Sicherung")
    assert banner.remedy.endswith("die alte Datenbank bleibt als library.damaged-1.db erhalten.")
    log = (tmp_path / "library" / "logs" / "ditar-studio.log").read_text("utf-8")
    assert "The library's database was damaged; its backup of " in log


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 100_000,
        "[]",
        '{"values": {"library_folder": 5}}',
        '{"values": {"volume": 7.0}}',
    ],
)
def test_damaged_settings_are_reported_and_kept(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text)
    shell = Shell(qapp, PreferenceFile(path))
    qtbot.addWidget(shell.window)
    with qtbot.waitSignal(shell.opened):
        shell.start()
    (banner,) = shell.window.findChildren(Banner)
    assert banner.message == "The settings were damaged and have been reset."
    assert (tmp_path / "settings.damaged.json").read_text() == text
    shell.close()


def test_unsaved_recording_is_offered_and_kept(qtbot: QtBot, shell: Shell, tmp_path: Path) -> None:
    import numpy as np

    from ditar_studio.audio.clips.files import StreamingWavWriter

    with Library(tmp_path / "library") as library:
        recording = library.recordings.begin("The north wind").value
        with StreamingWavWriter(recording.path, 24_000, "PCM_24") as writer:
            writer.append(np.zeros(48_000, np.float32))
    library = begin(qtbot, shell)
    dialog = dialog_of(qtbot, shell, RecoveryDialog)
    assert isinstance(dialog, RecoveryDialog)
    with qtbot.waitSignal(shell.recordings_kept) as kept:
        dialog.keep.click()
    assert [item.text for item in kept.args[0]] == ["The north wind"]
    left: list[object] = []
    shell.bridge.submit(library.recovery.find, done=lambda items: left.append(items))
    qtbot.waitUntil(lambda: bool(left))
    assert left == [[]]
    shell.close()
    with Library(tmp_path / "library") as library:  # it is no voice yet
        assert [item.text for item in library.recovery.find()] == ["The north wind"]


def test_welcome_shows_once(qtbot: QtBot, shell: Shell) -> None:
    shell.preferences.change(first_run_done=False)
    begin(qtbot, shell)
    dialog = dialog_of(qtbot, shell, WelcomeDialog)
    assert isinstance(dialog, WelcomeDialog)
    for _ in range(3):
        dialog.next.click()
    assert shell.preferences.value.first_run_done


def test_palette_and_theme_by_action(qtbot: QtBot, shell: Shell) -> None:
    shell.start()
    shell.actions.action("view.palette").trigger()
    assert isinstance(dialog_of(qtbot, shell, CommandPalette), CommandPalette)
    shell.actions.action("view.dark").trigger()
    assert theme.current().dark
    assert shell.preferences.value.theme == "dark"
    shell.actions.action("view.dark").trigger()
    assert not theme.current().dark


def test_settings_change_preferences(qtbot: QtBot, shell: Shell, tmp_path: Path) -> None:
    shell.settings_choices = lambda: Choices(
        microphones=lambda: [("usb", "USB microphone")],
        loudspeakers=list,
        rescan=lambda done: done(),
        library_folder=tmp_path,
        log_folder=tmp_path,
        engine=lambda: "CPU",
        models=list,
        save_bundle=lambda: None,
    )
    shell.start()
    shell.actions.action("file.settings").trigger()
    dialog = dialog_of(qtbot, shell, SettingsDialog)
    assert isinstance(dialog, SettingsDialog)
    dialog.microphone.setCurrentIndex(1)
    dialog.microphone.activated.emit(1)
    dialog.pages.setCurrentRow(1)
    dialog.theme.choose("dark")
    dialog.text_size.set_value(120)
    dialog.pages.setCurrentRow(5)
    dialog.crash_reports.setChecked(False)
    dialog.watermark.setChecked(False)
    qtbot.waitUntil(lambda: shell.preferences.value.text_size != 1.0)
    value = shell.preferences.value
    assert (value.input_device, value.theme, value.text_size) == ("usb", "dark", 1.2)
    assert not value.keep_crash_reports
    assert not value.watermark
    assert PreferenceFile(shell.preferences.path).value == value


def test_geometry_and_sides_are_remembered(qtbot: QtBot, qapp: QApplication, shell: Shell) -> None:
    shell.start()
    shell.window.resize(760, 640)
    shell.window.set_side("left", False)
    qtbot.waitUntil(lambda: shell.library is not None)
    shell.close()
    again = Shell(qapp, PreferenceFile(shell.preferences.path))
    qtbot.addWidget(again.window)
    again.window.show()
    assert (again.window.width(), again.window.height()) == (760, 640)
    again.window.resize(1280, 640)
    assert not again.window.left.isVisible()
    again.close()
