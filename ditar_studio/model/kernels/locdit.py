"""Patches from noise by a frozen LocDiT, in one call of the compiled kernels (`locdit.c`)."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from ctypes import POINTER, byref, c_float, c_int32, c_void_p

import torch
from torch import Tensor

from ditar_studio.model.kernels.library import Function
from ditar_studio.model.kernels.matrix import Matrix, MatrixStruct, rows_space
from ditar_studio.model.kernels.transformer import CompiledTransformer, Pass, Turns
from ditar_studio.model.reverse import Guidance, Step


class _Edges(ctypes.Structure):
    _fields_ = (
        ("inward", MatrixStruct),
        ("outward", MatrixStruct),
        ("inward_bias", c_void_p),
        ("outward_bias", c_void_p),
    )


class _Frame(ctypes.Structure):
    _fields_ = (
        *((name, c_void_p) for name in ("heads", "previous", "targets")),
        ("head", c_int32),
    )


class _Reverse(ctypes.Structure):
    _fields_ = (
        ("steps", c_void_p),
        ("noise", c_void_p),
        *((name, c_int32) for name in ("count", "fitted")),
        ("scale", c_float),
    )


_structs = POINTER(_Edges), POINTER(_Frame), POINTER(Pass), POINTER(_Reverse)
_patch_run = Function("patch_run", *_structs, c_void_p, c_void_p, c_void_p, c_void_p)


class CompiledLocDiT:
    """A frozen transformer with what leads from latents into it, and out of it again."""

    def __init__(
        self,
        transformer: CompiledTransformer,
        turns: Callable[[int], Turns | None],
        inward: Matrix,
        inward_bias: Tensor | None,
        outward: Matrix,
        outward_bias: Tensor,
    ) -> None:
        """`turns` gives the rotations of so many positions."""
        self._transformer, self._turns = transformer, turns
        self._held = inward, inward_bias, outward, outward_bias
        into = None if inward_bias is None else inward_bias.data_ptr()
        self._edges = _Edges(inward.struct, outward.struct, into, outward_bias.data_ptr())

    def patch(
        self,
        steps: Sequence[Step],
        x: Tensor,
        noise: Tensor,
        guidance: Guidance,
        heads: Tensor,
        previous: Tensor,
        targets: Tensor | None = None,
    ) -> Tensor:
        """Take x [P, latents] through steps of a reverse process, whose noise is of its shape; the
        transformer sees [head, previous, patch].

        Args:
            heads: [steps, B, head, dim], the conditions at every step; B is 2 under guidance.
            previous: [n, dim], the same for all.
            targets: [B, P, dim], added to what becomes of the noisy patch.
        """
        _, batch, head, dim = heads.shape
        patch, latents = noise.shape
        first = head + len(previous)
        tokens, y = heads.new_empty(batch, first + patch, dim), heads.new_empty(batch, patch, dim)
        scratch = heads.new_empty(batch, patch, latents)
        space = torch.empty(rows_space(batch * patch, max(dim, latents)), dtype=torch.uint8)
        noise = noise.contiguous()
        result = x.clone(memory_format=torch.contiguous_format)
        table = torch.tensor([(step.keep, step.move, step.fresh) for step in steps])
        held = [None if part is None else part.contiguous() for part in (heads, previous, targets)]
        frame = _Frame(*(None if part is None else part.data_ptr() for part in held), head)
        process = _Reverse(table.data_ptr(), noise.data_ptr(), len(table))
        process.fitted, process.scale = guidance.fitted, guidance.scale
        call = self._transformer.call(tokens, y, self._turns(first + patch), first, None)
        structs = byref(self._edges), byref(frame), byref(call), byref(process)
        with self._transformer.working(call) as threads:
            _patch_run(*structs, *(part.data_ptr() for part in (result, scratch, space)), threads)
        return result
