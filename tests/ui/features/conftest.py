"""What tests of several features need."""

from __future__ import annotations

import threading

import pytest

from ditar_studio.services.line_queue import LineQueue, Waiting


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Lets the first line be taken; each further one when it is released once more."""
    gate, take = threading.Semaphore(1), LineQueue.next_take

    def take_at_gate(queue: LineQueue) -> Waiting | None:
        assert gate.acquire(timeout=60)
        return take(queue)

    monkeypatch.setattr(LineQueue, "next_take", take_at_gate)
    return gate
