"""Memory for packed weights, in large pages where the system has them.

A pass reads the weights from one end to the other. With ordinary pages the processor has to look up
another one every 4096 bytes: int8 patches of VoxCPM-0.5B took a twentieth longer.
"""

from __future__ import annotations

import mmap
import threading
import weakref
from math import prod

import torch
from torch import Tensor

_PAGE = 1 << 21
_CHUNK = 32 * _PAGE
_LINE = 64


class _Chunks:
    """Gives out memory from chunks, each of which lives as long as any part of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._chunk: weakref.ref[mmap.mmap] | None = None
        self._used = 0

    def take(self, count: int) -> Tensor:
        count = -(-count // _LINE) * _LINE
        with self._lock:
            chunk = None if self._chunk is None else self._chunk()
            if chunk is None or self._used + count > len(chunk):
                chunk = _mapped(max(count + _PAGE, _CHUNK))
                self._chunk = weakref.ref(chunk)
                self._used = -torch.frombuffer(chunk, dtype=torch.uint8).data_ptr() % _PAGE
            part = torch.frombuffer(chunk, dtype=torch.uint8, count=count, offset=self._used)
            self._used += count
            return part


def _mapped(size: int) -> mmap.mmap:
    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return mmap.mmap(-1, size)
    chunk = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    chunk.madvise(mmap.MADV_HUGEPAGE)
    return chunk


_chunks = _Chunks()


def memory_for(dtype: torch.dtype, *shape: int) -> Tensor:
    """Return a tensor of zeros on the CPU that starts on a line of the cache."""
    count = prod(shape) * dtype.itemsize
    return _chunks.take(count)[:count].view(dtype).view(shape)
