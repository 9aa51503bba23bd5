"""Training batches: typed dictionaries of tensors, on which data and objective agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar, cast

from torch import Tensor

Batch: TypeAlias = Mapping[str, object]
"""Any of them; each objective has its own `TypedDict`."""

_Batch = TypeVar("_Batch", bound=Batch)


def map_tensors(batch: _Batch, change: Callable[[Tensor], Tensor]) -> _Batch:
    """Return a batch with each of its tensors changed."""
    tensors = cast("Mapping[str, Tensor]", batch)
    return cast("_Batch", {name: change(tensor) for name, tensor in tensors.items()})
