"""The settings' models: fetching, stopping, going on, checking, moving, removing, unloading."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import voxcpm_folders as folders
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from ditar_studio.services.download import Progress
from ditar_studio.services.models import Models
from ditar_studio.services.offers import OFFERS, Offer, RemoteFile
from ditar_studio.ui.features.models.page import ModelsPage, amount
from ditar_studio.ui.features.models.view_model import ModelManager
from ditar_studio.ui.kit import translate
from ditar_studio.ui.kit.bridge import Bridge
from ditar_studio.ui.kit.dialogs.ask import ConfirmDialog
from ditar_studio.ui.kit.preferences import PreferenceFile
from ditar_studio.ui.kit.translate import duration

CONTENT = bytes(range(256)) * 4096
CONFIG = b'{"architecture": "voxcpm"}'


class Server(ThreadingHTTPServer):
    """Sends half of the weights, then waits until it is let go on."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.hold = threading.Event()
        self.hold.set()
        self.half = threading.Event()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        if self.path.startswith("/api/"):
            self.send_error(404)
            return
        whole = CONFIG if self.path.endswith(".json") else CONTENT
        start = int(self.headers.get("Range", "bytes=0-")[6:].rstrip("-"))
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(whole) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
        self.end_headers()
        if whole is CONTENT and not start:
            self.wfile.write(whole[: len(whole) // 2])
            self.wfile.flush()
            self.server.half.set()
            self.server.hold.wait(20)
            start = len(whole) // 2
        with contextlib.suppress(OSError):
            self.wfile.write(whole[start:])

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.hold.set()
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def known() -> bool:
    """Whether the publisher's checksums are known."""
    return True


@pytest.fixture
def manager(
    qapp: QApplication, server: Server, tmp_path: Path, known: bool
) -> Iterator[ModelManager]:
    address = f"http://127.0.0.1:{server.server_port}"
    files = tuple(
        RemoteFile(name, len(content), hashlib.sha256(content).hexdigest() if known else None)
        for name, content in (("config.json", CONFIG), ("model.safetensors", CONTENT))
    )
    offer = Offer("tiny", "Tiny", "owner/tiny", "0" * 40, files, len(CONTENT))
    bridge = Bridge()
    models = Models(tmp_path / "models", (offer,), lambda _: (address,), pause=0.01)
    manager = ModelManager(bridge, models)
    yield manager
    server.hold.set()
    manager.close()
    bridge.close()
    manager.deleteLater()
    bridge.deleteLater()


class Memory:
    loaded = True

    def load(self) -> None:
        self.loaded = True

    def unload(self) -> None:
        self.loaded = False


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def page(
    qtbot: QtBot, manager: ModelManager, preferences: PreferenceFile, memory: Memory
) -> ModelsPage:
    page = ModelsPage(manager, preferences, lambda: memory.loaded, memory.unload, memory.load)
    qtbot.addWidget(page)
    page.show()
    return page


def press(page: ModelsPage, name: str) -> None:
    """Clicks the button of this accessible name or, lacking one, of these words."""
    buttons = [*page.findChildren(QPushButton), *page.findChildren(QToolButton)]
    found = [
        b
        for b in buttons
        if b.isVisible() and name in (b.accessibleName(), b.text()) and b.isEnabled()
    ]
    assert len(found) == 1, (name, [(b.accessibleName(), b.text()) for b in buttons])
    found[0].click()


def test_a_model_is_fetched_with_one_click(
    qtbot: QtBot, page: ModelsPage, manager: ModelManager, preferences: PreferenceFile
) -> None:
    with qtbot.waitSignal(manager.notified, timeout=10_000) as received:
        press(page, "Download Tiny")
    assert received.args == ["tiny is here.", "", "success"]
    qtbot.waitUntil(lambda: len(manager.installed) == 1)
    press(page, "Use tiny")
    assert preferences.value.model == str(manager.installed[0].path)
    with qtbot.waitSignal(manager.notified, timeout=10_000) as received:
        press(page, "Check the files of tiny")
    assert received.args[2] == "success"
    press(page, "Delete tiny")
    page.window().findChildren(ConfirmDialog)[-1].no.click()
    assert manager.installed
    press(page, "Delete tiny")
    page.window().findChildren(ConfirmDialog)[-1].yes.click()
    qtbot.waitUntil(lambda: not manager.installed and not manager.busy)
    assert preferences.value.model == "builtin"


def words_of(page: ModelsPage) -> str:
    return "\n".join(label.text() for label in page.findChildren(QLabel) if label.isVisible())


@pytest.mark.parametrize("known", [False, True])
def test_what_is_not_verified_is_reported_before_and_after(
    qtbot: QtBot, page: ModelsPage, manager: ModelManager, known: bool
) -> None:
    assert ("not verified" in words_of(page)) is not known
    with qtbot.waitSignal(manager.notified, timeout=10_000) as received:
        press(page, "Download Tiny")
    assert ("not verified" in received.args[0]) is not known
    qtbot.waitUntil(lambda: len(manager.installed) == 1 and not manager.busy)
    assert ("not verified" in words_of(page)) is not known
    with qtbot.waitSignal(manager.notified, timeout=10_000) as received:
        press(page, "Check the files of tiny")
    assert ("not verified" in received.args[0]) is not known
    assert received.args[2] == "success"


def test_a_download_is_stopped_and_goes_on(
    qtbot: QtBot, page: ModelsPage, manager: ModelManager, server: Server
) -> None:
    server.hold.clear()
    with qtbot.waitSignal(manager.progressed, timeout=10_000):
        press(page, "Download Tiny")
    assert server.half.wait(10)
    assert page.bar is not None
    press(page, "Stop the download")
    with qtbot.waitSignal(manager.notified, timeout=10_000) as received:
        server.hold.set()
    assert received.args[2] == "info"
    qtbot.waitUntil(lambda: bool(manager.begun))
    with qtbot.waitSignal(manager.notified, timeout=10_000) as received:
        press(page, "Download Tiny")
    assert received.args[2] == "success"
    assert (manager._models.find("tiny").path / "model.safetensors").read_bytes() == CONTENT


def test_a_folder_of_one_s_own_is_used_checked_and_forgotten(
    qtbot: QtBot,
    page: ModelsPage,
    manager: ModelManager,
    tmp_path: Path,
) -> None:
    own = folders.make_folder(tmp_path / "own", "0.5b")
    press(page, "Choose a folder…")
    page.findChild(QFileDialog).fileSelected.emit(str(own))
    qtbot.waitUntil(lambda: [m.name for m in manager.installed] == ["own"])
    (own / "audiovae.pth").write_bytes(b"broken")
    with qtbot.waitSignal(manager.notified, timeout=10_000) as received:
        press(page, "Check the files of own")
    assert "audiovae.pth" in received.args[0]
    assert received.args[2] == "danger"
    qtbot.waitUntil(lambda: not manager.busy)
    press(page, "Take own off the list")
    qtbot.waitUntil(lambda: not manager.installed and not manager.busy)
    assert own.is_dir()


def test_a_model_is_moved(
    qtbot: QtBot, page: ModelsPage, manager: ModelManager, tmp_path: Path
) -> None:
    with qtbot.waitSignal(manager.notified, timeout=10_000):
        press(page, "Download Tiny")
    qtbot.waitUntil(lambda: len(manager.installed) == 1)
    press(page, "Move tiny")
    with qtbot.waitSignal(manager.notified, timeout=10_000):
        page.findChild(QFileDialog).fileSelected.emit(str(tmp_path / "disk"))
    qtbot.waitUntil(lambda: manager.installed[0].path == tmp_path / "disk" / "tiny")
    assert not (tmp_path / "models" / "tiny").exists()


def test_the_model_is_unloaded_and_loaded(page: ModelsPage, memory: Memory) -> None:
    press(page, "Unload from memory")
    assert not memory.loaded
    page.fill()
    press(page, "Load")
    assert memory.loaded


def test_progress_is_reported_in_bytes_and_time(
    qtbot: QtBot, page: ModelsPage, manager: ModelManager, server: Server
) -> None:
    server.hold.clear()
    with qtbot.waitSignal(manager.progressed, timeout=10_000):
        press(page, "Download Tiny")
    manager.progressed.emit(Progress("a.bin", 500_000_000, 2_000_000_000, 300.0))
    assert page.words.text() == "a.bin: 500 MB of 2.00 GB, 5 minutes left"
    assert page.bar is not None
    assert page.bar.value() == 250


def test_titles_of_models_are_in_the_language_in_force(
    page: ModelsPage, manager: ModelManager
) -> None:
    manager._models.offers = OFFERS
    translate.set_language("de")
    page.fill()
    translate.set_language("en")
    assert "VoxCPM 1.5 (Chinesisch, Englisch; 44,1 kHz)" in words_of(page)


def test_amounts_in_words() -> None:
    assert [amount(n) for n in (900, 2_500_000, 1_610_000_000)] == ["1 kB", "2 MB", "1.61 GB"]
    assert [duration(s) for s in (0.2, 45, 600)] == ["1 second", "45 seconds", "10 minutes"]
