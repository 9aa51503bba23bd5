"""Parts of a convolutional decoder of waveforms by the compiled kernels (`vocoder.c`).

Signals are [time, channels] in float32, their channels a multiple of 16.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, byref, c_int, c_int32, c_void_p
from dataclasses import dataclass

import torch
from torch import Tensor

from ditar_studio.model.kernels.crew import crew
from ditar_studio.model.kernels.library import Function
from ditar_studio.model.kernels.matrix import Matrix, MatrixStruct


@dataclass(frozen=True)
class SnakeWeights:
    """x + sin(alpha x)^2 inverse, both [channels]."""

    alpha: Tensor
    inverse: Tensor


class _Unit(ctypes.Structure):
    _fields_ = (
        *((name, c_int32) for name in ("channels", "taps", "dilation")),
        *((name, c_void_p) for name in ("first_alpha", "first_inverse")),
        *((name, c_void_p) for name in ("second_alpha", "second_inverse")),
        *((name, c_void_p) for name in ("weight", "bias", "mix_bias")),
        ("mix", MatrixStruct),
    )


_unit_run = Function("unit_run", POINTER(_Unit), c_void_p, c_int, c_void_p, c_void_p, c_void_p)
_factors = c_void_p, c_void_p, c_void_p, c_void_p
_snake_run = Function("snake_run", c_void_p, c_int, c_int, *_factors)


class ResidualUnit:
    """x + mix(snake(depthwise(snake(x)))), where the convolution is causal and dilated."""

    def __init__(
        self,
        first: SnakeWeights,
        weight: Tensor,
        bias: Tensor,
        dilation: int,
        second: SnakeWeights,
        mix: Matrix,
        mix_bias: Tensor,
    ) -> None:
        """weight [taps, channels] and bias [channels] of the convolution; mix isn't in int8."""
        self._held = first, weight, bias, second, mix, mix_bias
        taps, channels = weight.shape
        snakes = first.alpha, first.inverse, second.alpha, second.inverse
        pointers = [tensor.data_ptr() for tensor in (*snakes, weight, bias, mix_bias)]
        self._struct = _Unit(channels, taps, dilation, *pointers, mix.struct)

    def __call__(self, x: Tensor, past: Tensor) -> Tensor:
        """Continue on x [T, channels] after `past` [(taps - 1) * dilation, channels]; both are
        overwritten, x by what is returned."""
        x = x.contiguous()
        space = x.new_empty(past.numel() + 2 * x.numel())
        places = x.data_ptr(), len(x), past.data_ptr(), space.data_ptr()
        with crew() as threads:
            _unit_run(byref(self._struct), *places, threads)
        return x


def snake(x: Tensor, weights: SnakeWeights) -> Tensor:
    """x [T, channels] + sin(alpha x)^2 inverse."""
    x, y = x.contiguous(), torch.empty_like(x, memory_format=torch.contiguous_format)
    factors = weights.alpha.data_ptr(), weights.inverse.data_ptr()
    with crew() as threads:
        _snake_run(x.data_ptr(), *x.shape, *factors, y.data_ptr(), threads)
    return y
