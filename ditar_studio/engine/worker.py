"""One plain thread that does all work with models, one job after the other.

Models are not made for use from several threads, and importing torch takes seconds: both are this
thread's affair alone. Nothing here knows Qt; a job's events go to its `post` function, on this
thread, and a user interface passes it on to its own.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from ditar_studio.engine.device import yield_to_others
from ditar_studio.engine.events import Failed
from ditar_studio.errors import StudioError

log = logging.getLogger(__name__)

EventT = TypeVar("EventT")

Work = Callable[[threading.Event], Iterable[EventT]]
"""Gets an event that asks it to stop; gives the typed events to post."""


@dataclass(frozen=True, eq=False)
class Job:
    """A piece of work in the queue, at work or done.

    Attributes:
        run: does the work and posts its events, on the worker's thread.
        fail: posts why it could not go on.
        cancelled: set to ask it to stop.
        done: set when it has ended.
    """

    run: Callable[[threading.Event], None]
    fail: Callable[[Failed], None]
    cancelled: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """Ask it to stop; a job that hasn't begun still runs, with its event set."""
        self.cancelled.set()


class Worker:
    """The thread and its queue. Make it early, it costs nothing until the first job."""

    def __init__(self, name: str = "engine") -> None:
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting: list[Job] = []
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._started = False

    def submit(self, work: Work[EventT], post: Callable[[EventT | Failed], None]) -> Job:
        """Put work into the queue.

        Args:
            work: called on the thread; the events that it gives are posted one by one. What it
                raises becomes a `Failed` event: a StudioError with its own words, anything else
                goes to the log and is reported in general terms.
            post: called on the thread with every event; it must not block.
        """

        def run(cancelled: threading.Event) -> None:
            for event in work(cancelled):
                post(event)

        job = Job(run, post)
        with self._lock:
            if self._stopping:
                raise RuntimeError("the worker has been stopped")
            if not self._started:
                self._thread.start()
                self._started = True
            self._waiting.append(job)
        self._jobs.put(job)
        return job

    def cancel_all(self) -> None:
        """Ask the job at work and all that wait to stop."""
        with self._lock:
            for job in self._waiting:
                job.cancel()

    def stop(self, timeout: float = 10.0) -> bool:
        """Cancel everything and end the thread; return whether it ended in time (seconds)."""
        with self._lock:
            self._stopping = True
            started = self._started
        self.cancel_all()
        if not started:
            return True
        self._jobs.put(None)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        yield_to_others()
        while (job := self._jobs.get()) is not None:
            try:
                job.run(job.cancelled)
            except StudioError as error:
                log.warning("a job failed", exc_info=error)
                job.fail(Failed(error.message, error.remedy))
            except Exception:
                log.exception("a job failed unexpectedly")
                job.fail(
                    Failed(
                        "Something unexpected went wrong.",
                        "Try again; the log file says more about it.",
                    )
                )
            finally:
                with self._lock:
                    self._waiting.remove(job)
                job.done.set()
