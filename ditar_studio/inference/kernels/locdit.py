"""Patches from noise by a frozen LocDiT, in one call of the compiled kernels (`locdit.c`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ctypes import POINTER, byref, c_void_p

import torch
from torch import Tensor

from ditar_studio.inference.kernels.library import Function
from ditar_studio.inference.kernels.matrix import Matrix, rows_space
from ditar_studio.inference.kernels.structs import (
    Pass,
    ProjectionsStruct,
    SequenceStruct,
    SolverStruct,
)
from ditar_studio.inference.kernels.transformer import CompiledTransformer, RotaryTable
from ditar_studio.model.solver import Guidance, Step

_structs = POINTER(ProjectionsStruct), POINTER(SequenceStruct), POINTER(Pass), POINTER(SolverStruct)
_patch_run = Function("patch_run", *_structs, c_void_p, c_void_p, c_void_p, c_void_p)


class CompiledLocDiT:
    """A frozen transformer with what leads from latents into it, and out of it again."""

    def __init__(
        self,
        transformer: CompiledTransformer,
        rotary: Callable[[int], RotaryTable | None],
        inward: Matrix,
        inward_bias: Tensor | None,
        outward: Matrix,
        outward_bias: Tensor,
    ) -> None:
        """`rotary` gives the factors of so many positions."""
        self._transformer, self._rotary = transformer, rotary
        self._held = inward, inward_bias, outward, outward_bias
        into = None if inward_bias is None else inward_bias.data_ptr()
        self._projections = ProjectionsStruct(
            inward.struct, outward.struct, into, outward_bias.data_ptr()
        )

    def patch(
        self,
        steps: Sequence[Step],
        x: Tensor,
        noise: Tensor,
        guidance: Guidance,
        conditions: Tensor,
        previous: Tensor,
        targets: Tensor | None = None,
    ) -> Tensor:
        """Take x [P, latents] through steps of a solver, whose noise is of its shape; the
        transformer sees [condition tokens, previous, patch].

        Args:
            conditions: [steps, B, C, dim], condition tokens of every step; B is 2 under guidance.
            previous: [n, dim], the same for all.
            targets: [B, P, dim], added to what becomes of the noisy patch.
        """
        _, batch, condition_tokens, dim = conditions.shape
        patch, latents = noise.shape
        first = condition_tokens + len(previous)
        tokens, y = (
            conditions.new_empty(batch, first + patch, dim),
            conditions.new_empty(batch, patch, dim),
        )
        scratch = conditions.new_empty(batch, patch, latents)
        space = torch.empty(rows_space(batch * patch, max(dim, latents)), dtype=torch.uint8)
        noise = noise.contiguous()
        result = x.clone(memory_format=torch.contiguous_format)
        table = torch.tensor(
            [(step.x_scale, step.output_scale, step.noise_scale) for step in steps]
        )
        held = [
            None if part is None else part.contiguous() for part in (conditions, previous, targets)
        ]
        sequence = SequenceStruct(
            *(None if part is None else part.data_ptr() for part in held), condition_tokens
        )
        solver = SolverStruct(table.data_ptr(), noise.data_ptr(), len(table))
        solver.fitted, solver.scale = guidance.fitted, guidance.scale
        call = self._transformer.call(tokens, y, self._rotary(first + patch), first, None)
        structs = byref(self._projections), byref(sequence), byref(call), byref(solver)
        with self._transformer.working(call) as threads:
            _patch_run(*structs, *(part.data_ptr() for part in (result, scratch, space)), threads)
        return result
