"""The threads of the compiled kernels (`thread_pool.c`)."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_int, c_void_p
from functools import cache

import torch

from ditar_studio.inference.kernels.library import Function, kernels
from ditar_studio.inference.threads import one_thread

_pool_new = Function("pool_new", c_int, result=c_void_p)
_pool_serve = Function("pool_serve", c_void_p, c_int)
_pool_wait = Function("pool_wait", c_void_p)

_free = threading.Lock()
_task_free = threading.Lock()
_own = threading.local()
"""Of the calling thread: `ranks`, where they differ from torch's number of threads."""


@contextmanager
def thread_pool() -> Iterator[int | None]:
    """Yield as many threads as torch uses, the calling one included, for the kernel that is run
    within.

    They serve one kernel at a time: a caller that finds them taken works alone.

    Yields:
        The pool's address; None for the calling thread alone.
    """
    with _reserved(_free) as address:
        yield address


@contextmanager
def background_thread() -> Iterator[int | None]:
    """Yield a thread for a kernel that is run beside others; it is done when this ends.

    Yields:
        The pool's address; None if no thread can be had.
    """
    with _reserved(_task_free) as address:
        try:
            yield address
        finally:
            if address is not None:
                _pool_wait(address)


@contextmanager
def reserve_cores() -> Iterator[None]:
    """Run torch's operations on one thread within, where kernels do most of the work.

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
    """Yield the pool's address; None where there is one thread, or what is asked for isn't free."""
    ranks = getattr(_own, "ranks", torch.get_num_threads())
    if ranks == 1 or not free.acquire(blocking=False):
        yield None
        return
    try:
        yield _pool(ranks)
    finally:
        free.release()


@cache
def _pool(ranks: int) -> int:
    """Return a pool, whose threads wait for work from now on."""
    address: int | None = _pool_new(ranks)
    if address is None:
        raise MemoryError("no memory for threads")
    for rank in range(1, ranks):
        name = f"kernels {rank}"
        threading.Thread(target=_pool_serve, args=(address, rank), name=name, daemon=True).start()
    return address


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # threads don't survive a fork
