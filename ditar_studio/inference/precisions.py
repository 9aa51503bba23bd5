"""The precisions of numbers in which models may be computed."""

from __future__ import annotations

from typing import Literal, get_args

Precision = Literal["fp32", "bf16", "int8"]

PRECISIONS: tuple[Precision, ...] = get_args(Precision)
"""All of them, the exact one first."""
