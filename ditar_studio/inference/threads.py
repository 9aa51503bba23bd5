"""The number of threads that torch computes on, for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute on the calling thread alone meanwhile.

    For work of many short operations: each would wait until all its threads have had a core, which
    was measured to take ten times as long where another program wants one.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
