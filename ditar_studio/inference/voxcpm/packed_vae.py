"""VoxCPM's audio VAE with a decoder of 16-bit weights, by the compiled kernels where they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ditar_studio.inference.kernels import vocoder
from ditar_studio.inference.kernels.matrix import Matrix, fits
from ditar_studio.inference.voxcpm.precision import CompiledLinear, HalfLinear, multiplies_fp16
from ditar_studio.model.voxcpm.audio_vae import (
    AudioVae,
    Depthwise,
    Pointwise,
    Product,
    Residual,
    Scale,
    Snake,
    Stage,
    State,
    Strided,
    Transposed,
)
from ditar_studio.model.voxcpm.config import VaeConfig

_MANY = 1 << 17
"""Weights of a product from which on reading them takes most of its time."""


class PackedVae(AudioVae):
    """An `AudioVae` whose decoder is faster; off by 3e-4.

    Attributes:
        native: whether the decoder uses the compiled kernels.
    """

    def __init__(self, config: VaeConfig, tensors: Mapping[str, Tensor]) -> None:
        super().__init__(config, tensors)
        for part in self.decoder.modules():
            if isinstance(part, Product):
                part.product = _packed(part.product)
        stages = [_compiled(stage) for stage in self.decoder.each()]
        self._whole: vocoder.CompiledDecoder | None = None
        if None not in stages:
            self._whole = vocoder.CompiledDecoder([stage for stage in stages if stage])
        self.native = any(isinstance(part, CompiledLinear) for part in self.decoder.modules())

    @torch.inference_mode()
    def decode_step(self, latents: Tensor, state: State) -> Tensor:
        """Decode the next latents [T, D] to the next samples [T * hop]; ``state`` moves on in
        place.
        """
        if self._whole is None:
            return super().decode_step(latents, state)
        return self._whole(latents.to(self._like), state)

    @contextmanager
    def decoding(self, latents: Tensor, state: State) -> Iterator[tuple[Tensor, bool]]:
        """Decode as `decode_step` does, while other kernels run.

        Yields:
            The samples, which are there when the context ends, and whether another thread makes
            them until then.
        """
        if self._whole is None:
            yield self.decode_step(latents, state), False
            return
        with self._whole.beside(latents.to(self._like), state) as made:
            yield made


def _packed(linear: nn.Module) -> nn.Module:
    """Return a product with its weights in 16 bits, where that is faster."""
    assert isinstance(linear, nn.Linear), "done once"
    weight, bias = linear.weight.detach(), linear.bias.detach()
    if fits(*weight.shape):
        return CompiledLinear(Matrix.fp16(weight), bias)
    if weight.numel() >= _MANY and multiplies_fp16():
        return HalfLinear(weight, bias)
    return linear


def _compiled(stage: Stage) -> vocoder.Stage | None:
    """Return a stage for the kernels; None if they don't compute it."""
    match stage:
        case Depthwise():
            return _depthwise(stage)
        case Snake():
            return _snake(stage)
        case Scale():
            return vocoder.Scale(stage.scale, stage.bias)
        case Pointwise():
            return _product(stage, taps=1, stride=1)
        case Transposed():
            return _product(stage, taps=2, stride=stage.stride)
        case Strided():
            return _last(stage)
        case Residual():
            return _unit(stage)
    return None


def _depthwise(stage: Depthwise) -> vocoder.Depthwise:
    return vocoder.Depthwise(stage.weight, stage.bias)


def _snake(stage: Snake) -> vocoder.Snake:
    return vocoder.Snake(stage.alpha, stage.inverse)


def _product(stage: Product, taps: int, stride: int) -> vocoder.Product | None:
    linear = stage.product
    if not isinstance(linear, CompiledLinear):
        return None
    assert linear.bias is not None
    return vocoder.Product(linear.matrix, linear.bias, taps, stride)


def _last(stage: Strided) -> vocoder.Last | None:
    linear = stage.product
    if stage.stride > 1 or not isinstance(linear, nn.Linear) or len(linear.weight) > 1:
        return None
    weight = linear.weight.detach().view(stage.kernel, stage.inputs)
    return vocoder.Last(weight, linear.bias.detach())


def _unit(stage: Residual) -> vocoder.Unit | None:
    first, depthwise, second, mix = stage.parts
    mixing = _product(mix, taps=1, stride=1)
    if mixing is None:
        return None
    return vocoder.Unit(
        _snake(first),
        _depthwise(depthwise),
        depthwise.dilation,
        _snake(second),
        mixing.matrix,
        mixing.bias,
    )
