"""Whole passes through frozen transformers by the compiled kernels (`transformer.c`).

Generation runs a few rows at a time, on which torch takes longer to begin and end its operations
than to compute them. Here a pass is one call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ctypes import POINTER, addressof, byref, c_int64, c_void_p
from dataclasses import dataclass

import torch
from torch import Tensor

from ditar_studio.inference.kernels.library import Function
from ditar_studio.inference.kernels.matrix import Matrix
from ditar_studio.inference.kernels.structs import BlockStruct, Pass, TransformerStruct
from ditar_studio.inference.kernels.thread_pool import thread_pool

_MOST_ROWS = 64
"""Rows of one pass; more go one after another, so that what they need stays in the CPU's cache."""


@dataclass(frozen=True)
class Shape:
    """Sizes of a Pre-Norm transformer, all of them multiples of 8.

    Attributes:
        gated: whether feed-forward layers are SwiGLU; else they are squared ReLU.
        epsilon: of the norms.
        branch_scale: what the blocks' branches are multiplied by before they are added.
    """

    dim: int
    heads: int
    kv_heads: int
    head_dim: int
    ffn: int
    gated: bool
    epsilon: float
    branch_scale: float = 1.0


@dataclass(frozen=True)
class BlockWeights:
    """Weights of one block: gains [dim], queries, keys and values below each other, and gates
    above what they let through."""

    attention_gain: Tensor
    qkv: Matrix
    out: Matrix
    ffn_gain: Tensor
    up: Matrix
    down: Matrix


@dataclass(frozen=True)
class RotaryTable:
    """Rotary factors [positions, head_dim] of vectors and of their swapped halves."""

    cosines: Tensor
    sines: Tensor


@dataclass(frozen=True)
class Filled:
    """A cache: per block keys and values [batch * kv_heads, capacity, head_dim] each, of which
    `length` positions are filled."""

    keys: Sequence[Tensor]
    values: Sequence[Tensor]
    length: int


_workspace = Function("transformer_workspace", POINTER(Pass), c_void_p, result=c_int64)
_transformer_run = Function("transformer_run", POINTER(Pass), c_void_p)


class CompiledTransformer:
    """A frozen transformer on the CPU in float32; rows are computed one like another, whatever
    the number of threads is."""

    def __init__(self, shape: Shape, blocks: Sequence[BlockWeights], gain: Tensor) -> None:
        self.shape = shape
        self._held = blocks, gain
        structs = (BlockStruct * len(blocks))()
        for struct, block in zip(structs, blocks, strict=True):
            struct.attention_gain = block.attention_gain.data_ptr()
            struct.ffn_gain = block.ffn_gain.data_ptr()
            struct.qkv, struct.out = block.qkv.struct, block.out.struct
            struct.down, gates = block.down.struct, shape.ffn if shape.gated else 0
            if gates:
                struct.gate = block.up.rows(0, gates)
            struct.up = block.up.rows(gates, gates + shape.ffn)
        self._blocks = structs
        self._struct = TransformerStruct(
            len(blocks),
            shape.dim,
            shape.heads,
            shape.kv_heads,
            shape.head_dim,
            shape.ffn,
            shape.gated,
            shape.epsilon,
            shape.branch_scale,
            gain.data_ptr(),
            addressof(structs),
        )
        self._workspaces: list[Tensor] = []
        """Memory of passes that have ended; several threads may run passes at the same time."""

    def local(self, x: Tensor, rotary: RotaryTable | None, kept: slice) -> Tensor:
        """Pass sequences x [B, T, dim] through, all of whose positions see each other.

        Returns:
            Outputs [B, kept, dim] at the positions `kept`.
        """
        many = max(1, _MOST_ROWS // x.shape[1])
        parts = [self._run(part, rotary, kept, None) for part in torch.split(x, many)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def causal(self, x: Tensor, rotary: RotaryTable | None, filled: Filled, last: int) -> Tensor:
        """Pass further positions x [B, T, dim] of sequences whose past is in a cache, which must
        have room for them and holds their keys and values then.

        Returns:
            Outputs [B, last, dim] at the last positions.
        """
        batch, length, _ = x.shape
        many = max(1, _MOST_ROWS // batch)
        outputs = []
        for start in range(0, length, many):
            part = x[:, start : start + many]
            end = start + part.shape[1]
            kept = max(0, min(part.shape[1], end - (length - last)))
            own = rotary and RotaryTable(rotary.cosines[start:end], rotary.sines[start:end])
            before = Filled(filled.keys, filled.values, filled.length + start)
            whole = slice(part.shape[1] - max(kept, 1), None)
            y = self._run(part, own, whole, before)
            if kept:
                outputs.append(y)
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=1)

    def _run(
        self, x: Tensor, rotary: RotaryTable | None, kept: slice, filled: Filled | None
    ) -> Tensor:
        batch, length, dim = x.shape
        first, end, _ = kept.indices(length)
        x = x.clone(memory_format=torch.contiguous_format)
        y = x.new_empty(batch, end - first, dim)
        call = self.call(x, y, rotary, first, filled)
        with self.working(call) as threads:
            _transformer_run(byref(call), threads)
        return y

    def call(
        self, x: Tensor, y: Tensor, rotary: RotaryTable | None, first: int, filled: Filled | None
    ) -> Pass:
        """Return a pass from x [B, T, dim] to the positions from `first` on, y [B, kept, dim]."""
        assert x.shape[2] == self.shape.dim, "the transformer's width"
        call = Pass(x.data_ptr(), y.data_ptr(), x.shape[0], x.shape[1], first, y.shape[1])
        call.transformer = addressof(self._struct)
        if rotary is not None:
            call.cosines, call.sines = rotary.cosines.data_ptr(), rotary.sines.data_ptr()
        if filled is not None:
            count = len(filled.keys)
            call.keys = (c_void_p * count)(*(part.data_ptr() for part in filled.keys))
            call.values = (c_void_p * count)(*(part.data_ptr() for part in filled.values))
            call.capacity, call.filled = filled.keys[0].shape[-2], filled.length
            assert filled.length + x.shape[1] <= call.capacity, "the cache has room"
        return call

    @contextmanager
    def working(self, call: Pass) -> Iterator[int | None]:
        """Yield threads and memory for a pass, while it runs."""
        with thread_pool() as threads:
            needed = _workspace(byref(call), threads)
            workspace = self._workspaces.pop() if self._workspaces else None
            if workspace is None or len(workspace) < needed:
                workspace = torch.empty(needed, dtype=torch.uint8)
            call.workspace = workspace.data_ptr()
            yield threads
        self._workspaces.append(workspace)
