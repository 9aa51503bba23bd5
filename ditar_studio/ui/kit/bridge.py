"""The bridge between the GUI thread and all others: work goes out, results return as queued
signals.

The GUI thread never waits. The library answers from its own thread, the engine from its worker,
files and sums from a small pool; their results are put into the event queue of the GUI thread.
A closed bridge begins nothing: what a timer or a widget still asks for then is cancelled work.

    bridge.submit(library.voices.rename, voice_id, "Bea", done=show, owner=panel)
    bridge.background(read_clip, path, done=show, owner=panel)
    job = bridge.generate(work, listener=take_event)          # typed events, in order
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any, ParamSpec, Protocol, TypeVar

from PySide6.QtCore import QObject, Qt, Signal
from shiboken6 import isValid

from ditar_studio.errors import StudioError
from ditar_studio.services.history import ChangeSet
from ditar_studio.services.speech_events import Failed
from ditar_studio.services.worker import Job, Work, Worker
from ditar_studio.ui.kit.translate import tr

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
EventT = TypeVar("EventT")


class Submits(Protocol):
    """The protocol of a library for the bridge: the store's `Library` has it."""

    def submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]: ...
    def subscribe(self, listener: Callable[[ChangeSet], None]) -> Callable[[], None]: ...
    def forbid_waiting(self) -> None: ...


class GuiThread(QObject):
    """Runs calls that any thread posts on the thread that made it, in order."""

    _posted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._posted.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def post(self, call: Callable[[], object]) -> None:
        """Run `call` on the thread of this object soon; never waits."""
        if isValid(self):
            self._posted.emit(call)

    def _run(self, call: Callable[[], object]) -> None:
        call()


class Bridge(QObject):
    """The link between the interface and the threads behind it.

    Signals:
        changed: a ChangeSet of the library, after each of its operations.
        failed: message and remedy of work whose caller does not handle its failure.
    """

    changed = Signal(object)
    failed = Signal(str, str)

    def __init__(self, worker: Worker | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.worker = worker or Worker()
        self._gui = GuiThread(self)
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="background")
        self._library: Submits | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._closed = False

    def use_library(self, library: Submits) -> None:
        """Take `library` for `submit`; this thread may no longer wait for it."""
        library.forbid_waiting()
        self._library = library
        self._unsubscribe = library.subscribe(self._publish_changes)

    def post(self, call: Callable[[], object]) -> None:
        """Run `call` on the GUI thread soon; any thread may say this."""
        if not self._closed:
            self._gui.post(lambda: self._closed or call())

    def submit(
        self,
        work: Callable[..., T],
        *args: object,
        done: Callable[[T], object] | None = None,
        failed: Callable[[StudioError], object] | None = None,
        owner: QObject | None = None,
        **kwargs: object,
    ) -> Future[T]:
        """Have the library do `work` on its thread.

        Args:
            work: an operation of the library, with its arguments after it.
            done: gets the result, on the GUI thread.
            failed: gets the failure, on the GUI thread; without it `failed` is emitted.
            owner: nothing is delivered any more once this object is deleted.

        Raises:
            RuntimeError: no library has been given yet.
        """
        if self._closed:
            return _cancelled()
        if self._library is None:
            raise RuntimeError("the library isn't open yet")
        future = self._library.submit(work, *args, **kwargs)
        self.follow(future, done, failed, owner)
        return future

    def background(
        self,
        work: Callable[..., T],
        *args: object,
        done: Callable[[T], object] | None = None,
        failed: Callable[[StudioError], object] | None = None,
        owner: QObject | None = None,
        **kwargs: object,
    ) -> Future[T]:
        """Do `work`, e.g. reading a file, on a pool thread; the rest as for `submit`."""
        if self._closed:
            return _cancelled()
        future = self._pool.submit(work, *args, **kwargs)
        self.follow(future, done, failed, owner)
        return future

    def generate(
        self,
        work: Work[EventT],
        listener: Callable[[EventT | Failed], object],
        owner: QObject | None = None,
    ) -> Job:
        """Queue engine work; each of its events reaches `listener` on the GUI thread, in order."""
        if self._closed:
            return _cancelled_job()
        return self.worker.submit(
            work, lambda event: self.post(lambda: _notify(listener, event, owner))
        )

    def follow(
        self,
        future: Future[T],
        done: Callable[[T], object] | None = None,
        failed: Callable[[StudioError], object] | None = None,
        owner: QObject | None = None,
    ) -> None:
        """Report the outcome of any future on the GUI thread; arguments as for `submit`."""
        future.add_done_callback(
            lambda finished: self.post(lambda: self._deliver(finished, done, failed, owner))
        )

    def close(self, timeout: float = 5.0) -> bool:
        """Cancel and end all work, of which nothing is delivered any more. Return whether it ended
        in time.
        """
        self._closed = True
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        ended = self.worker.stop(timeout)
        self._pool.shutdown(wait=True, cancel_futures=True)
        return ended

    def _publish_changes(self, changes: ChangeSet) -> None:
        self.post(lambda: self.changed.emit(changes))

    def _deliver(
        self,
        future: Future[T],
        done: Callable[[T], object] | None,
        failed: Callable[[StudioError], object] | None,
        owner: QObject | None,
    ) -> None:
        try:
            result = future.result()
        except CancelledError:
            return
        except StudioError as error:
            log.warning("background work failed", exc_info=error)
            self._fail(error, failed, owner)
        except Exception as error:
            log.error("background work failed unexpectedly", exc_info=error)
            unexpected = StudioError(
                tr("Something unexpected went wrong."),
                tr("Try again; the log file says more about it."),
            )
            self._fail(unexpected, failed, owner)
        else:
            if done is not None:
                _notify(done, result, owner)

    def _fail(
        self,
        error: StudioError,
        failed: Callable[[StudioError], object] | None,
        owner: QObject | None,
    ) -> None:
        if failed is not None:
            _notify(failed, error, owner)
        else:
            self.failed.emit(error.message, error.remedy)


def _cancelled() -> Future[Any]:
    future: Future[Any] = Future()
    future.cancel()
    return future


def _cancelled_job() -> Job:
    job = Job(run=lambda _cancelled: None, fail=lambda _failed: None)
    job.cancel()
    job.done.set()
    return job


def _notify(listener: Callable[[T], object], value: T, owner: QObject | None) -> None:
    if owner is None or isValid(owner):
        listener(value)
