"""Work goes out to other threads and comes back on the GUI thread, in order, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from ditar_studio.engine.events import Failed
from ditar_studio.errors import StudioError
from ditar_studio.store.library import Library
from ditar_studio.ui.kit.bridge import Bridge


@pytest.fixture
def bridge(qtbot: QtBot) -> Iterator[Bridge]:
    bridge = Bridge()
    yield bridge
    assert bridge.close()


def test_result_arrives_on_the_gui_thread(qtbot: QtBot, bridge: Bridge) -> None:
    received: list[tuple[int, bool]] = []
    main = threading.current_thread()
    bridge.background(
        lambda: threading.current_thread() is main,
        done=lambda there: received.append((there, threading.current_thread() is main)),
    )
    qtbot.waitUntil(lambda: bool(received))
    assert received == [(False, True)]


def test_failure_reaches_its_caller(qtbot: QtBot, bridge: Bridge) -> None:
    def fail() -> None:
        raise StudioError("No such file.", "Choose another.")

    received: list[StudioError] = []
    bridge.background(fail, failed=received.append)
    qtbot.waitUntil(lambda: bool(received))
    assert (received[0].message, received[0].remedy) == ("No such file.", "Choose another.")


def test_failure_that_nobody_handles_is_shown(qtbot: QtBot, bridge: Bridge) -> None:
    with qtbot.waitSignal(bridge.failed) as signal:
        bridge.background(lambda: 1 / 0)
    assert signal.args is not None
    assert signal.args[0] == "Something unexpected went wrong."


def test_nothing_is_reported_to_a_deleted_owner(qtbot: QtBot, bridge: Bridge) -> None:
    owner = QObject()
    received: list[int] = []
    go = threading.Event()
    bridge.background(lambda: go.wait(5), done=received.append, owner=owner)
    owner.deleteLater()
    qtbot.wait(0)
    del owner
    go.set()
    after: list[int] = []
    bridge.background(lambda: 1, done=after.append)
    qtbot.waitUntil(lambda: bool(after))


def test_engine_events_keep_their_order(qtbot: QtBot, bridge: Bridge) -> None:
    def work(cancel: threading.Event) -> Iterable[int]:
        yield from range(200)
        raise StudioError("Out of memory.", "Close other programs.")

    received: list[object] = []
    bridge.generate(work, received.append)
    qtbot.waitUntil(lambda: len(received) == 201)
    assert received[:200] == list(range(200))
    assert received[200] == Failed("Out of memory.", "Close other programs.")


def test_cancel_reaches_the_work(qtbot: QtBot, bridge: Bridge) -> None:
    def work(cancel: threading.Event) -> Iterable[str]:
        yield "begun"
        assert cancel.wait(5)
        yield "cancelled"

    received: list[str] = []
    job = bridge.generate(work, received.append)
    qtbot.waitUntil(lambda: received == ["begun"])
    job.cancel()
    qtbot.waitUntil(lambda: received == ["begun", "cancelled"])


def test_library_answers_and_tells_its_changes(
    qtbot: QtBot, bridge: Bridge, tmp_path: Path
) -> None:
    library = Library(tmp_path)
    bridge.use_library(library)
    with qtbot.waitSignal(bridge.changed) as changed:
        bridge.submit(library.projects.create, "Story")
    names: list[str] = []
    bridge.submit(library.projects.all, done=lambda all_: names.extend(p.name for p in all_))
    qtbot.waitUntil(lambda: bool(names))
    assert names == ["Story"]
    assert changed.args is not None
    assert changed.args[0].projects
    with pytest.raises(RuntimeError):
        library.projects.all()
    bridge.close()
    library.close()


def test_a_closed_bridge_begins_nothing(qtbot: QtBot, bridge: Bridge, tmp_path: Path) -> None:
    received: list[object] = []

    def work(_cancelled: threading.Event) -> Iterable[str]:
        yield "begun"

    with Library(tmp_path) as library:
        bridge.use_library(library)
        assert bridge.close()
    assert bridge.submit(library.projects.all, done=received.append).cancelled()
    assert bridge.background(lambda: 1, done=received.append).cancelled()
    job = bridge.generate(work, received.append)
    assert job.cancelled.is_set()
    assert job.done.is_set()
    qtbot.wait(0)
    assert received == []


def test_asking_without_a_library_is_an_error(bridge: Bridge) -> None:
    with pytest.raises(RuntimeError):
        bridge.submit(lambda: None)
