"""Devices and cores that models can run on here."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
from dataclasses import dataclass

_MOST_THREADS = 8
"""Streaming makes small patches; more threads than this cost more than they bring."""

_LARGE = 100_000_000
_STEP_BACK = 5


@dataclass(frozen=True)
class Device:
    """A device that torch could use.

    Attributes:
        name: as torch calls it.
        usable: whether models can run on it here.
        reason: in words, why or why not.
    """

    name: str
    usable: bool
    reason: str


def cores() -> int:
    """Return cores that this process may use (respects affinity, as containers and
    taskset set it).
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def default_threads(parameters: int = 0, beside_interface: bool = True) -> int:
    """Return the threads for a model of so many parameters: eight at most.

    Small models leave one core to interface and sound, where there is an interface: on two cores a
    second thread was measured to bring them a fifth on a quiet machine, and to cost many times the
    time on a busy one. Large ones take all cores.
    """
    wanted = cores() - 1 if beside_interface and parameters < _LARGE else cores()
    return max(1, min(_MOST_THREADS, wanted))


def use_threads(count: int) -> None:
    """Set torch's threads within an operation. Imports torch."""
    import torch

    torch.set_num_threads(count)


def threads_in_use() -> int:
    """Return torch's threads within an operation. Imports torch."""
    import torch

    return torch.get_num_threads()


def yield_to_others() -> None:
    """Give the calling thread, and threads that it starts, a lower priority than interface and
    sound.

    On Linux threads have a priority of their own; elsewhere nothing is done.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            thread = threading.get_native_id()
            now = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, min(19, now + _STEP_BACK))


def training_device() -> str:
    """Return the quickest device that torch can train on here, as torch calls it. Imports torch."""
    usable = {device.name for device in devices() if device.usable}
    return next(name for name in ("cuda", "mps", "cpu") if name in usable)


def release_memory() -> None:
    """Return freed memory to the system.

    glibc keeps freed blocks of up to 32 MB, in every thread's heap, for later use: of a model's
    weights that is most.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def devices() -> list[Device]:
    """Return all devices that torch might use, usable or not, each with the reason.
    Imports torch.
    """
    import torch

    found = [Device("cpu", True, f"{cores()} cores, {torch.backends.cpu.get_cpu_capability()}")]
    if torch.cuda.is_available():
        found.append(Device("cuda", True, torch.cuda.get_device_name(0)))
    elif torch.version.cuda is None:
        found.append(Device("cuda", False, "this torch is built without CUDA"))
    else:
        found.append(Device("cuda", False, "no NVIDIA GPU, or no driver for it"))
    if torch.backends.mps.is_available():
        found.append(Device("mps", True, "Apple GPU"))
    elif sys.platform == "darwin":
        found.append(Device("mps", False, "this macOS or this torch has no Metal support"))
    return found
