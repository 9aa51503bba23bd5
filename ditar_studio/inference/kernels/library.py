"""The library that packaging/compile_kernels.py makes of the C sources beside this module."""

from __future__ import annotations

import ctypes
import hashlib
import sys
from functools import cache
from pathlib import Path
from typing import Any

import torch

from ditar_studio.inference.kernels import structs

_SUFFIXES = {"win32": ".dll", "darwin": ".dylib"}
_PATH = Path(__file__).with_name(f"kernels{_SUFFIXES.get(sys.platform, '.so')}")


def kernels() -> ctypes.CDLL | None:
    """Return the compiled kernels, loaded once; None where there are none, and torch computes
    alone.
    """
    found = _load()
    return None if isinstance(found, str) else found


def missing() -> str:
    """Say why there are no compiled kernels, in a few words; "" where there are."""
    found = _load()
    return found if isinstance(found, str) else ""


def suitable() -> bool:
    """Return whether this processor has the instructions that kernels are compiled for."""
    return torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")


class Function:
    """A function of the kernels, looked up when it is first called; only where there are any."""

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
    """Return the library, or why there is none. Nothing is compiled here."""
    if not suitable():
        return "this processor has no AVX2"
    if not _PATH.exists():
        return "they were not compiled when this was installed"
    if _is_outdated():
        return "they were compiled from other sources than those beside them"
    try:
        library = ctypes.CDLL(str(_PATH))
    except OSError as error:
        return f"their library can't be loaded: {error}"
    if _layout(library) != structs.expected():
        return "they were compiled for another version of the program"
    return library


def _layout(library: ctypes.CDLL) -> list[int]:
    """Return a library's version and structure sizes; see `structs.expected`."""
    try:
        function = library.kernels_abi
    except AttributeError:
        return []
    function.argtypes, function.restype = (ctypes.c_int,), ctypes.c_int64
    return [function(index) for index in range(len(structs.expected()))]


def _is_outdated() -> bool:
    """Return whether the sources are here, as in a checkout, and the library was compiled from
    others.
    """
    sources = sorted(_PATH.parent.glob("*.[ch]"))
    if not sources:
        return False
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    return digest.encode() not in _PATH.read_bytes()
