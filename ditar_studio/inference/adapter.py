"""A fine-tuned voice on disk: what was trained of a model for it, in one safetensors file.

It holds LocDiT's tuned weights in bfloat16 and what goes with them, 5.4 MB for the built-in model,
and a card: which model it is for, from which clips and how it was made, the verification before and
after.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ditar_studio.errors import OtherModelError, StudioError
from ditar_studio.model.locdit import LocDiT
from ditar_studio.store.adapter import FORMAT

VERSION = "1"
"""Of the file's format and of how voices are tuned."""

_LOCDIT = "locdit."
_AGAIN = "Fine-tune the voice again."


@dataclass(frozen=True)
class AdapterCard:
    """What a fine-tuned voice says of itself; plain values.

    Attributes:
        model_hash: sha256 of the weights of the model that it is for.
        highest: highest noise level, 0..1, at which its weights are used.
        clips: hashes of the clips and transcripts that it was made from, the reference first.
        seconds: of speech in them.
        settings: how it was made.
        before, after: how the model's own reader and speaker encoder recognised the probe sentences
            with the instant and with the fine-tuned voice: `error_rate`, `likeness`.
    """

    model_hash: str
    highest: float
    clips: tuple[str, ...] = ()
    seconds: float = 0.0
    settings: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, float] = field(default_factory=dict)
    after: Mapping[str, float] = field(default_factory=dict)


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
        """A LocDiT with these weights.

        Raises:
            StudioError: they are of another shape than the base's.
        """
        tuned = copy.deepcopy(base)
        try:
            tuned.load_state_dict({name: w.float() for name, w in self.locdit.items()}, assign=True)
        except RuntimeError as error:
            raise StudioError("The fine-tuned voice doesn't fit this model.", _AGAIN) from error
        return tuned.requires_grad_(False)


def save_adapter(adapter: VoiceAdapter, path: Path) -> None:
    """Write it whole or not at all."""
    tensors = {f"{_LOCDIT}{name}": weight.bfloat16() for name, weight in adapter.locdit.items()}
    tensors["shift"] = adapter.shift.clone()
    for name, correction in (("timbre", adapter.timbre), ("speaker", adapter.speaker)):
        if correction is not None:
            tensors[name] = correction.clone()
    card = json.dumps(asdict(adapter.card))
    part = path.with_name(path.name + ".part")
    save_file(tensors, part, {"format": FORMAT, "format_version": VERSION, "card": card})
    part.replace(path)


def load_adapter(path: Path, model_hash: str) -> VoiceAdapter:
    """Read a fine-tuned voice for a model.

    Args:
        path: the file.
        model_hash: `ModelInfo.weights_hash` of the model that is to speak with it.

    Raises:
        OtherModelError: it was made for another model.
        StudioError: it is no such file, damaged, or of a later version.
    """
    try:
        with safe_open(str(path), framework="pt") as file:
            card = _card(file.metadata() or {}, path.name)
            if card.model_hash != model_hash:
                raise OtherModelError(
                    "The voice was fine-tuned for another model than this one.", _AGAIN
                )
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        for name, tensor in tensors.items():
            if not torch.isfinite(tensor).all():
                raise ValueError(f"{name} holds values that are not finite")
        locdit = {
            name.removeprefix(_LOCDIT): tensor
            for name, tensor in tensors.items()
            if name.startswith(_LOCDIT)
        }
        corrections = tensors.get("timbre"), tensors.get("speaker")
        return VoiceAdapter(card, locdit, tensors["shift"], *corrections)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise StudioError(
            f"“{path.name}” is not a fine-tuned voice, or damaged.", _AGAIN
        ) from error


def _card(metadata: Mapping[str, str], name: str) -> AdapterCard:
    if metadata.get("format") != FORMAT:
        raise ValueError("foreign")
    if metadata["format_version"] != VERSION:
        raise StudioError(f"“{name}” was made by another version of DiTAR Studio.", _AGAIN)
    values = json.loads(metadata["card"])
    known = {each.name for each in fields(AdapterCard)}
    values["clips"] = tuple(values.get("clips", ()))
    card = AdapterCard(**{key: value for key, value in values.items() if key in known})
    if not isinstance(card.model_hash, str) or not 0 <= float(card.highest) <= 1:
        raise ValueError("not plausible")
    return card
