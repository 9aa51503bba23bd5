"""A voice that the built-in model was fine-tuned to: what was trained of it.

It holds LocDiT's tuned weights in bfloat16 and what goes with them, 5.4 MB for the built-in model.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from ditar_studio.errors import StudioError
from ditar_studio.inference.voice_file import AGAIN, TuningCard, damaged, read_voice, write_voice
from ditar_studio.model.locdit import LocDiT

_LOCDIT = "locdit."


@dataclass(frozen=True, kw_only=True)
class AdapterCard(TuningCard):
    """The description inside such a voice's file.

    Attributes:
        highest: highest noise level, 0..1, at which its weights are used.
    """

    highest: float


@dataclass(frozen=True, eq=False)
class VoiceAdapter:
    """A fine-tuned voice.

    Attributes:
        card: what it is.
        locdit: LocDiT's tuned weights by name.
        shift: [dim] added to the voice condition of LocDiT.
        timbre: [bands] correction of what is said with it, see `model.timbre`.
        speaker: [SIZE] embedding that the model is given instead of the reference's own.
    """

    card: AdapterCard
    locdit: dict[str, Tensor]
    shift: Tensor
    timbre: Tensor | None
    speaker: Tensor | None = None

    def applied(self, base: LocDiT) -> LocDiT:
        """Return a LocDiT with these weights.

        Raises:
            StudioError: they are of another shape than the base's.
        """
        tuned = copy.deepcopy(base)
        try:
            tuned.load_state_dict({name: w.float() for name, w in self.locdit.items()}, assign=True)
        except RuntimeError as error:
            raise StudioError("The fine-tuned voice doesn't fit this model.", AGAIN) from error
        return tuned.requires_grad_(False)

    def save(self, path: Path) -> None:
        """Write it whole or not at all."""
        tensors = {f"{_LOCDIT}{name}": weight.bfloat16() for name, weight in self.locdit.items()}
        tensors["shift"] = self.shift.clone()
        for name, correction in (("timbre", self.timbre), ("speaker", self.speaker)):
            if correction is not None:
                tensors[name] = correction.clone()
        write_voice(path, self.card, tensors)


def load_adapter(path: Path, model_hash: str) -> VoiceAdapter:
    """Read a fine-tuned voice for a model.

    Raises:
        StudioError: see `voice_file.read_voice`.
    """
    card, tensors = read_voice(path, model_hash, AdapterCard, ("shift",))
    if not isinstance(card.highest, float | int) or not 0 <= card.highest <= 1:
        raise damaged(path)
    locdit = {
        name.removeprefix(_LOCDIT): tensor
        for name, tensor in tensors.items()
        if name.startswith(_LOCDIT)
    }
    corrections = tensors.get("timbre"), tensors.get("speaker")
    return VoiceAdapter(card, locdit, tensors["shift"], *corrections)
