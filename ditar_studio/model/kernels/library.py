"""The library that packaging/compile_kernels.py makes of the C sources beside this module."""

from __future__ import annotations

import contextlib
import ctypes
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import torch

_SUFFIXES = {"win32": ".dll", "darwin": ".dylib"}
_PATH = Path(__file__).with_name(f"kernels{_SUFFIXES.get(sys.platform, '.so')}")
_COMPILER = Path(__file__).parents[3] / "packaging" / "compile_kernels.py"
"""There in a checkout only."""

_MOST_SECONDS = 300


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


class Function:
    """A function of the kernels, for who has made sure that there are any; looked up when it is
    first called."""

    def __init__(self, name: str, *arguments: Any, result: Any = None) -> None:
        """Its name in C, and the ctypes of its arguments and of what it returns."""
        self._name, self._arguments, self._result = name, arguments, result
        self._found: Any = None

    def __call__(self, *arguments: Any) -> Any:
        if self._found is None:
            library = kernels()
            assert library is not None, "kernels are called where there are any"
            self._found = library[self._name]
            self._found.argtypes, self._found.restype = self._arguments, self._result
        return self._found(*arguments)


@cache
def _load() -> ctypes.CDLL | str:
    """The library, or why there is none."""
    if not suitable():
        return "this processor has no AVX2"
    if not _current() and _COMPILER.exists():
        _compile()
    if not _current():
        return "they were not compiled when this was installed"
    try:
        return ctypes.CDLL(str(_PATH))
    except OSError as error:
        return f"their library can't be loaded: {error}"


def _current() -> bool:
    """Whether the library is there and no older than its sources, if these are there as well."""
    if not _PATH.exists():
        return False
    made = _PATH.stat().st_mtime
    return all(source.stat().st_mtime <= made for source in _PATH.parent.glob("*.[ch]"))


def _compile() -> None:
    """Let a checkout that is run without being installed, or was updated, have its kernels."""
    command = [sys.executable, str(_COMPILER)]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(command, capture_output=True, check=False, timeout=_MOST_SECONDS)
