"""A model to train LoRAs of: its weights as its file has them, and additions that learn.

Weights stay mapped from the file on a CPU, so that they take no memory of their own, and are
widened where they are used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ditar_studio.model.voxcpm.config import VoxCPMConfig
from ditar_studio.model.voxcpm.lora import ALPHA, RANK, LowRank, lora_places
from ditar_studio.model.voxcpm.released_names import sources
from ditar_studio.model.voxcpm.tensor_file import TensorFile
from ditar_studio.model.voxcpm.voxcpm import VoxCPM


class TrainedProjection(nn.Module):
    """A projection whose own weights stay as they are, with a LoRA beside each of its parts.

    Attributes:
        bias: [out], if it has one.
        added: for each part what is added to it, the strength aside; None where nothing is.
    """

    def __init__(self, parts: Sequence[Tensor], added: Sequence[LowRank | None]) -> None:
        super().__init__()
        self._parts, self.added = parts, added
        self.bias: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Map [..., in] to [..., out]."""
        outputs = []
        casts = torch.is_autocast_enabled(x.device.type)
        for weight, added in zip(self._parts, self.added, strict=True):
            y = F.linear(x, weight if casts else weight.to(x.dtype))
            if added is not None:
                y = y + F.linear(F.linear(x, added.down), added.up) * (ALPHA / RANK)
            outputs.append(y)
        y = torch.cat(outputs, -1) if len(outputs) > 1 else outputs[0]
        return y if self.bias is None else y + self.bias


class TrainableVoxCPM:
    """A model without a VAE, and its LoRAs.

    Attributes:
        model: gives outputs with the LoRAs as they are.
        lora: by the projections' released names; their tensors learn.
        widens: whether weights are widened to be used, which takes memory until gradients are
            there.
    """

    def __init__(
        self, config: VoxCPMConfig, path: Path, device: torch.device, generator: torch.Generator
    ) -> None:
        """
        Args:
            config: of the model.
            path: of its main weights, which were checked before.
            device: to train on.
            generator: on the CPU, of the LoRAs' first values.
        """
        self.lora = {
            place: LowRank(*(each.to(device).requires_grad_() for each in pair))
            for place, pair in _drawn(lora_places(config), generator)
        }
        self.widens = False
        with torch.device("meta"):
            self.model = VoxCPM(config)
        file = TensorFile(path)
        for source in sources(config):
            parts = [file.pop(name).to(device) for name in source.names]
            place, _, leaf = source.target.rpartition(".")
            parent, _, name = place.rpartition(".")
            module = self.model.get_submodule(place)
            if leaf == "weight" and isinstance(module, nn.Linear):
                self.widens |= parts[0].dtype != torch.float32
                added = [self.lora.get(name.removesuffix(".weight")) for name in source.names]
                setattr(self.model.get_submodule(parent), name, TrainedProjection(parts, added))
            elif isinstance(module, TrainedProjection):
                module.bias = parts[0].float()
            else:
                value = parts[0] if isinstance(module, nn.Embedding) else parts[0].float()
                setattr(module, leaf, nn.Parameter(value, requires_grad=False))

    def parameters(self) -> list[Tensor]:
        """Return all that learns."""
        return [each for added in self.lora.values() for each in (added.down, added.up)]


def _drawn(
    places: dict[str, tuple[int, int]], generator: torch.Generator
) -> list[tuple[str, tuple[Tensor, Tensor]]]:
    """Draw first values, with which nothing is added yet."""
    drawn = []
    for place, (outputs, inputs) in places.items():
        reach = 1 / math.sqrt(inputs)
        down = torch.empty(RANK, inputs).uniform_(-reach, reach, generator=generator)
        drawn.append((place, (down, torch.zeros(outputs, RANK))))
    return drawn
