"""The structures that Python and the C library hand to each other, as `abi.h` declares them.

`library` refuses a compiled library whose version or structure sizes differ from these. Whoever
changes a structure or a function's arguments raises `VERSION` here and in `abi.h`.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_float, c_int32, c_int64, c_void_p

VERSION = 1


class MatrixStruct(ctypes.Structure):
    """`Matrix`: a packed matrix."""

    _fields_ = (
        ("kind", c_int32),
        ("outputs", c_int32),
        ("columns", c_int32),
        ("panels", c_void_p),
        ("scales", c_void_p),
        ("sums", c_void_p),
    )


class BlockStruct(ctypes.Structure):
    """`Block`: weights of a transformer's block."""

    _fields_ = (
        ("attention_gain", c_void_p),
        ("ffn_gain", c_void_p),
        *((name, MatrixStruct) for name in ("qkv", "out", "gate", "up", "down")),
    )


class TransformerStruct(ctypes.Structure):
    """`Transformer`: a whole frozen transformer."""

    _fields_ = (
        *((name, c_int32) for name in ("layers", "dim", "heads", "kv_heads", "head_dim", "ffn")),
        ("gated", c_int32),
        ("epsilon", c_float),
        ("branch_scale", c_float),
        ("gain", c_void_p),
        ("blocks", c_void_p),
    )


class Pass(ctypes.Structure):
    """`Pass`: one pass through a transformer."""

    _fields_ = (
        ("x", c_void_p),
        ("y", c_void_p),
        *((name, c_int32) for name in ("batch", "length", "first_kept", "kept")),
        ("cosines", c_void_p),
        ("sines", c_void_p),
        ("keys", POINTER(c_void_p)),
        ("values", POINTER(c_void_p)),
        ("capacity", c_int64),
        ("filled", c_int32),
        ("transformer", c_void_p),
        ("workspace", c_void_p),
    )


class ProjectionsStruct(ctypes.Structure):
    """`Projections`: between latents and a transformer's width."""

    _fields_ = (
        ("inward", MatrixStruct),
        ("outward", MatrixStruct),
        ("inward_bias", c_void_p),
        ("outward_bias", c_void_p),
    )


class SequenceStruct(ctypes.Structure):
    """`Sequence`: the tokens of a LocDiT around the noisy patch."""

    _fields_ = (
        *((name, c_void_p) for name in ("conditions", "previous", "targets")),
        ("condition_tokens", c_int32),
    )


class SolverStruct(ctypes.Structure):
    """`Solver`: the steps from noise to a patch."""

    _fields_ = (
        ("steps", c_void_p),
        ("noise", c_void_p),
        *((name, c_int32) for name in ("count", "fitted")),
        ("scale", c_float),
    )


class ConvNeXtStruct(ctypes.Structure):
    """`ConvNeXt`: a causal ConvNeXt block."""

    _fields_ = (
        ("channels", c_int32),
        ("taps", c_int32),
        ("epsilon", c_float),
        *((name, c_void_p) for name in ("weight", "bias", "norm_gain", "norm_bias")),
        *((name, c_void_p) for name in ("up_bias", "down_bias", "scale")),
        ("up", MatrixStruct),
        ("down", MatrixStruct),
    )


class UnitStruct(ctypes.Structure):
    """`Unit`: a residual unit of a decoder."""

    _fields_ = (
        *((name, c_int32) for name in ("channels", "taps", "dilation")),
        *((name, c_void_p) for name in ("first_alpha", "first_inverse")),
        *((name, c_void_p) for name in ("second_alpha", "second_inverse")),
        *((name, c_void_p) for name in ("weight", "bias", "mix_bias")),
        ("mix", MatrixStruct),
    )


class StageStruct(ctypes.Structure):
    """`Stage`: a stage of a decoder."""

    _fields_ = (
        *((name, c_int32) for name in ("kind", "channels", "taps", "stride")),
        *((name, c_void_p) for name in ("first", "second")),
        ("matrix", MatrixStruct),
        ("unit", c_void_p),
    )


class ChunkStruct(ctypes.Structure):
    """`Chunk`: a chunk of a signal on its way through a decoder."""

    _fields_ = (
        ("stages", POINTER(StageStruct)),
        *((name, c_int32) for name in ("count", "length")),
        ("x", c_void_p),
        ("past", POINTER(c_void_p)),
        *((name, c_void_p) for name in ("y", "space")),
    )


_STRUCTS: tuple[type[ctypes.Structure], ...] = (
    MatrixStruct,
    BlockStruct,
    TransformerStruct,
    Pass,
    ProjectionsStruct,
    SequenceStruct,
    SolverStruct,
    ConvNeXtStruct,
    UnitStruct,
    StageStruct,
    ChunkStruct,
)


def expected() -> list[int]:
    """Return what `kernels_abi` of a library that fits these structures gives for 0, 1, 2, ..."""
    return [VERSION, *map(ctypes.sizeof, _STRUCTS), -1]
