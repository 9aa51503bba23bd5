"""A convolutional decoder of waveforms by the compiled kernels, a chunk in one call (`vocoder.c`).

Signals are [time, channels] in float32, their channels a multiple of 8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ctypes import POINTER, addressof, byref, c_int64, c_void_p
from dataclasses import dataclass
from typing import assert_never

from torch import Tensor

from ditar_studio.inference.kernels.library import Function
from ditar_studio.inference.kernels.matrix import Matrix
from ditar_studio.inference.kernels.structs import ChunkStruct, StageStruct, UnitStruct
from ditar_studio.inference.kernels.thread_pool import background_thread, thread_pool


@dataclass(frozen=True)
class Depthwise:
    """A causal convolution, weight [taps, channels] and bias [channels]."""

    weight: Tensor
    bias: Tensor


@dataclass(frozen=True)
class Snake:
    """x + sin(alpha x)^2 inverse, both [channels]."""

    alpha: Tensor
    inverse: Tensor


@dataclass(frozen=True)
class Scale:
    """x * scale + bias, both [channels]."""

    scale: Tensor
    bias: Tensor


@dataclass(frozen=True)
class Last:
    """A causal convolution to one channel, weight [taps, channels] and bias [1]."""

    weight: Tensor
    bias: Tensor


@dataclass(frozen=True)
class Product:
    """A matrix, not in int8, times the signal joined to what it was up to `taps` - 1 times before;
    its outputs, with a bias, are those of `stride` times."""

    matrix: Matrix
    bias: Tensor
    taps: int
    stride: int


@dataclass(frozen=True)
class Unit:
    """x + mix(second(depthwise(first(x)))), where the convolution is dilated."""

    first: Snake
    depthwise: Depthwise
    dilation: int
    second: Snake
    mix: Matrix
    mix_bias: Tensor


Stage = Depthwise | Snake | Scale | Last | Product | Unit

_KINDS: dict[type[Stage], int] = {
    kind: number for number, kind in enumerate((Depthwise, Snake, Scale, Last, Product, Unit))
}


_decoder_run = Function("decoder_run", POINTER(ChunkStruct), c_void_p)
_decoder_send = Function("decoder_send", POINTER(ChunkStruct), c_void_p)
_decoder_space = Function("decoder_space", POINTER(ChunkStruct), result=c_int64)


class CompiledDecoder:
    """Stages one after another, the last of which is a `Last`, and the tangent hyperbolic."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._held = stages
        self._units: list[UnitStruct] = []
        self._stages = (StageStruct * len(stages))(*map(self._struct, stages))
        self._stride = 1
        for stage in stages:
            self._stride *= stage.stride if isinstance(stage, Product) else 1

    def __call__(self, x: Tensor, past: list[Tensor]) -> Tensor:
        """Return the next samples [T * stride] of x [T, channels].

        `past` are the inputs that stages still need, of every stage that looks back; they are
        replaced by those that they need next.
        """
        chunk, y = self._chunk(x, past)
        with thread_pool() as threads:
            _decoder_run(byref(chunk), threads)
        return y

    @contextmanager
    def beside(self, x: Tensor, past: list[Tensor]) -> Iterator[tuple[Tensor, bool]]:
        """Decode while other kernels run: yield the samples, which are there when this ends, and
        whether another thread makes them until then.
        """
        chunk, y = self._chunk(x, past)
        with background_thread() as threads:
            if threads is None:
                _decoder_run(byref(chunk), None)
            else:
                _decoder_send(byref(chunk), threads)
            yield y, threads is not None

    def _chunk(self, x: Tensor, past: list[Tensor]) -> tuple[ChunkStruct, Tensor]:
        """Return a chunk to be computed, which holds its memory, and its output."""
        x = x.contiguous()
        past[:] = [part.clone() for part in past]
        y = x.new_empty(len(x) * self._stride)
        chunk = ChunkStruct(self._stages, len(self._stages), len(x), x.data_ptr())
        chunk.past = (c_void_p * len(past))(*(part.data_ptr() for part in past))
        chunk.y = y.data_ptr()
        space = x.new_empty(_decoder_space(byref(chunk)))
        chunk.space = space.data_ptr()
        chunk.held = x, space, past
        return chunk, y

    def _struct(self, stage: Stage) -> StageStruct:
        struct = StageStruct(_KINDS[type(stage)], taps=1, stride=1)
        match stage:
            case Depthwise(weight, bias) | Last(weight, bias):
                struct.taps, struct.channels = weight.shape
                struct.first, struct.second = weight.data_ptr(), bias.data_ptr()
            case Snake(first, second) | Scale(first, second):
                struct.channels = len(first)
                struct.first, struct.second = first.data_ptr(), second.data_ptr()
            case Product(matrix, bias, taps, stride):
                struct.matrix, struct.taps, struct.stride = matrix.struct, taps, stride
                struct.channels, struct.second = matrix.columns // taps, bias.data_ptr()
            case Unit(snake, depthwise, dilation, after, mix, bias):
                parts = snake.alpha, snake.inverse, after.alpha, after.inverse
                places = (*parts, depthwise.weight, depthwise.bias, bias)
                sizes = len(bias), len(depthwise.weight), dilation
                unit = UnitStruct(*sizes, *(part.data_ptr() for part in places), mix.struct)
                self._units.append(unit)
                struct.channels, struct.unit = len(bias), addressof(unit)
            case _:
                assert_never(stage)
        return struct
