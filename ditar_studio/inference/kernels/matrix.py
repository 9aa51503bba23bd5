"""Matrices with frozen weights, packed for the compiled kernels (`matrix.c`)."""

from __future__ import annotations

from ctypes import POINTER, byref, c_int, c_int64, c_void_p

import torch
from torch import Tensor

from ditar_studio.inference.kernels.library import Function, kernels
from ditar_studio.inference.kernels.memory import memory_for
from ditar_studio.inference.kernels.structs import MatrixStruct
from ditar_studio.inference.kernels.thread_pool import thread_pool

_BF16, _INT8, _FP16 = 0, 1, 2
_BLOCK = 256

_pack_bf16 = Function("pack_bf16", c_void_p, c_int, c_int, c_void_p)
_pack_fp16 = Function("pack_fp16", c_void_p, c_int, c_int, c_void_p)
_pack_int8 = Function("pack_int8", c_void_p, c_int, c_int, c_void_p, c_void_p, c_void_p)
rows_space = Function("rows_space", c_int, c_int, result=c_int64)
"""Bytes that products with so many rows of so many numbers need."""


_places = c_void_p, c_int, c_void_p, c_void_p, c_void_p, c_void_p
_product = Function("product", POINTER(MatrixStruct), *_places)


def fits(outputs: int, columns: int) -> bool:
    """Return whether a matrix of these sizes can be packed here."""
    return outputs % 16 == 0 and columns % 8 == 0 and kernels() is not None


def is_bf16(weight: Tensor) -> bool:
    """Return whether every weight is a bfloat16, so that packing it as such changes nothing."""
    return bool((weight.bfloat16().to(weight.dtype) == weight).all())


def exact(weight: Tensor) -> bool:
    """Return whether `Matrix.bf16` computes with these very weights, here."""
    return (
        weight.device.type == "cpu"
        and weight.dtype == torch.float32
        and fits(*weight.shape)
        and is_bf16(weight)
    )


class Matrix:
    """x -> x @ weight.T for a weight [outputs, columns] that no longer changes.

    Make one by `bf16`, which is exact for weights that are bfloat16 numbers, `fp16` or `int8`.
    """

    def __init__(self, kind: int, outputs: int, columns: int, *packed: Tensor) -> None:
        self._packed = packed
        pointers = [part.data_ptr() for part in packed] + [0, 0]
        self.struct = MatrixStruct(kind, outputs, columns, *pointers[:3])
        self.outputs, self.columns = outputs, columns
        self.is_int8 = kind == _INT8

    @classmethod
    def bf16(cls, weight: Tensor) -> Matrix:
        """Pack weight [outputs, columns] in float32, of sizes that `fits`, cutting its lower 16
        bits.
        """
        outputs, columns = weight.shape
        panels = memory_for(torch.int32, outputs // 2, columns)
        weight = weight.detach().contiguous()
        _pack_bf16(weight.data_ptr(), outputs, columns, panels.data_ptr())
        return cls(_BF16, outputs, columns, panels)

    @classmethod
    def fp16(cls, weight: Tensor) -> Matrix:
        """Pack weight [outputs, columns] in float32, of sizes that `fits`, rounded to float16."""
        outputs, columns = weight.shape
        panels = memory_for(torch.float16, outputs, columns)
        weight = weight.detach().contiguous()
        _pack_fp16(weight.data_ptr(), outputs, columns, panels.data_ptr())
        return cls(_FP16, outputs, columns, panels)

    @classmethod
    def int8(cls, weight: Tensor) -> Matrix:
        """Pack weight [outputs, columns] in float32, of sizes that `fits`, in 8 bits.

        Every 256 weights of an output share a scale, and so do every 256 inputs of a row. Weights
        have levels of -64..64 and inputs of -63..63: four products then fit 16 bits, which is half
        as fast again as full bytes are on CPUs without VNNI.
        """
        outputs, columns = weight.shape
        blocks = -(-columns // _BLOCK)
        panels = memory_for(torch.int8, outputs, columns)
        scales = torch.empty(outputs, blocks)
        sums = torch.empty(outputs, blocks, dtype=torch.int32)
        weight = weight.detach().contiguous()
        _pack_int8(
            weight.data_ptr(),
            outputs,
            columns,
            panels.data_ptr(),
            scales.data_ptr(),
            sums.data_ptr(),
        )
        return cls(_INT8, outputs, columns, panels, scales, sums)

    def __call__(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """Multiply rows [N, columns] in float32; return rows [N, outputs], plus a bias
        [outputs].
        """
        rows, columns = x.shape
        assert columns == self.columns, f"rows of {columns} numbers for {self.columns} columns"
        x = x.contiguous()
        y = x.new_empty(rows, self.outputs)
        space = torch.empty(rows_space(rows, self.columns), dtype=torch.uint8)
        added = None if bias is None else bias.data_ptr()
        places = added, y.data_ptr(), space.data_ptr()
        with thread_pool() as threads:
            _product(byref(self.struct), x.data_ptr(), rows, *places, threads)
        return y

    def rows(self, begin: int, end: int) -> MatrixStruct:
        """Return the outputs begin .. end - 1, multiples of 16, of the same weights."""
        struct, blocks = MatrixStruct.from_buffer_copy(self.struct), -(-self.columns // _BLOCK)
        struct.outputs = end - begin
        struct.panels += begin * self.columns * (1 if self.is_int8 else 2)
        if self.is_int8:
            struct.scales += begin * blocks * 4
            struct.sums += begin * blocks * 4
        return struct
