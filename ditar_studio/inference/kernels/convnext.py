"""Causal ConvNeXt blocks, going on by a few frames, by the compiled kernels (`convnext.c`)."""

from __future__ import annotations

from ctypes import POINTER, byref, c_int, c_int64, c_void_p

import torch
from torch import Tensor, nn

from ditar_studio.inference.kernels.library import Function
from ditar_studio.inference.kernels.matrix import Matrix
from ditar_studio.inference.kernels.structs import ConvNeXtStruct
from ditar_studio.inference.kernels.thread_pool import thread_pool

_convnext_space = Function("convnext_space", POINTER(ConvNeXtStruct), c_int, result=c_int64)
_places = c_void_p, c_int, c_void_p, c_void_p, c_void_p
_convnext_run = Function("convnext_run", POINTER(ConvNeXtStruct), *_places)


class CompiledConvNeXt:
    """x + scale * down(gelu(up(norm(depthwise(x))))), frozen."""

    def __init__(
        self,
        depthwise: nn.Conv1d,
        norm: nn.LayerNorm,
        up: nn.Linear,
        down: nn.Linear,
        scale: Tensor,
    ) -> None:
        """Pack weights that `Matrix.bf16` holds exactly, and sizes that `fits`."""
        assert depthwise.bias is not None
        taps = depthwise.weight[:, 0].t()
        vectors = depthwise.bias, norm.weight, norm.bias, up.bias, down.bias, scale
        held = [
            tensor.detach().clone(memory_format=torch.contiguous_format)
            for tensor in (taps, *vectors)
        ]
        matrices = Matrix.bf16(up.weight), Matrix.bf16(down.weight)
        self._held = held, matrices
        self._struct = ConvNeXtStruct(
            taps.shape[1],
            taps.shape[0],
            norm.eps,
            *(tensor.data_ptr() for tensor in held),
            *(matrix.struct for matrix in matrices),
        )

    def __call__(self, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """Continue on x [T, C] after `past` [taps - 1, C]; returns the output and the new past."""
        y, after = (part.clone(memory_format=torch.contiguous_format) for part in (x, past))
        space = x.new_empty(_convnext_space(byref(self._struct), len(x)))
        places = y.data_ptr(), len(x), after.data_ptr(), space.data_ptr()
        with thread_pool() as threads:
            _convnext_run(byref(self._struct), *places, threads)
        return y, after
