"""What numbers a model is computed in, why, and what that costs in exactness."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ditar_studio.errors import StudioError

_PLAIN = ("encoder.in_proj", "dit.in_proj", "dit.cond_proj", "dit.out_proj", "fsq.", "stop_")
"""Small projections at the edges stay exact: they cost little and errors there weigh most."""

_NAMES = ("fp32", "bf16", "int8")


@dataclass(frozen=True)
class Precision:
    """A choice with its reason.

    Attributes:
        name: fp32, bf16 or int8.
        dtype: of activations and of the weights that are not int8.
        reason: in words.
    """

    name: str
    dtype: torch.dtype
    reason: str


def choose(name: str | None = None) -> Precision:
    """The precision asked for, or the one that suits this CPU; int8 is never chosen unasked.

    Raises:
        StudioError: there is no such precision.
    """
    if name is None:
        if torch.cpu.get_capabilities().get("avx512_bf16", False):
            return Precision("bf16", torch.bfloat16, "this CPU has AVX512-BF16")
        return Precision("fp32", torch.float32, "this CPU has no instructions for bf16")
    if name not in _NAMES:
        raise StudioError(
            f"There is no precision “{name}”.", f"Choose one of: {', '.join(_NAMES)}."
        )
    dtype = torch.bfloat16 if name == "bf16" else torch.float32
    return Precision(name, dtype, "it was asked for")


class Int8Linear(nn.Module):
    """A projection with int8 weights (a scale per output) and inputs rounded to 8 bits as it runs.

    This is torch's dynamic product: three to seven times as fast as float32 on a CPU.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight = linear.weight.detach().float()
        scale = weight.abs().amax(1).clamp_min(1e-12) / 127
        bias = None if linear.bias is None else linear.bias.detach().float()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # quantised tensors are called deprecated, ops are not
            zero = torch.zeros(len(scale), dtype=torch.long)
            rounded = torch.quantize_per_channel(weight, scale, zero, 0, torch.qint8)
            self._packed = torch.ops.quantized.linear_prepack(rounded, bias)
        # Without VNNI sums of two products saturate unless inputs leave a bit free.
        self._spare_bit = not torch.cpu.get_capabilities().get("avx512_vnni", False)

    def forward(self, x: Tensor) -> Tensor:
        """[..., in] to [..., out]."""
        y: Tensor = torch.ops.quantized.linear_dynamic(x, self._packed, self._spare_bit)
        return y


class Widened(nn.Module):
    """A bf16 projection on a CPU that only computes well in float32.

    Products of one row are as quick in bf16; those of several rows take twice the time there. So
    weights that always meet several rows are ``kept`` in float32, the others are widened as needed.
    """

    def __init__(self, linear: nn.Linear, kept: bool) -> None:
        super().__init__()
        weight, bias = linear.weight.detach(), linear.bias
        self.register_buffer("weight", weight.float() if kept else weight)
        self.register_buffer("bias", None if bias is None else bias.detach().to(self.weight.dtype))
        self.weight: Tensor
        self.bias: Tensor | None

    def forward(self, x: Tensor) -> Tensor:
        """[..., in] to [..., out], in the dtype of x."""
        if self.weight.dtype == x.dtype and x.numel() == x.shape[-1]:
            return F.linear(x, self.weight, self.bias)
        bias = None if self.bias is None else self.bias.float()
        return F.linear(x.float(), self.weight.float(), bias).to(x.dtype)


def widen(place: str, linear: nn.Module) -> nn.Module:
    """What to compute a bf16 projection with where bf16 has no instructions."""
    if not isinstance(linear, nn.Linear):
        return linear
    return Widened(linear, kept=place.startswith(("dit.", "encoder.")))


def converter(precision: Precision) -> Callable[[str, nn.Module], nn.Module] | None:
    """What a precision makes of each projection on this machine's CPU; None leaves them."""
    if precision.name == "int8":
        return quantise
    if precision.name == "bf16" and not _computes_bf16():
        return widen
    return None


def _computes_bf16() -> bool:
    found = torch.cpu.get_capabilities()
    if found.get("architecture", "") != "x86_64":
        return True
    return bool(found.get("avx512_bf16", False))


def quantise(place: str, linear: nn.Module) -> nn.Module:
    """What to compute with at a place: int8, or the projection itself where it stays exact."""
    if not isinstance(linear, nn.Linear) or place.startswith(_PLAIN):
        return linear
    try:
        return Int8Linear(linear)
    except RuntimeError as error:
        raise StudioError(
            "This machine's torch has no int8 arithmetic.", "Choose the precision fp32 or bf16."
        ) from error
