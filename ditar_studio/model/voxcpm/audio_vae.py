"""The audio VAE of all three generations, exact while streaming.

Every convolution is causal, so encoder and decoder are chains of stages that carry the inputs
still in reach of the next chunk; the offline passes are the streaming ones run over all chunks.
Signals are [time, channels], which makes the strided and transposed convolutions into one matrix
product each, and the depthwise ones into seven shifted multiplications.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ditar_studio.model.voxcpm.config import VaeConfig
from ditar_studio.model.voxcpm.layers import Projection

State = list[Tensor]
"""The inputs that stages still need, in the order of the stages that keep one."""

_DILATIONS = (1, 3, 9)
_ENCODER_CHUNK = 16
_DECODER_CHUNK = 8
"""Latents per chunk of an offline pass: few enough for the signals to stay in the cache."""


class _Weights:
    """Tensors of a checkpoint, with weight norm folded."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._tensors = tensors

    def plain(self, name: str) -> Tensor:
        return self._tensors[name].to(torch.float32, copy=True)

    def conv(self, prefix: str) -> tuple[Tensor, Tensor]:
        """Return (g * v / |v|, bias); the norm is over all axes but the first."""
        gain = self._tensors[f"{prefix}.weight_g"].float()
        direction = self._tensors[f"{prefix}.weight_v"].float()
        norm = torch.linalg.vector_norm(direction, dim=(1, 2), keepdim=True)
        return direction * (gain / norm), self.plain(f"{prefix}.bias")


class Stage(nn.Module):
    """One step of the chain: ``reach`` earlier inputs are kept where it is above zero."""

    reach = 0

    def initial(self, like: Tensor) -> State:
        """Return zeros before the first input; ``like`` gives dtype and device."""
        return [like.new_zeros(self.reach, self._channels())] if self.reach else []

    def _channels(self) -> int:
        raise NotImplementedError

    def run(self, x: Tensor, state: State, slot: int) -> tuple[Tensor, int]:
        """Process x [T, C]; ``state[slot]`` on is this stage's. Returns output and next slot."""
        raise NotImplementedError

    def _extend(self, x: Tensor, state: State, slot: int) -> Tensor:
        """Return x with the kept inputs before it, and keep the last of it for the next chunk."""
        joined = torch.cat([state[slot], x])
        state[slot] = joined[joined.shape[0] - self.reach :].clone()
        return joined


class Product(Stage):
    """A stage whose work is one matrix product."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        """weight [out, in] and bias [out]."""
        super().__init__()
        self.product: nn.Module = Projection(weight.shape[1], weight.shape[0], device="meta")
        self.product.weight = nn.Parameter(weight.contiguous(), requires_grad=False)
        self.product.bias = nn.Parameter(bias, requires_grad=False)


class Pointwise(Product):
    """Convolution with a kernel of one."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__(weight[:, :, 0], bias)

    def run(self, x: Tensor, state: State, slot: int) -> tuple[Tensor, int]:
        return self.product(x), slot


class Depthwise(Stage):
    """Dilated depthwise convolution with a kernel of k."""

    def __init__(self, weight: Tensor, bias: Tensor, dilation: int) -> None:
        super().__init__()
        self.register_buffer("weight", weight[:, 0].t().contiguous())  # [k, C]
        self.register_buffer("bias", bias)
        self.weight: Tensor
        self.bias: Tensor
        self.dilation = dilation
        self.reach = dilation * (weight.shape[2] - 1)

    def _channels(self) -> int:
        return self.weight.shape[1]

    def run(self, x: Tensor, state: State, slot: int) -> tuple[Tensor, int]:
        length = x.shape[0]
        joined = self._extend(x, state, slot)
        y = torch.addcmul(self.bias, joined[:length], self.weight[0])
        for tap in range(1, self.weight.shape[0]):
            start = tap * self.dilation
            y.addcmul_(joined[start : start + length], self.weight[tap])
        return y, slot + 1


