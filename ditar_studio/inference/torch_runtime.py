"""A DiTAR's runtime by torch alone, for processors and weights that the kernels aren't for."""

from __future__ import annotations

import copy
from contextlib import AbstractContextManager, nullcontext

from ditar_studio.inference.ditar import DiTARRuntime
from ditar_studio.inference.patch_sampler import PatchSampler
from ditar_studio.inference.products import freeze_linears
from ditar_studio.inference.torch_transformer import FrozenTransformer, TorchTransformer
from ditar_studio.model.layers import Transformer
from ditar_studio.model.locdit import LocDiT
from ditar_studio.model.vae import Decoder


class TorchRuntime(DiTARRuntime):
    """Executes a DiTAR by torch's operations, its weights packed where that is exact."""

    def transformer(self, transformer: Transformer) -> FrozenTransformer:
        """Return what computes a transformer."""
        return TorchTransformer(transformer)

    def sampler(self, locdit: LocDiT) -> PatchSampler:
        """Return what draws patches by a LocDiT."""
        return PatchSampler(locdit, self.transformer(locdit.transformer))

    def decoder(self, decoder: Decoder) -> Decoder:
        """Return a copy of a decoder with packed weights."""
        copied = copy_modules(decoder)
        freeze_linears(copied)
        return copied

    def cores(self) -> AbstractContextManager[None]:
        """Do nothing: torch has the cores to itself."""
        return nullcontext()


def copy_modules(decoder: Decoder) -> Decoder:
    """Return a decoder of the same weights, in the same memory, whose modules can be replaced."""
    shared = [*decoder.parameters(), *decoder.buffers()]
    return copy.deepcopy(decoder, {id(tensor): tensor for tensor in shared})
