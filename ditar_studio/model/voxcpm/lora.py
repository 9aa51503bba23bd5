"""LoRA: low-rank additions to a model's projections (Hu et al. 2021, arXiv 2106.09685).

Names, places and the strength alpha / rank are those of the family's own package.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ditar_studio.model.voxcpm.config import VoxCPMConfig
from ditar_studio.model.voxcpm.layers import Attention, Block, Transformer
from ditar_studio.model.voxcpm.locdit import LocDiT
from ditar_studio.model.voxcpm.released_names import main_shapes, sources
from ditar_studio.model.voxcpm.voxcpm import VoxCPM

RANK, ALPHA = 8, 16
"""What the family's package takes where nobody tells it: so it loads what was made with these
whether or not it reads `lora_config.json`."""

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj")
_OWN = "feat_encoder."
"""The local encoder never gets a LoRA."""


@dataclass(frozen=True, eq=False)
class LowRank:
    """An addition to one projection: up (down x).

    Attributes:
        down: [rank, in].
        up: [out, rank], with the strength already in it.
    """

    down: Tensor
    up: Tensor


def lora_places(config: VoxCPMConfig) -> dict[str, tuple[int, int]]:
    """Return the projections that get a LoRA by released name, with their outputs and inputs."""
    found = {}
    for name, shape in main_shapes(config).items():
        place = name.removesuffix(".weight")
        if place.endswith(TARGETS) and not place.startswith(_OWN):
            found[place] = (shape[0], shape[1])
    return found


class LoraProjection(nn.Module):
    """A projection, computed in whatever way, and what a LoRA adds to it."""

    def __init__(self, base: nn.Module, added: LowRank) -> None:
        super().__init__()
        self._base = base
        self._down, self._up = added.down.t(), added.up.t()

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, in] to [n, out]."""
        y: Tensor = self._base(x)
        return y.addmm_(x @ self._down, self._up)  # in place: for one row operations count


def with_lora(model: VoxCPM, lora: Mapping[str, LowRank]) -> VoxCPM:
    """Return the model with additions: it shares all weights with `model`, which stays as it is.

    Args:
        model: computed in whatever way; where whole transformers are, they are taken apart.
        lora: by the projections' released names; all of them in the language models or in LocDiT.
    """
    with torch.device("meta"):
        made = VoxCPM(model.config)
        for name, child in model.named_children():
            setattr(made, name, child)
        made.base_lm, made.residual_lm = map(
            _with_own_projections, (model.base_lm, model.residual_lm)
        )
        made.dit = LocDiT(model.config.dit, model.config.latent_dim, model.config.generation)
        for name, child in model.dit.named_children():
            setattr(made.dit, name, child)
        made.dit.transformer = _with_own_projections(model.dit.transformer)
    made.vae, made.sinusoid_dtype = model.vae, model.sinusoid_dtype
    for target, added in _joined(model.config, lora):
        parent, _, name = target.rpartition(".")
        holder = made.get_submodule(parent)
        moved = LowRank(*(each.to(model.device, model.dtype) for each in (added.down, added.up)))
        setattr(holder, name, LoraProjection(holder.get_submodule(name), moved))
    return made.eval()


def _with_own_projections(transformer: Transformer) -> Transformer:
    """Return a transformer of the same modules whose projections can be replaced."""
    made = Transformer(transformer.config)
    made.norm, made.rotary = transformer.norm, transformer.rotary
    for ours, theirs in zip(made.blocks, transformer.blocks, strict=True):
        assert isinstance(ours, Block)
        assert isinstance(theirs, Block)
        for name, child in theirs.named_children():
            setattr(ours, name, child)
        ours.attention = Attention(transformer.config)
        for name, child in theirs.attention.named_children():
            setattr(ours.attention, name, child)
    return made


def _joined(config: VoxCPMConfig, lora: Mapping[str, LowRank]) -> Iterator[tuple[str, LowRank]]:
    """Join, for each projection of ours, what is added to it from the additions to its parts."""
    for source in sources(config):
        parts = [lora.get(name.removesuffix(".weight")) for name in source.names]
        if any(part is not None for part in parts):
            yield source.target.removesuffix(".weight"), _stacked(parts, source.shapes)


def _stacked(parts: Sequence[LowRank | None], shapes: Sequence[tuple[int, ...]]) -> LowRank:
    """Stack additions to projections of the same input, whose outputs lie behind each other."""
    downs = [part.down for part in parts if part is not None]
    ups = [
        torch.empty(shape[0], 0) if part is None else part.up
        for part, shape in zip(parts, shapes, strict=True)
    ]
    up: Tensor = torch.block_diag(*ups)  # type: ignore[no-untyped-call]
    return LowRank(torch.cat(downs), up)
