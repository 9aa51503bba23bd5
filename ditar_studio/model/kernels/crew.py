"""The threads of the compiled kernels (`crew.c`)."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_int, c_void_p
from functools import cache

import torch

from ditar_studio.model.kernels.library import Function, kernels
from ditar_studio.model.threads import one_thread

_crew_new = Function("crew_new", c_int, result=c_void_p)
_crew_serve = Function("crew_serve", c_void_p, c_int)
_crew_await = Function("crew_await", c_void_p)

_free = threading.Lock()
_no_errand = threading.Lock()
_own = threading.local()
"""Of the calling thread: `ranks`, where torch's number of threads doesn't tell them."""


@contextmanager
def crew() -> Iterator[int | None]:
    """As many threads as torch uses, the calling one included, for the kernel that is run within.

    They serve one kernel at a time: who finds them taken works alone.

    Yields:
        The crew's address; None for the calling thread alone.
    """
    with _reserved(_free) as address:
        yield address


@contextmanager
def errand() -> Iterator[int | None]:
    """For a kernel that is sent to one of the threads, beside others; it is done when this ends.

    Yields:
        The crew's address; None if nobody can be sent.
    """
    with _reserved(_no_errand) as address:
        try:
            yield address
        finally:
            if address is not None:
                _crew_await(address)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Where kernels do most of the work: torch's operations run on one thread within.

    Its other threads would wait for the next operation by spinning, on the cores that the kernels'
    threads need; three times slower was measured. Without kernels nothing is changed.
    """
    ranks = torch.get_num_threads()
    if ranks == 1 or kernels() is None:
        yield
        return
    _own.ranks = ranks
    try:
        with one_thread():
            yield
    finally:
        del _own.ranks


@contextmanager
def _reserved(free: threading.Lock) -> Iterator[int | None]:
    """The crew's address; None where there is one thread, or what is asked for isn't free."""
    ranks = getattr(_own, "ranks", torch.get_num_threads())
    if ranks == 1 or not free.acquire(blocking=False):
        yield None
        return
    try:
        yield _crew(ranks)
    finally:
        free.release()


@cache
def _crew(ranks: int) -> int:
    """A crew, whose threads wait for work from now on."""
    address: int | None = _crew_new(ranks)
    if address is None:
        raise MemoryError("no memory for threads")
    for rank in range(1, ranks):
        name = f"kernels {rank}"
        threading.Thread(target=_crew_serve, args=(address, rank), name=name, daemon=True).start()
    return address


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_crew.cache_clear)  # threads don't survive a fork