class Strided(Product):
    """Dense convolution of kernel k and stride s over inputs left-padded by ``reach``."""

    def __init__(self, weight: Tensor, bias: Tensor, stride: int, padding: int) -> None:
        super().__init__(weight.transpose(1, 2).flatten(1), bias)
        self.kernel, self.inputs = weight.shape[2], weight.shape[1]
        self.stride = stride
        self.reach = padding

    def _channels(self) -> int:
        return self.inputs

    def run(self, x: Tensor, state: State, slot: int) -> tuple[Tensor, int]:
        joined = self._extend(x, state, slot)
        windows = joined.as_strided(
            (x.shape[0] // self.stride, self.kernel * self.inputs), (self.stride * self.inputs, 1)
        )
        return self.product(windows), slot + 1


class Transposed(Product):
    """Transposed convolution of kernel 2s and stride s as one product over [x[t-1], x[t]]."""

    reach = 1

    def __init__(self, weight: Tensor, bias: Tensor, stride: int) -> None:
        inputs, outputs, _ = weight.shape
        taps = weight.flatten(1).t().contiguous().view(outputs, 2, stride, inputs)
        now, before = taps.transpose(0, 1).transpose(1, 2)
        both = torch.stack([before, now], 2)  # [s, out, 2, in]
        super().__init__(both.view(stride * outputs, -1), bias.repeat(stride))
        self.inputs, self.outputs, self.stride = inputs, outputs, stride

    def _channels(self) -> int:
        return self.inputs

    def run(self, x: Tensor, state: State, slot: int) -> tuple[Tensor, int]:
        joined = self._extend(x, state, slot)
        pairs = joined.as_strided((x.shape[0], 2 * self.inputs), (self.inputs, 1))
        return self.product(pairs).view(-1, self.outputs), slot + 1


class Snake(Stage):
    """x + sin(a x)^2 / a."""

    def __init__(self, alpha: Tensor) -> None:
        super().__init__()
        flat = alpha.flatten()
        self.register_buffer("alpha", flat)
        self.register_buffer("inverse", (flat + 1e-9).reciprocal())
        self.alpha: Tensor
        self.inverse: Tensor

    def run(self, x: Tensor, state: State, slot: int) -> tuple[Tensor, int]:
        return torch.addcmul(x, (x * self.alpha).sin_().square_(), self.inverse), slot


class Scale(Stage):
    """x * scale + bias per channel: the decoder's output-rate condition."""

    def __init__(self, scale: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.register_buffer("scale", scale)
        self.register_buffer("bias", bias)
        self.scale: Tensor
        self.bias: Tensor

    def run(self, x: Tensor, state: State, slot: int) -> tuple[Tensor, int]:
        return torch.addcmul(self.bias, x, self.scale), slot


class Chain(Stage):
    """Stages one after another."""

    def __init__(self, stages: list[Stage]) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)

    def initial(self, like: Tensor) -> State:
        return [kept for stage in self.each() for kept in stage.initial(like)]

    def run(self, x: Tensor, state: State, slot: int) -> tuple[Tensor, int]:
        for stage in self.each():
            x, slot = stage.run(x, state, slot)
        return x, slot

    def each(self) -> list[Stage]:
        """Return the stages."""
        return [stage for stage in self.stages if isinstance(stage, Stage)]


class Residual(Chain):
    """x + mix(second(depthwise(first(x))))."""

    def __init__(self, first: Snake, depthwise: Depthwise, second: Snake, mix: Pointwise) -> None:
        super().__init__([first, depthwise, second, mix])
        self.parts = first, depthwise, second, mix

    def run(self, x: Tensor, state: State, slot: int) -> tuple[Tensor, int]:
        branch, slot = super().run(x, state, slot)
        return x + branch, slot


def _residuals(weights: _Weights, prefix: str, first: int) -> list[Stage]:
    units: list[Stage] = []
    for index, dilation in enumerate(_DILATIONS):
        unit = f"{prefix}.block.{first + index}.block"
        units.append(
            Residual(
                Snake(weights.plain(f"{unit}.0.alpha")),
                Depthwise(*weights.conv(f"{unit}.1"), dilation),
                Snake(weights.plain(f"{unit}.2.alpha")),
                Pointwise(*weights.conv(f"{unit}.3")),
            )
        )
    return units


def _encoder(config: VaeConfig, weights: _Weights) -> Chain:
    stages: list[Stage] = [Strided(*weights.conv("encoder.block.0"), stride=1, padding=6)]
    for block, rate in enumerate(config.encoder_rates, 1):
        prefix = f"encoder.block.{block}"
        stages += _residuals(weights, prefix, 0)
        stages.append(Snake(weights.plain(f"{prefix}.block.3.alpha")))
        padding = rate if config.generation == 2 else 2 * ((rate + 1) // 2)
        stages.append(Strided(*weights.conv(f"{prefix}.block.4"), stride=rate, padding=padding))
    stages.append(Strided(*weights.conv("encoder.fc_mu"), stride=1, padding=2))
    return Chain(stages)


def _decoder(config: VaeConfig, weights: _Weights) -> Chain:
    stages: list[Stage] = [
        Depthwise(*weights.conv("decoder.model.0"), dilation=1),
        Pointwise(*weights.conv("decoder.model.1")),
    ]
    rate_bin = sum(config.out_sample_rate > edge for edge in config.rate_boundaries)
    for block, rate in enumerate(config.decoder_rates, 2):
        prefix = f"decoder.model.{block}"
        if config.rate_boundaries:
            condition = f"decoder.sr_cond_model.{block}"
            stages.append(
                Scale(
                    weights.plain(f"{condition}.scale_embed.weight")[rate_bin].clone(),
                    weights.plain(f"{condition}.bias_embed.weight")[rate_bin].clone(),
                )
            )
        stages.append(Snake(weights.plain(f"{prefix}.block.0.alpha")))
        stages.append(Transposed(*weights.conv(f"{prefix}.block.1"), stride=rate))
        stages += _residuals(weights, prefix, 2)
    last = len(config.decoder_rates) + 2
    stages.append(Snake(weights.plain(f"decoder.model.{last}.alpha")))
    final = weights.conv(f"decoder.model.{last + 1}")
    stages.append(Strided(*final, stride=1, padding=6))
    return Chain(stages)


class AudioVae(nn.Module):
    """Waveforms to latents and back, in float32 always."""

    def __init__(self, config: VaeConfig, tensors: Mapping[str, Tensor]) -> None:
        """Build from a checkpoint that ``vae_shapes`` has been checked against."""
        super().__init__()
        self.config = config
        weights = _Weights(tensors)
        self.encoder = _encoder(config, weights)
        self.decoder = _decoder(config, weights)
        self.register_buffer("_like", torch.zeros(1), persistent=False)
        self._like: Tensor

    @torch.inference_mode()
    def encode(self, wave: Tensor) -> Tensor:
        """Encode waveform [n] at ``sample_rate`` to latent means [T, D]; n is a multiple of the
        hop.
        """
        state = self.encoder.initial(self._like)
        signal = wave.to(self._like)[:, None]
        chunks = torch.split(signal, _ENCODER_CHUNK * self.config.encoder_hop)
        return torch.cat([self.encoder.run(chunk, state, 0)[0] for chunk in chunks])

    def start(self) -> State:
        """Return the decoder's state before the first latent."""
        return self.decoder.initial(self._like)

    @torch.inference_mode()
    def decode_step(self, latents: Tensor, state: State) -> Tensor:
        """Decode the next latents [T, D] to the next samples [T * hop]; ``state`` moves on in
        place.
        """
        x = latents.to(self._like)
        samples, _ = self.decoder.run(x, state, 0)
        return samples[:, 0].tanh_()

    def decode(self, latents: Tensor) -> Tensor:
        """Decode all latents [T, D] to samples [T * hop], the same as step by step."""
        state = self.start()
        return torch.cat(
            [self.decode_step(part, state) for part in torch.split(latents, _DECODER_CHUNK)]
        )


def vae_shapes(config: VaeConfig) -> dict[str, tuple[int, ...]]:
    """Return every tensor that the VAE's checkpoint must hold, by name."""
    shapes: dict[str, tuple[int, ...]] = {}

    def conv(prefix: str, outputs: int, inputs: int, kernel: int, transposed: bool = False) -> None:
        first, second = (inputs, outputs) if transposed else (outputs, inputs)
        shapes[f"{prefix}.bias"] = (outputs,)
        shapes[f"{prefix}.weight_g"] = (first, 1, 1)
        shapes[f"{prefix}.weight_v"] = (first, second, kernel)

    def residuals(prefix: str, first: int, width: int) -> None:
        for index in range(first, first + len(_DILATIONS)):
            unit = f"{prefix}.block.{index}.block"
            shapes[f"{unit}.0.alpha"] = shapes[f"{unit}.2.alpha"] = (1, width, 1)
            conv(f"{unit}.1", width, 1, 7)
            conv(f"{unit}.3", width, width, 1)

    width = config.encoder_dim
    conv("encoder.block.0", width, 1, 7)
    for block, rate in enumerate(config.encoder_rates, 1):
        residuals(f"encoder.block.{block}", 0, width)
        shapes[f"encoder.block.{block}.block.3.alpha"] = (1, width, 1)
        conv(f"encoder.block.{block}.block.4", 2 * width, width, 2 * rate)
        width *= 2
    for head in ("fc_mu", "fc_logvar"):
        conv(f"encoder.{head}", config.latent_dim, width, 3)

    conv("decoder.model.0", config.latent_dim, 1, 7)
    width = config.decoder_dim
    conv("decoder.model.1", width, config.latent_dim, 1)
    if config.rate_boundaries:
        shapes["decoder.sr_bin_boundaries"] = (len(config.rate_boundaries),)
    for block, rate in enumerate(config.decoder_rates, 2):
        prefix = f"decoder.model.{block}"
        if config.rate_boundaries:
            for kind in ("scale_embed", "bias_embed"):
                shapes[f"decoder.sr_cond_model.{block}.{kind}.weight"] = (
                    len(config.rate_boundaries) + 1,
                    width,
                )
        shapes[f"{prefix}.block.0.alpha"] = (1, width, 1)
        conv(f"{prefix}.block.1", width // 2, width, 2 * rate, transposed=True)
        width //= 2
        residuals(prefix, 2, width)
    last = len(config.decoder_rates) + 2
    shapes[f"decoder.model.{last}.alpha"] = (1, width, 1)
    conv(f"decoder.model.{last + 1}", 1, width, 7)
    return shapes
