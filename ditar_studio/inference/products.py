"""Products with frozen weights, for generation on a CPU.

Generation multiplies one to eighteen rows at a time with every matrix of the model, so that reading
the weights takes as long as the arithmetic.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

_NOTHING = 1e-7  # a difference between weights that isn't one
_LEAST_PACKED = 1 << 17  # weights; a packed product takes 15 microseconds before it begins


class Product:
    """x -> x @ weight.T + bias for a weight [out, in] that no longer changes.

    Models are stored in bfloat16, which float16 holds exactly in all the range that matters. Where
    it does, and where FBGEMM is at hand (x86 CPUs), weights are packed as float16, which halves
    what is read; the arithmetic is float32 all the same. Measured on one core, eighteen rows and
    the weights of LocDiT: two thirds of the time.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        weight, self._bias = weight.detach(), None if bias is None else bias.detach()
        self._packed = self._matrix = None
        if weight.numel() >= _LEAST_PACKED and _packable(weight):
            self._packed = torch.ops.quantized.linear_prepack_fp16(weight, self._bias)
        else:
            self._matrix = weight.t().contiguous()

    def __call__(self, x: Tensor) -> Tensor:
        """Multiply rows [N, in]; return rows [N, out]."""
        if self._matrix is None:
            return _multiply(x, self._packed)
        if self._bias is None:
            return torch.mm(x, self._matrix)
        return torch.addmm(self._bias, x, self._matrix)

    def add(self, x: Tensor, rest: Tensor) -> Tensor:
        """Multiply rows [N, in] and add them to `rest` [N, out]; for products without a bias."""
        if self._matrix is None:
            return _multiply(x, self._packed).add_(rest)
        return torch.addmm(rest, x, self._matrix)


def _multiply(x: Tensor, packed: Any) -> Tensor:
    y: Tensor = torch.ops.quantized.linear_dynamic_fp16.default(x, packed)
    return y


def _packable(weight: Tensor) -> bool:
    return (
        weight.device.type == "cpu"
        and weight.dtype == torch.float32
        and torch.backends.quantized.engine in ("x86", "fbgemm")
        and torch.backends.cpu.get_cpu_capability() != "DEFAULT"
        and bool(((weight.half().float() - weight).abs() < _NOTHING).all())
    )


class FrozenLinear(nn.Module):
    """An `nn.Linear` for inference; later changes of its weights don't reach its products."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.weight, self.bias = linear.weight, linear.bias
        self._product = Product(linear.weight, linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        rows = self._product(x.reshape(-1, x.shape[-1]))
        return rows.view(*x.shape[:-1], len(self.weight))


def freeze_linears(module: nn.Module) -> None:
    """Make every `nn.Linear` within a module a `FrozenLinear`."""
    for name, child in module.named_children():
        if isinstance(child, nn.Linear):
            setattr(module, name, FrozenLinear(child))
        else:
            freeze_linears(child)
