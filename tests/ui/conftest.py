"""What the tests of the studio share: an offscreen QApplication in the studio's theme."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from quiet_studio import quiet_backends

from ditar_studio.ui.kit import translate
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.shell.application import Appearance, make_application
from ditar_studio.ui.shell.shell import Shell
from ditar_studio.ui.shell.studio import Studio

IGNORED = ("This plugin does not support",)
PATIENCE_MS = 30_000


class PatientQtBot(QtBot):
    """Waits as long as a busy machine may need; how quick the studio is, other tests ask."""

    def waitUntil(self, callback: Callable[[], object], *, timeout: int = PATIENCE_MS) -> None:
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal: Any, *, timeout: int = PATIENCE_MS, **rest: Any) -> Any:
        return super().waitSignal(signal, timeout=timeout, **rest)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    return PatientQtBot(request)


@pytest.fixture(scope="session")
def qapp_cls() -> type[QApplication]:
    return QApplication


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    return make_application(["ditar-studio"])


@pytest.fixture
def preferences(tmp_path: Path) -> PreferenceFile:
    """Preferences in a file of their own, in English and in the light theme."""
    file = PreferenceFile(tmp_path / "settings.json")
    file.change(language="en", theme="light", first_run_done=True)
    return file


@pytest.fixture
def appearance(qapp: QApplication, preferences: PreferenceFile) -> Iterator[Appearance]:
    """The application styled by `preferences`."""
    yield Appearance(qapp, preferences)
    translate.set_language("en")


@pytest.fixture(autouse=True)
def no_qt_warnings() -> Iterator[None]:
    """Fails a test in which Qt warns, e.g. of a style sheet that it can't read."""
    received: list[str] = []

    def keep(kind: QtMsgType, _context: object, text: str) -> None:
        if kind != QtMsgType.QtDebugMsg and not text.startswith(IGNORED):
            received.append(text)

    before = qInstallMessageHandler(keep)
    yield
    qInstallMessageHandler(before)
    assert not received, received


@pytest.fixture(autouse=True)
def nothing_waits_to_be_deleted(no_qt_warnings: None) -> Iterator[None]:
    """Delete windows with their test: the next theme would otherwise be applied to them, too."""
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def studio(
    qtbot: QtBot, qapp: QApplication, preferences: PreferenceFile, tmp_path: Path
) -> Iterator[Studio]:
    preferences.change(library_folder=str(tmp_path / "library"))
    shell = Shell(qapp, preferences)
    made: list[Studio] = []
    shell.opened.connect(lambda library: made.append(Studio(shell, library, quiet_backends())))
    with qtbot.waitSignal(shell.opened, timeout=10_000):
        shell.start()
    studio = made[0]
    studio.start()
    shell.window.activateWindow()
    qtbot.waitUntil(shell.window.isActiveWindow)
    qtbot.waitUntil(lambda: studio.document.snapshot is not None, timeout=10_000)
    qtbot.waitUntil(lambda: studio.actions_.action("speak.line").isEnabled(), timeout=10_000)
    yield studio
    shell.close()
    shell.window.deleteLater()
    shell.deleteLater()
