"""Memory for weights: in chunks that live as long as what was taken from them."""

from __future__ import annotations

import gc

import torch

from ditar_studio.inference.kernels.memory import _CHUNK, _Chunks, memory_for


def test_parts_are_apart_and_begin_on_lines() -> None:
    parts = [memory_for(torch.int8, 3, 5), memory_for(torch.float16, 7), memory_for(torch.int32, 2)]
    assert [part.dtype for part in parts] == [torch.int8, torch.float16, torch.int32]
    assert [tuple(part.shape) for part in parts] == [(3, 5), (7,), (2,)]
    assert all(part.data_ptr() % 64 == 0 and not part.any() for part in parts)
    for number, part in enumerate(parts, 1):
        part.fill_(number)
    assert [set(part.flatten().tolist()) for part in parts] == [{1}, {2}, {3}]


def test_a_chunk_goes_with_its_last_part() -> None:
    chunks = _Chunks()
    first, second = chunks.take(100), chunks.take(100)
    assert second.data_ptr() - first.data_ptr() == 128
    chunk = chunks._chunk
    assert chunk is not None
    del first
    gc.collect()
    assert chunk() is not None
    second.fill_(7)
    del second
    gc.collect()
    assert chunk() is None
    assert len(chunks.take(100)) == 128


def test_more_than_a_chunk_has_one_of_its_own() -> None:
    chunks = _Chunks()
    small, large = chunks.take(64), chunks.take(_CHUNK + 64)
    assert len(large) == _CHUNK + 64
    assert large.data_ptr() % (1 << 21) == 0
    small.fill_(1)
    assert not large[-1]
