from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest

from ditar_studio.engine.events import Failed
from ditar_studio.engine.worker import Worker
from ditar_studio.errors import StudioError


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    assert worker.stop()


def test_jobs_run_one_after_the_other_on_one_thread(worker: Worker) -> None:
    seen: list[tuple[str, int]] = []

    def work(cancel: threading.Event) -> Iterator[int]:
        yield from range(3)

    jobs = [
        worker.submit(work, lambda e: seen.append((threading.current_thread().name, e)))
        for _ in range(4)
    ]
    assert all(job.done.wait(10) for job in jobs)
    assert seen == [("engine", number) for number in [0, 1, 2] * 4]


def test_cancel_reaches_the_job_at_work(worker: Worker) -> None:
    begun = threading.Event()

    def work(cancel: threading.Event) -> Iterator[str]:
        begun.set()
        assert cancel.wait(10)
        yield "stopped"

    seen: list[str] = []
    job = worker.submit(work, seen.append)
    assert begun.wait(10)
    job.cancel()
    assert job.done.wait(10)
    assert seen == ["stopped"]


def test_failures_are_reported_and_the_next_job_runs(
    worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    def received(cancel: threading.Event) -> Iterator[object]:
        raise StudioError("No voice.", "Choose one.")

    def broken(cancel: threading.Event) -> Iterator[object]:
        yield 1 / 0

    seen: list[object] = []
    with caplog.at_level(logging.CRITICAL, logger="ditar_studio.engine.worker"):
        worker.submit(received, seen.append)
        worker.submit(broken, seen.append)
        assert worker.submit(lambda cancel: ["fine"], seen.append).done.wait(10)
    assert seen[0] == Failed("No voice.", "Choose one.")
    assert isinstance(seen[1], Failed)
    assert seen[2] == "fine"


def test_stop_cancels_what_waits_and_ends_the_thread() -> None:
    worker = Worker()
    states: list[bool] = []

    def work(cancel: threading.Event) -> Iterator[object]:
        cancel.wait(10)
        states.append(cancel.is_set())
        return iter(())

    for _ in range(3):
        worker.submit(work, lambda event: None)
    assert worker.stop()
    assert states == [True] * 3
    with pytest.raises(RuntimeError):
        worker.submit(work, lambda event: None)


def test_a_worker_without_jobs_has_no_thread() -> None:
    before = threading.active_count()
    worker = Worker()
    assert threading.active_count() == before
    assert worker.stop()
