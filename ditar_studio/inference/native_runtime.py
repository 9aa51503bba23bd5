"""A DiTAR's runtime by the compiled kernels, wherever these compute what its weights say."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial

from torch import Tensor, nn

from ditar_studio.inference.ditar import DiTARRuntime
from ditar_studio.inference.kernels.convnext import CompiledConvNeXt
from ditar_studio.inference.kernels.library import kernels
from ditar_studio.inference.kernels.locdit import CompiledLocDiT
from ditar_studio.inference.kernels.matrix import Matrix, exact
from ditar_studio.inference.kernels.thread_pool import reserve_cores
from ditar_studio.inference.native_transformer import NativeTransformer, compilable
from ditar_studio.inference.patch_sampler import PatchSampler
from ditar_studio.inference.products import freeze_linears
from ditar_studio.inference.torch_runtime import TorchRuntime, copy_modules
from ditar_studio.inference.torch_transformer import FrozenTransformer
from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.layers import ConvNeXtBlock, Transformer
from ditar_studio.model.locdit import LocDiT
from ditar_studio.model.vae import Decoder


def make_runtime(model: DiTAR) -> DiTARRuntime:
    """Return what executes a DiTAR fastest here."""
    return TorchRuntime(model) if kernels() is None else NativeRuntime(model)


class NativeRuntime(TorchRuntime):
    """Executes a DiTAR by the kernels; what they can't compute exactly, torch does."""

    def transformer(self, transformer: Transformer) -> FrozenTransformer:
        """Return what computes a transformer."""
        if compilable(transformer):
            return NativeTransformer(transformer)
        return super().transformer(transformer)

    def sampler(self, locdit: LocDiT) -> PatchSampler:
        """Return what draws patches by a LocDiT: all steps of a patch in one call, if
        they can be.
        """
        transformer = self.transformer(locdit.transformer)
        return PatchSampler(locdit, transformer, compiled_locdit(locdit, transformer))

    def decoder(self, decoder: Decoder) -> Decoder:
        """Return a copy of a decoder with packed weights."""
        copied = copy_modules(decoder)
        for blocks in (copied.coarse, copied.fine):
            for index, block in enumerate(blocks):
                assert isinstance(block, ConvNeXtBlock)
                if exact(block.up.weight.detach()) and exact(block.down.weight.detach()):
                    blocks[index] = NativeConvNeXt(block)
        freeze_linears(copied)
        return copied

    def cores(self) -> AbstractContextManager[None]:
        """Leave torch one thread: others would spin on the kernels' cores."""
        return reserve_cores()


def compiled_locdit(locdit: LocDiT, transformer: FrozenTransformer) -> CompiledLocDiT | None:
    """Return a LocDiT's transformer between what leads into it, without its bias, and out of it;
    None where the kernels don't compute it exactly.
    """
    inward, outward = locdit.inward, locdit.out
    exactly = all(exact(linear.weight.detach()) for linear in (inward, outward))
    if not isinstance(transformer, NativeTransformer) or not exactly:
        return None
    into, out = Matrix.bf16(inward.weight), Matrix.bf16(outward.weight)
    table, bias = partial(transformer.rotary_table, 0), outward.bias.detach().clone()
    return CompiledLocDiT(transformer.transformer, table, into, None, out, bias)


class NativeConvNeXt(nn.Module):
    """A causal `ConvNeXtBlock` of a single stream by the kernels."""

    WIDTH = ConvNeXtBlock.WIDTH

    def __init__(self, block: ConvNeXtBlock) -> None:
        super().__init__()
        self.scale = block.scale
        parts = block.depthwise, block.norm, block.up, block.down, block.scale
        self._compiled = CompiledConvNeXt(*parts)

    def step(self, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """Continue on x [1, T, C] after `past` [1, 6, C]; see `ConvNeXtBlock.step`."""
        whole, after = self._compiled(x[0], past[0])
        return whole[None], after[None]
