"""Garbage is collected on the GUI thread only, and thoroughly only while nothing is spoken."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from ditar_studio.ui.shell import garbage
from ditar_studio.ui.shell.garbage import GarbageCollector


class Knot:
    """Something that only a collection frees."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def collector(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[GarbageCollector]:
    monkeypatch.setattr(garbage, "_INTERVAL_MS", 1)
    monkeypatch.setattr(garbage, "_YOUNG", 1)
    collector = GarbageCollector()
    yield collector
    collector.close()


def test_the_automatic_collection_rests_until_it_is_closed(collector: GarbageCollector) -> None:
    assert not gc.isenabled()
    collector.close()
    assert gc.isenabled()


def test_young_garbage_goes_even_while_speaking(qtbot: QtBot, collector: GarbageCollector) -> None:
    collector.set_busy(True)
    knot = Knot()
    gone = weakref.ref(knot)
    del knot
    qtbot.waitUntil(lambda: gone() is None)


def test_old_garbage_waits_until_nothing_is_spoken(
    qtbot: QtBot, collector: GarbageCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(garbage, "_OLD", 2)
    collector.set_busy(True)
    knot = Knot()
    gone = weakref.ref(knot)
    gc.collect()
    gc.collect()
    del knot
    looks: list[int] = []
    gc.callbacks.append(lambda phase, info: looks.append(info["generation"]))
    try:
        qtbot.waitUntil(lambda: len(looks) > 8)
        assert 2 not in looks
        assert gone() is not None
        collector.set_busy(False)
        qtbot.waitUntil(lambda: gone() is None)
    finally:
        gc.callbacks.pop()


def test_what_is_spared_is_not_gone_through_again(collector: GarbageCollector) -> None:
    before = gc.get_freeze_count()
    collector.freeze()
    assert gc.get_freeze_count() > before
