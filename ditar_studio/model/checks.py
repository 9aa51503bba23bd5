"""Checks of tensors that were read from a file: whether they can be weights."""

from __future__ import annotations

import math

from torch import Tensor


def all_finite(tensor: Tensor) -> bool:
    """Return whether all values are finite; `torch.isfinite` writes a mask and takes ten times as
    long.
    """
    return not tensor.numel() or all(math.isfinite(end) for end in tensor.aminmax())
