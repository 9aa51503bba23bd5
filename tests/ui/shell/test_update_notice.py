"""A newer release is asked for only where that is switched on, and told above the script."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ditar_studio.errors import StudioError
from ditar_studio.services.updates import Release
from ditar_studio.ui.features.settings.dialog import Choices, SettingsDialog
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.kit.widgets.messages import Banner
from ditar_studio.ui.shell import update_notice
from ditar_studio.ui.shell.shell import Shell

NEWER = Release("9.9.9", "https://github.com/ditar-studio/ditar-studio/releases/tag/v9.9.9")


class Releases:
    """Gives an answer; counts the questions, and the threads that asked."""

    def __init__(self) -> None:
        self.answer: Release | StudioError | None = NEWER
        self.asked: list[threading.Thread] = []

    def __call__(self) -> Release | None:
        self.asked.append(threading.current_thread())
        if isinstance(self.answer, StudioError):
            raise self.answer
        return self.answer


@pytest.fixture
def releases(monkeypatch: pytest.MonkeyPatch) -> Releases:
    made = Releases()
    monkeypatch.setattr(update_notice.UpdateNotice.__init__, "__defaults__", (made,))
    return made


@pytest.fixture
def wanted() -> bool:
    """Whether it was switched on in an earlier run."""
    return False


@pytest.fixture
def shell(
    qtbot: QtBot,
    qapp: QApplication,
    preferences: PreferenceFile,
    releases: Releases,
    wanted: bool,
    tmp_path: Path,
) -> Iterator[Shell]:
    preferences.change(library_folder=str(tmp_path / "library"), first_run_done=True)
    preferences.change(look_for_updates=wanted)
    shell = Shell(qapp, preferences)
    qtbot.addWidget(shell.window)
    yield shell
    shell.close()
    for thread in releases.asked:
        thread.join()


def _begin(qtbot: QtBot, shell: Shell) -> None:
    with qtbot.waitSignal(shell.opened):
        shell.start()


def _banners(shell: Shell) -> list[str]:
    return [banner.message for banner in shell.window.findChildren(Banner)]


def test_nothing_is_asked_by_itself(qtbot: QtBot, shell: Shell, releases: Releases) -> None:
    _begin(qtbot, shell)
    shell.preferences.change(text_size=1.1)
    assert releases.asked == []


@pytest.mark.parametrize("wanted", [True])
def test_a_newer_release_is_reported_at_start(
    qtbot: QtBot, shell: Shell, releases: Releases
) -> None:
    assert releases.asked == []
    _begin(qtbot, shell)
    qtbot.waitUntil(lambda: _banners(shell) == ["DiTAR Studio 9.9.9 is available."])
    shell.preferences.change(look_for_updates=False)
    shell.preferences.change(look_for_updates=True)
    assert len(releases.asked) == 1
    assert releases.asked[0] is not threading.main_thread()


def test_the_settings_switch_it_on(
    qtbot: QtBot, shell: Shell, releases: Releases, tmp_path: Path
) -> None:
    _begin(qtbot, shell)
    choices = Choices(list, list, lambda done: None, tmp_path, None, str, list, lambda: None)
    dialog = SettingsDialog(shell.preferences, choices, shell.window, page=5)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: hasattr(dialog, "updates"))
    assert not dialog.updates.isChecked()
    dialog.updates.setChecked(True)
    assert shell.preferences.value.look_for_updates
    qtbot.waitUntil(lambda: len(_banners(shell)) == 1)


@pytest.mark.parametrize("answer", [None, StudioError("The release can't be asked for.", "")])
def test_no_news_and_no_connection_are_not_reported(
    qtbot: QtBot, shell: Shell, releases: Releases, answer: StudioError | None
) -> None:
    releases.answer = answer
    _begin(qtbot, shell)
    shell.preferences.change(look_for_updates=True)
    qtbot.waitUntil(lambda: bool(releases.asked))
    releases.asked[0].join()
    QApplication.processEvents()
    assert _banners(shell) == []
