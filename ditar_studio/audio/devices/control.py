"""The one thread that talks to the sound system, with a time-out on everything it does.

Opening, starting and aborting a stream can block for ever when a sound server is frozen, so no
other thread may do it, least of all the one that draws the window. Work is submitted as a job;
whoever waits for a job stops waiting at its deadline, and what an abandoned job returns late is
disposed of. While a job is overdue the control is *stuck*: new jobs fail at once, in words, until
the old one comes back.
"""

from __future__ import annotations

import atexit
import contextlib
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, Literal, Protocol, TypeVar

from ditar_studio.audio.devices.portaudio import AudioBackend, PortAudio
from ditar_studio.errors import StudioError

T = TypeVar("T")

Yielding = Literal["always", "asked", "never"]
"""When a stream may be interrupted for a rescan: at any time, when the user asks for one, or
never.
"""


class OpenStream(Protocol):
    """An open stream, as a rescan needs to know it."""

    @property
    def yields(self) -> Callable[[], Yielding]:
        """Whether the stream may be interrupted now."""

    def interrupt(self) -> None:
        """Close the stream for a rescan, on the control thread; its owner opens it again."""


def no_answer() -> StudioError:
    """Return what users read when the sound system keeps a job beyond its limit."""
    return StudioError(
        "The sound system does not answer.",
        "Wait a moment, or restart the sound server or unplug and replug the device.",
    )


class Job(Generic[T]):
    """One piece of work for the control thread.

    Exactly one of three things happens to it: a result, an error, or it is abandoned at its
    deadline.
    """

    def __init__(
        self, work: Callable[[], T], limit: float, dispose: Callable[[T], None] | None
    ) -> None:
        self._work = work
        self._dispose = dispose
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._abandoned = False
        self._result: T | None = None
        self._error: StudioError | None = None
        self.deadline = time.monotonic() + limit

    def run(self) -> None:
        """Do the work, on the control thread."""
        with self._lock:
            if self._abandoned:
                return
        result: T | None = None
        error: StudioError | None = None
        try:
            result = self._work()
        except StudioError as failure:
            error = failure
        except Exception as failure:
            error = _in_words(failure)
        with self._lock:
            late = self._abandoned
            if not late:
                self._result, self._error = result, error
                self._done.set()
        if late and error is None and self._dispose is not None:
            with contextlib.suppress(Exception):
                self._dispose(result)

    def fail(self, error: StudioError) -> None:
        """End the job without running it."""
        with self._lock:
            self._abandoned = True
            self._error = error
            self._done.set()

    @property
    def done(self) -> bool:
        """Whether there is an outcome; an overdue job is abandoned and done."""
        if not self._done.is_set() and time.monotonic() >= self.deadline:
            self._abandon()
        return self._done.is_set()

    def result(self) -> T:
        """Return the result of a job that is done.

        Raises:
            StudioError: what went wrong, or that the sound system does not answer.
        """
        if not self._done.is_set():
            raise RuntimeError("the job is not done")
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]

    def wait(self) -> T:
        """Block until the job is done, at most until its deadline, and return its result."""
        if not self._done.wait(max(0.0, self.deadline - time.monotonic())):
            self._abandon()
        return self.result()

    def _abandon(self) -> None:
        with self._lock:
            if not self._done.is_set():
                self._abandoned = True
                self._error = no_answer()
                self._done.set()


class AudioControl:
    """Runs jobs on the sound system one after the other, on a thread of its own.

    Args:
        backend: the sound system; PortAudio unless a test says otherwise.

    Attributes:
        streams: the open streams; touched on the control thread only.
    """

    def __init__(self, backend: AudioBackend | None = None) -> None:
        self.backend: AudioBackend = PortAudio() if backend is None else backend
        self.streams: list[OpenStream] = []
        self._jobs: queue.SimpleQueue[Job[Any] | None] = queue.SimpleQueue()
        self._current: Job[Any] | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(
        self, work: Callable[[], T], limit: float = 5.0, dispose: Callable[[T], None] | None = None
    ) -> Job[T]:
        """Queue work for the control thread and return at once.

        Args:
            work: runs on the control thread; its exceptions become `StudioError`.
            limit: seconds from now after which the job is abandoned.
            dispose: gets the result, on the control thread, of a job that was abandoned meanwhile.
        """
        job = Job(work, limit, dispose)
        with self._lock:
            if self._closed:
                job.fail(StudioError("Sound is switched off.", "Restart the application."))
                return job
            if self._overdue():
                job.fail(no_answer())
                return job
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="audio-control", daemon=True)
                self._thread.start()
            self._jobs.put(job)
        return job

    def call(self, work: Callable[[], T], limit: float = 5.0) -> T:
        """Run work on the control thread and wait for it, never longer than `limit` seconds.

        Raises:
            StudioError: the work failed, or the sound system does not answer.
        """
        return self.submit(work, limit).wait()

    def rescan(self, asked: bool) -> bool:
        """Take the list of devices anew unless an open stream forbids it. Control thread only.

        Args:
            asked: whether the user asked for it; then even playback is interrupted, for a moment.

        Returns:
            False where the rescan has to wait until a recording or playback is done.
        """
        allowed: tuple[Yielding, ...] = ("always", "asked") if asked else ("always",)
        if not all(stream.yields() in allowed for stream in self.streams):
            return False
        for stream in self.streams:
            stream.interrupt()
        self.streams.clear()
        self.backend.refresh()
        return True

    @property
    def stuck(self) -> bool:
        """Whether the sound system has kept a job longer than its limit and still does."""
        with self._lock:
            return self._overdue()

    def close(self, limit: float = 3.0) -> None:
        """Leave the sound system and end the thread; after a time-out, leave the thread behind."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            thread = self._thread
            stuck = self._overdue()
            if thread is not None and not stuck:
                self._jobs.put(Job(self.backend.shutdown, limit, None))
            self._jobs.put(None)
        if thread is not None:
            thread.join(0.0 if stuck else limit)

    def _overdue(self) -> bool:
        current = self._current
        return current is not None and time.monotonic() >= current.deadline

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._current = job
            job.run()
            self._current = None


_shared: AudioControl | None = None
_shared_lock = threading.Lock()


def shared_control() -> AudioControl:
    """Return the control of this process: PortAudio is process-wide, so there is one."""
    global _shared
    with _shared_lock:
        if _shared is None:
            _shared = AudioControl()
            atexit.register(close_shared_control)
        return _shared


def close_shared_control() -> None:
    """Leave the sound system; the next `shared_control` enters it again."""
    global _shared
    with _shared_lock:
        control, _shared = _shared, None
    atexit.unregister(close_shared_control)
    if control is not None:
        control.close()


def _in_words(failure: Exception) -> StudioError:
    """Turn an exception of the sound library into a sentence with a remedy."""
    text = str(failure)
    lowered = text.lower()
    if "sample rate" in lowered:
        return StudioError(
            "The device does not accept any usual sample rate.",
            "Choose another device, or set it to 48 kHz in the system's sound settings.",
        )
    if "unavailable" in lowered or "busy" in lowered:
        return StudioError(
            "The device is in use by another program or not connected.",
            "Close the other program, reconnect the device, or choose another one.",
        )
    if "querying device" in lowered or "invalid device" in lowered:
        return StudioError(
            "No such sound device.", "Connect a device and rescan, or choose another one."
        )
    return StudioError(
        f"The sound system refused: {text or type(failure).__name__}.",
        "Choose another device, or rescan the devices.",
    )
