from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

from ditar_studio.engine import device
from ditar_studio.engine.device import (
    cores,
    default_threads,
    devices,
    use_threads,
    yield_to_others,
)


def test_the_cpu_is_always_usable_and_every_device_has_a_reason() -> None:
    found = {device.name: device for device in devices()}
    assert found["cpu"].usable
    assert all(device.reason for device in found.values())


def test_threads_follow_the_cores_that_may_be_used() -> None:
    before = torch.get_num_threads()
    try:
        assert 1 <= default_threads(10**7) <= default_threads(10**9) <= cores()
        use_threads(1)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a priority per thread")
def test_a_thread_can_stand_back_alone() -> None:
    seen: list[int] = []

    def work() -> None:
        yield_to_others()
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen[0] == min(19, before + 5)
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before


def test_threads_wait_but_briefly_unless_the_user_says_otherwise() -> None:
    script = "import ditar_studio, os; print(os.environ['GOMP_SPINCOUNT'])"
    for given, expected in [({}, "20000"), ({"GOMP_SPINCOUNT": "7"}, "7")]:
        clean = {k: v for k, v in os.environ.items() if k != "GOMP_SPINCOUNT"}
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**clean, **given},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == expected


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
def test_memory_let_go_of_goes_back_to_the_system() -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    blocks = [b"x" * (100_000 + k) for k in range(2000)]
    full = resident()
    del blocks[::2]
    device.release_memory()
    assert resident() < full - 70_000_000
