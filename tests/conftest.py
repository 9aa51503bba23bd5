"""What holds for every test: nothing leaves the machine, and no thread outlives its test."""

from __future__ import annotations

import gc
import os
import runpy
import signal
import socket
import sys
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("LANG", "C.UTF-8")
_IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
if _IS_WORKER:  # every core has a worker of its own
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # a spinning thread takes it from another
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in what a shell runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests interrupt programs by it

_LOCAL = ("127.", "::1", "localhost")
_ROOT = Path(__file__).parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """Compile the kernels of a checkout whose sources have changed; the program never does it."""
    if hasattr(config, "workerinput"):
        return
    script = runpy.run_path(str(_ROOT / "packaging" / "compile_kernels.py"))
    if script["wanted"]() and not script["is_current"](_ROOT):
        script["compile_in_place"](_ROOT)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Leave all that tests import out of the garbage collections: it stays, and is a lot."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse tests of time elsewhere than where packaging/test.sh looks for them."""
    place = _ROOT / "tests" / "end_to_end"
    for item in items:
        if item.get_closest_marker("realtime") and not item.path.is_relative_to(place):
            raise pytest.UsageError(f"{item.nodeid} is marked realtime: move it to {place.name}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Escape the lone surrogates that tests print and log: pytest-xdist sends reports as UTF-8."""
    report = yield
    report.sections = [
        (name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections
    ]
    return report


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has its own user folders, so that none sees or touches the real ones."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name in ("DATA", "CONFIG", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    return home


@pytest.fixture(autouse=True)
def nothing_leaves_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that opens a connection to anywhere but this machine fails."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def check(address: object) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(_LOCAL):
            pytest.fail(f"a connection to {address} was attempted")

    def checked_connect(self: socket.socket, address: object) -> None:
        check(address)
        connect(self, address)  # type: ignore[arg-type]

    def checked_connect_ex(self: socket.socket, address: object) -> int:
        check(address)
        return connect_ex(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", checked_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", checked_connect_ex)


@pytest.fixture(autouse=True)
def threads_of_torch() -> Iterator[None]:
    """Take back the threads that commands give torch, for their whole process."""
    yield
    torch = sys.modules.get("torch")
    if _IS_WORKER and torch is not None:
        torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def no_thread_is_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test must see its threads end; `leaves_threads` marks those whose library keeps one.

    The kernels' threads stay, for the next kernel.
    """
    before = set(threading.enumerate())
    yield
    if request.node.get_closest_marker("leaves_threads"):
        return
    deadline = time.monotonic() + 5.0
    while left := [t for t in threading.enumerate() if t not in before and _ends(t)]:
        if time.monotonic() > deadline:
            pytest.fail(f"threads left behind: {left}")
        left[0].join(0.1)


def _ends(thread: threading.Thread) -> bool:
    return thread.is_alive() and not thread.name.startswith("kernels ")
