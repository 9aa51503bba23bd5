"""The library that packaging/compile_kernels.py makes of the C sources beside this module."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from pathlib import Path

import torch

_SUFFIXES = {"win32": ".dll", "darwin": ".dylib"}
_PATH = Path(__file__).with_name(f"kernels{_SUFFIXES.get(sys.platform, '.so')}")


def kernels() -> ctypes.CDLL | None:
    """The compiled kernels, loaded once; None where there are none, and torch computes alone."""
    found = _load()
    return None if isinstance(found, str) else found


def missing() -> str:
    """Why there are no compiled kernels, in a few words; "" where there are."""
    found = _load()
    return found if isinstance(found, str) else ""


def suitable() -> bool:
    """Whether this processor has the instructions that kernels are compiled for."""
    return torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")


@cache
def _load() -> ctypes.CDLL | str:
    """The library, or why there is none."""
    if not suitable():
        return "this processor has no AVX2"
    if not _PATH.exists():
        return "they were not compiled when this was installed"
    # A checkout that was updated: functions may have other arguments by now.
    made = _PATH.stat().st_mtime
    if any(source.stat().st_mtime > made for source in _PATH.parent.glob("*.[ch]")):
        return "their sources are newer than the library"
    try:
        return ctypes.CDLL(str(_PATH))
    except OSError as error:
        return f"their library can't be loaded: {error}"
