"""A voice that a VoxCPM was fine-tuned to: a LoRA with the card of a fine-tuned voice.

Its tensors are named as in the family's own LoRA folders, so that such a folder is a copy of it and
a configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from ditar_studio.errors import StudioError
from ditar_studio.inference.voice_file import TuningCard, damaged, read_voice, write_voice
from ditar_studio.inference.voxcpm.lora import write_lora
from ditar_studio.model.voxcpm.config import VoxCPMConfig
from ditar_studio.model.voxcpm.lora import ALPHA, RANK, LowRank, lora_places


@dataclass(frozen=True, kw_only=True)
class LoraCard(TuningCard):
    """The description inside such a voice's file.

    Attributes:
        model_name: of the model that it is for; marks the card as that of a LoRA.
    """

    model_name: str


@dataclass(frozen=True, eq=False)
class VoiceLora:
    """A fine-tuned voice.

    Attributes:
        card: what it is.
        lora: what is added, by the projections' released names; the strength aside.
    """

    card: LoraCard
    lora: Mapping[str, LowRank]

    def tensors(self) -> dict[str, Tensor]:
        """Return all numbers by their names in a file."""
        named = {}
        for place, added in self.lora.items():
            named[f"{place}.lora_A"] = added.down.bfloat16()
            named[f"{place}.lora_B"] = added.up.bfloat16()
        return named

    def save(self, path: Path) -> None:
        """Write it whole or not at all."""
        write_voice(path, self.card, self.tensors())

    def additions(self) -> dict[str, LowRank]:
        """Return what is added, at its full strength."""
        return {
            place: LowRank(added.down.float(), added.up.float() * (ALPHA / RANK))
            for place, added in self.lora.items()
        }


def load_voice_lora(path: Path, model_hash: str, config: VoxCPMConfig) -> VoiceLora:
    """Read a fine-tuned voice for a model of a configuration.

    Raises:
        StudioError: see `voice_file.read_voice`; or it doesn't fit the model.
    """
    places = lora_places(config)
    names = tuple(f"{place}.lora_{side}" for place in places for side in "AB")
    card, tensors = read_voice(path, model_hash, LoraCard, names)
    lora = {}
    for place, (outputs, inputs) in places.items():
        down, up = tensors[f"{place}.lora_A"], tensors[f"{place}.lora_B"]
        if down.shape != (RANK, inputs) or up.shape != (outputs, RANK):
            raise damaged(path)
        lora[place] = LowRank(down, up)
    return VoiceLora(card, lora)


def export_lora(path: Path, model_name: str, folder: Path) -> None:
    """Write a fine-tuned voice as a LoRA folder that the family's own package loads.

    Args:
        path: of the voice's file, which is intact.
        model_name: as its card has it.
        folder: to be made.

    Raises:
        StudioError: there is something already.
    """
    from safetensors.torch import load_file

    if folder.exists():
        raise StudioError(f"There is a folder “{folder}” already.", "Choose another.")
    write_lora(folder, load_file(path), model_name)
