from __future__ import annotations

import threading
import time

import pytest
from fake_sound import FakeBackend, device

from ditar_studio.audio.devices.control import AudioControl
from ditar_studio.errors import StudioError


@pytest.fixture
def backend():
    return FakeBackend(device("mic", inputs=1), device("speakers", outputs=2))


@pytest.fixture
def control(backend):
    control = AudioControl(backend)
    yield control
    backend.thaw()
    control.close()


def test_work_runs_on_one_thread_in_order(control):
    order, threads = [], set()

    def work(number):
        order.append(number)
        threads.add(threading.current_thread().name)
        return number * 2

    jobs = [control.submit(lambda number=number: work(number)) for number in range(5)]
    assert [job.wait() for job in jobs] == [0, 2, 4, 6, 8]
    assert order == [0, 1, 2, 3, 4]
    assert threads == {"audio-control"}


@pytest.mark.parametrize(
    ("raised", "words"),
    [
        (RuntimeError("Invalid sample rate [PaErrorCode -9997]"), "sample rate"),
        (RuntimeError("Device unavailable [PaErrorCode -9985]"), "in use"),
        (ValueError("No input device matching 'x'"), "refused"),
        (RuntimeError("Error querying device -1"), "No such"),
    ],
)
def test_what_the_sound_library_raises_comes_out_in_words(control, raised, words):
    def work():
        raise raised

    with pytest.raises(StudioError, match=words) as caught:
        control.call(work)
    assert caught.value.remedy


def test_a_frozen_sound_system_costs_the_time_out_and_no_more(control, backend):
    backend.freeze()
    with pytest.raises(StudioError, match="does not answer"):
        control.call(backend.devices, limit=0.05)
    assert control.stuck
    with pytest.raises(StudioError, match="does not answer"):
        control.call(backend.devices, limit=60)  # fails at once, not after a minute
    backend.thaw()
    deadline = threading.Event()
    while control.stuck:
        deadline.wait(0.01)
    assert len(control.call(backend.devices)) == 2


def test_what_arrives_after_the_deadline_is_disposed_of(control, backend):
    disposed: list[str] = []
    done = threading.Event()

    def work():
        backend.block_if_frozen()
        return "late stream"

    def dispose(result):
        disposed.append(result)
        done.set()

    backend.freeze()
    job = control.submit(work, limit=0.05, dispose=dispose)
    with pytest.raises(StudioError):
        job.wait()
    assert not disposed
    backend.thaw()
    assert done.wait(5)
    assert disposed == ["late stream"]
    with pytest.raises(StudioError, match="does not answer"):
        job.result()


def test_closing_leaves_the_sound_system_and_ends_the_thread(backend):
    control = AudioControl(backend)
    control.call(backend.devices)
    control.close()
    assert backend.gone
    with pytest.raises(StudioError, match="switched off"):
        control.call(backend.devices)


def test_closing_while_frozen_does_not_hang(backend):
    control = AudioControl(backend)
    backend.freeze()
    with pytest.raises(StudioError):
        control.call(backend.devices, limit=0.01)
    begun = time.monotonic()
    control.close(limit=0.1)
    assert time.monotonic() - begun < 1.0
    backend.thaw()
