"""Precisions of numbers: which a model is computed in, why, and what that costs in exactness.

One row of a projection takes as long as its weights take to come from memory, so on a CPU speed
lies in their size. Weights that were released in 16 bits are kept in 16 bits and multiplied in
float32, which changes nothing; int8 halves them again at a price, which is measured for every
projection before it is paid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ditar_studio.errors import StudioError
from ditar_studio.inference.kernels.matrix import Matrix, fits, is_bf16
from ditar_studio.inference.precisions import PRECISIONS
from ditar_studio.model.voxcpm.layers import Projection

_PLAIN = (
    *("encoder.in_proj", "dit.in_proj", "dit.cond_proj", "dit.out_proj", "fsq.", "stop_"),
    *("dit.time_mlp", "dit.delta_time_mlp"),
)
"""Projections at the edges, which never go into int8: they cost little and errors weigh most."""

_LEAST_OUTPUTS = 16

MOST_ERROR = 0.06
"""A projection stays out of int8 where that would change its output by more than this part."""

_T = TypeVar("_T")


def _quick(operation: Any) -> Any:
    """Return the operation without looking for other meanings of its arguments, which
    takes 4 us.
    """
    return getattr(operation, "_op", operation)


_half_product = _quick(torch.ops.quantized.linear_dynamic_fp16.default)
_int8_product = _quick(torch.ops.quantized.linear_dynamic.default)


@dataclass(frozen=True)
class Precision:
    """A choice with its reason.

    Attributes:
        name: fp32, bf16 or int8.
        dtype: of activations.
        weights: that projections' weights are rounded to; None leaves them as the file has them.
        reason: for this precision, in words.
    """

    name: str
    dtype: torch.dtype
    weights: torch.dtype | None
    reason: str


def choose(name: str | None = None) -> Precision:
    """Return the precision asked for, or fp32, which is exact; int8 is never chosen unasked.

    bf16 is no faster even where the CPU has instructions for it: on one core of a Zen 4,
    VoxCPM-0.5B's shape speaks at a real-time factor of 1.2 in fp32 and of 2.0 in bf16, and both
    take the same memory where weights were released in 16 bits.

    Raises:
        StudioError: there is no such precision.
    """
    if name is None:
        return Precision("fp32", torch.float32, None, "it is exact, and no slower than bf16")
    if name not in PRECISIONS:
        raise StudioError(
            f"There is no precision “{name}”.", f"Choose one of: {', '.join(PRECISIONS)}."
        )
    if name == "bf16":
        if _computes_bf16():
            return Precision(name, torch.bfloat16, torch.bfloat16, "it was asked for")
        reason = "it was asked for; this CPU multiplies such weights in float32"
        return Precision(name, torch.float32, torch.bfloat16, reason)
    return Precision(name, torch.float32, None, "it was asked for")


def _computes_bf16() -> bool:
    found = torch.cpu.get_capabilities()
    if found.get("architecture", "") != "x86_64":
        return True
    return bool(found.get("avx512_bf16", False))


class Rows:
    """A matrix as a file has it: parts that lie below each other, not yet joined.

    Joining and widening them into memory that is used again and again is what makes loading fast.
    """

    def __init__(self, *parts: Tensor) -> None:
        self.parts = parts
        self.shape = (sum(len(part) for part in parts), parts[0].shape[1])
        self.dtype = parts[0].dtype

    def fits_half(self) -> bool:
        """Return whether float16 holds them without loss."""
        limit = torch.finfo(torch.float16).max
        if self.dtype not in (torch.bfloat16, torch.float16):
            return False
        ends = [end for part in self.parts for end in part.aminmax()]
        return all(abs(float(end)) <= limit for end in ends)

    def widen(self, scratch: Tensor) -> Tensor:
        """Write [out, in] in float32 to the beginning of ``scratch`` [n]."""
        rows, columns = self.shape
        wide = scratch[: rows * columns].view(rows, columns)
        start = 0
        for part in self.parts:
            wide[start : start + len(part)] = part
            start += len(part)
        return wide


class HalfLinear(nn.Module):
    """A projection whose weights lie in memory as float16 and are multiplied in float32.

    Exact for weights that fit float16, as those do that were released in bfloat16 (below 2^-17
    they are off by 2^-25 at most, which is beyond float32's sums).
    """

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        """weight [out, in] in float32, bias [out]."""
        super().__init__()
        self._packed = torch.ops.quantized.linear_prepack_fp16(
            weight, None if bias is None else bias.float()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map [..., in] to [..., out], both float32."""
        y: Tensor = _half_product(x, self._packed)
        return y


def multiplies_fp16() -> bool:
    """Return whether this machine's torch multiplies float16 weights in float32."""
    found = torch.cpu.get_capabilities()
    return bool(found.get("avx2", False)) and (
        "fbgemm" in torch.backends.quantized.supported_engines
    )


def exact(rows: Rows, bias: Tensor | None, wide: Tensor) -> nn.Module:
    """Return what computes a projection exactly in float32, from weights as small as that allows.

    Args:
        rows: weights of the projection.
        bias: [out], if it has one.
        wide: ``rows`` in float32; not kept.
    """
    if rows.shape[0] >= _LEAST_OUTPUTS and multiplies_fp16() and rows.fits_half():
        return HalfLinear(wide, bias)
    linear = Projection(rows.shape[1], rows.shape[0], bias=bias is not None, device="meta")
    linear.weight = nn.Parameter(wide.clone(), requires_grad=False)
    if bias is not None:
        linear.bias = nn.Parameter(bias.float(), requires_grad=False)
    return linear


def beside_int8(rows: Rows, bias: Tensor | None, wide: Tensor) -> nn.Module:
    """Return what computes a projection exactly among others in int8: compiled like them, if it can
    be.

    Args: as of `exact`.
    """
    if fits(*rows.shape) and is_bf16(wide):
        return CompiledLinear(Matrix.bf16(wide), None if bias is None else bias.float())
    return exact(rows, bias, wide)


class Int8Linear(nn.Module):
    """A projection with int8 weights (a scale per output) and inputs rounded to 8 bits as it runs.

    This is torch's dynamic product: three to seven times as fast as float32 on a CPU.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        """weight [out, in] in float32, which is overwritten; bias [out]."""
        super().__init__()
        # Without VNNI sums of two products saturate unless one factor leaves a bit free. Inputs
        # have outliers and need theirs; weights don't.
        most = 127 if _has_vnni() else 63
        # (twenty times as fast as one `aminmax` along the rows)
        scale = torch.maximum(weight.amax(1), weight.amin(1).neg_()).clamp_min_(1e-12) / most
        levels = weight.mul_(scale.reciprocal()[:, None]).round_().to(torch.int8)
        zero = torch.zeros(len(scale), dtype=torch.long)
        rounded = torch._make_per_channel_quantized_tensor(levels, scale.double(), zero, 0)
        self._packed = torch.ops.quantized.linear_prepack(
            rounded, None if bias is None else bias.float()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map [..., in] to [..., out]."""
        y: Tensor = _int8_product(x, self._packed)
        return y


class CompiledLinear(nn.Module):
    """A projection by the compiled kernels."""

    def __init__(self, matrix: Matrix, bias: Tensor | None) -> None:
        super().__init__()
        self.matrix, self.bias = matrix, bias

    def forward(self, x: Tensor) -> Tensor:
        """Map [..., in] to [..., out], both float32."""
        y = self.matrix(x.reshape(-1, x.shape[-1]), self.bias)
        return y.view(*x.shape[:-1], -1)


def _int8(weight: Tensor, bias: Tensor | None) -> Int8Linear | CompiledLinear:
    """Return what computes a projection in int8; weight [out, in] may be overwritten.

    The kernels wherever they take it: VoxCPM-0.5B's shape speaks by them at a real-time factor of
    0.56 on one core of a Zen 4 and of 0.81 on two of a Sapphire Rapids; by torch, with VNNI, at
    0.86 and 1.63.
    """
    if fits(*weight.shape):
        return CompiledLinear(Matrix.int8(weight), bias)
    return Int8Linear(weight, bias)


def _has_vnni() -> bool:
    return bool(torch.cpu.get_capabilities().get("avx512_vnni", False))


@dataclass(frozen=True)
class Choice:
    """The chosen precision of a projection.

    Attributes:
        place: name of the projection.
        error: of its output in int8, relative to the exact one; None where int8 was not tried.
        int8: whether it is computed in int8.
    """

    place: str
    error: float | None
    int8: bool


class Packer:
    """Packs projections on several cores, each in memory that is used again for the next."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads)
        self._free: SimpleQueue[Tensor] = SimpleQueue()
        for _ in range(threads + 1):
            self._free.put(torch.empty(0))

    def widen(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Return ``rows`` in float32 and the scratch memory that they are in; wait until some is
        free.
        """
        scratch, needed = self._free.get(), rows.shape[0] * rows.shape[1]
        if scratch.numel() < needed:
            scratch = torch.empty(needed)
        return rows.widen(scratch), scratch

    def submit(self, scratch: Tensor, work: Callable[[], _T]) -> Future[_T]:
        """Do ``work`` elsewhere; then ``scratch`` is free again."""

        @torch.inference_mode()
        def do() -> _T:
            try:
                return work()
            finally:
                self._free.put(scratch)

        return self._pool.submit(do)

    def exact(self, rows: Rows, bias: Tensor | None, precision: Precision) -> Future[nn.Module]:
        """Return `exact` or, in an int8 model, `beside_int8`, elsewhere."""
        wide, scratch = self.widen(rows)
        make = beside_int8 if precision.name == "int8" else exact
        return self.submit(scratch, partial(make, rows, bias, wide))

    def start(self, work: Callable[[], _T]) -> Future[_T]:
        """Do ``work`` elsewhere."""
        return self._pool.submit(work)

    def close(self) -> None:
        """Wait for all and free the memory."""
        self._pool.shutdown()
        self._free = SimpleQueue()


class Trial(nn.Module):
    """A projection that answers exactly and, when it is first used, tries how int8 would do."""

    def __init__(self, rows: Rows, bias: Tensor | None, packer: Packer) -> None:
        super().__init__()
        self._rows: Rows | None = rows
        self._bias = None if bias is None else bias.float()
        self._packer = packer
        self._outcome: Future[tuple[nn.Module, float]] | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Map [..., in] to [..., out]; once only, for then the weights are freed."""
        rows, self._rows = self._rows, None
        assert rows is not None, "a projection is tried once"
        wide, scratch = self._packer.widen(rows)
        y = F.linear(x, wide, self._bias)
        self._outcome = self._packer.submit(scratch, partial(self._try, rows, wide, x, y))
        return y

    def _try(self, rows: Rows, wide: Tensor, x: Tensor, y: Tensor) -> tuple[nn.Module, float]:
        fast = _int8(wide, self._bias)
        error = float((fast(x) - y).norm() / y.norm().clamp_min(1e-12))
        if error <= MOST_ERROR:
            return fast, error
        wide = torch.cat([part.float() for part in rows.parts])
        return beside_int8(rows, self._bias, wide), error

    def result(self) -> tuple[nn.Module, float]:
        """Return what to compute with, and the error in int8."""
        assert self._outcome is not None, "a projection was not tried"
        return self._outcome.result()


def apply_choices(model: nn.Module, trials: Mapping[str, Trial]) -> list[Choice]:
    """Put what the trials chose into their places, after all of them have been used once.

    Raises:
        StudioError: this machine's torch has no int8 arithmetic.
    """
    choices = []
    for place, trial in trials.items():
        try:
            chosen, error = trial.result()
        except (RuntimeError, NotImplementedError) as problem:
            raise StudioError(
                "This machine's torch has no int8 arithmetic.", "Choose the precision fp32 or bf16."
            ) from problem
        put(model, place, chosen)
        choices.append(Choice(place, error, _is_int8(chosen)))
    return choices


def _is_int8(module: nn.Module) -> bool:
    if isinstance(module, CompiledLinear):
        return module.matrix.is_int8
    return isinstance(module, Int8Linear)


def keeps_precision(place: str) -> bool:
    """Return whether the projection at a place never goes into int8."""
    return place.startswith(_PLAIN)


def put(model: nn.Module, place: str, module: nn.Module) -> None:
    """Set the module at a place."""
    parent, _, name = place.rpartition(".")
    setattr(model.get_submodule(parent), name, module)
