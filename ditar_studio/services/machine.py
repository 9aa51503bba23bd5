"""Facts about this computer: which models run on it, and why something is slow."""

from __future__ import annotations

import contextlib
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ditar_studio.engine.device import Device, threads_in_use
from ditar_studio.engine.device import cores as cores
from ditar_studio.engine.device import default_threads as default_threads
from ditar_studio.engine.device import devices as devices
from ditar_studio.engine.device import use_threads as use_threads

Tone = Literal["success", "info", "warning"]

_LITTLE_MEMORY = 1.5
"""GiB; the built-in model takes half a one, VoxCPM up to six."""


@dataclass(frozen=True)
class Machine:
    """A computer, as far as speaking depends on it.

    Attributes:
        processor: name of the processor.
        cores: that this program may use.
        threads: that models take of them.
        memory, free_memory: in GiB; None where that isn't known.
        devices: that models might run on, with reasons.
        without_kernels: why the compiled kernels are not in use; empty where they are.
        load: programs that wanted a core in the last minute, per core; None where not known.
    """

    processor: str
    cores: int
    threads: int
    memory: float | None
    free_memory: float | None
    devices: tuple[Device, ...]
    without_kernels: str
    load: float | None


@dataclass(frozen=True)
class Speed:
    """The measured speed of a model that spoke a test sentence here.

    Attributes:
        factor: seconds of speech that are made in a second.
        first_sound: seconds until it was heard.
    """

    factor: float
    first_sound: float


@dataclass(frozen=True)
class Remark:
    """Something about the machine that the user should know, and what to do about it."""

    tone: Tone
    message: str
    remedy: str = ""


def examine() -> Machine:
    """Look at this computer; imports torch, so not on a thread that others wait for."""
    from ditar_studio.inference.kernels.library import missing

    total, free = _memory()
    return Machine(
        processor=_processor(),
        cores=cores(),
        threads=threads_in_use(),
        memory=total,
        free_memory=free,
        devices=tuple(devices()),
        without_kernels=missing(),
        load=_load(),
    )


def remarks(machine: Machine, speed: Speed | None) -> list[Remark]:
    """Return what is worth saying, the worst first."""
    found: list[Remark] = []
    if speed is not None and speed.factor < 1.0:
        found.append(
            Remark(
                "warning",
                "Speech is made more slowly than it is heard: there will be pauses while it plays.",
                "Choose the built-in model, fewer steps, or let it be made before you listen.",
            )
        )
    if machine.load is not None and machine.load > 1.0:
        found.append(
            Remark(
                "warning",
                "Other programs keep this computer busy.",
                "Close what you don't need; speaking then gets faster at once.",
            )
        )
    if machine.without_kernels:
        found.append(
            Remark(
                "warning",
                f"The compiled kernels are not in use: {machine.without_kernels}.",
                "The built-in voice takes several times as long without them.",
            )
        )
    if machine.free_memory is not None and machine.free_memory < _LITTLE_MEMORY:
        found.append(
            Remark(
                "warning",
                "There is little free memory.",
                "Close other programs, or unload a large model.",
            )
        )
    if not found:
        found.append(Remark("success", "Nothing slows speaking down.", ""))
    return found


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()


def _memory() -> tuple[float | None, float | None]:
    """Return total and available memory in GiB."""
    with contextlib.suppress(OSError, KeyError, ValueError):
        text = Path("/proc/meminfo").read_text()
        rows = dict(line.split(":", 1) for line in text.splitlines())
        total, free = (int(rows[name].split()[0]) for name in ("MemTotal", "MemAvailable"))
        return total / 2**20, free / 2**20
    with contextlib.suppress(AttributeError, OSError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, None
    return None, None


def _load() -> float | None:
    with contextlib.suppress(AttributeError, OSError):
        return os.getloadavg()[0] / cores()
    return None
