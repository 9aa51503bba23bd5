"""A fine-tuned voice's file: tensors in safetensors form, and a card that says what they are.

What a model's voices are fine-tuned to differs (`adapter`, `voxcpm.voice_lora`); the form of the
file, and that it is for one model only, does not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ditar_studio.errors import OtherModelError, StudioError
from ditar_studio.store.adapter import FORMAT

VERSION = "1"
"""Of the file's format and of how voices are tuned."""

AGAIN = "Fine-tune the voice again."


@dataclass(frozen=True, kw_only=True)
class TuningCard:
    """The description inside a fine-tuned voice's file; plain values.

    Attributes:
        model_hash: sha256 of the weights of the model that it is for.
        clips: hashes of the clips and transcripts that it was made from, the reference first.
        seconds: of speech in them.
        settings: how it was made.
        before, after: how a reader and a speaker encoder recognised the probe sentences with the
            instant and with the fine-tuned voice: `error_rate`, `likeness`.
    """

    model_hash: str
    clips: tuple[str, ...] = ()
    seconds: float = 0.0
    settings: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, float] = field(default_factory=dict)
    after: Mapping[str, float] = field(default_factory=dict)


CardT = TypeVar("CardT", bound=TuningCard)


class TunedVoice(Protocol):
    """The trained part of a fine-tuned voice, of any model."""

    @property
    def card(self) -> TuningCard:
        """The description inside the file."""

    def save(self, path: Path) -> None:
        """Write it whole or not at all."""


def write_voice(path: Path, card: TuningCard, tensors: dict[str, Tensor]) -> None:
    """Write a file whole or not at all."""
    metadata = {"format": FORMAT, "format_version": VERSION, "card": json.dumps(asdict(card))}
    part = path.with_name(path.name + ".part")
    save_file(tensors, part, metadata)
    part.replace(path)


def read_voice(
    path: Path, model_hash: str, kind: type[CardT], needed: tuple[str, ...] = ()
) -> tuple[CardT, dict[str, Tensor]]:
    """Read a file for a model.

    Args:
        path: of the file.
        model_hash: `ModelInfo.weights_hash` of the model that is to speak with it.
        kind: of its card.
        needed: tensors that must be there.

    Raises:
        OtherModelError: it was made for another model.
        StudioError: it is no such file, damaged, or of a later version.
    """
    try:
        with safe_open(str(path), framework="pt") as file:
            values = _card(file.metadata() or {}, path.name)
            if values["model_hash"] != model_hash:
                raise OtherModelError(
                    "The voice was fine-tuned for another model than this one.", AGAIN
                )
            known = {each.name for each in fields(kind)}
            card = kind(**{key: value for key, value in values.items() if key in known})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        for name, tensor in tensors.items():
            if not torch.isfinite(tensor).all():
                raise ValueError(f"{name} holds values that are not finite")
        for name in needed:
            tensors[name]
        return card, tensors
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(path) from error


def damaged(path: Path) -> StudioError:
    """Return the error of a file that is no fine-tuned voice."""
    return StudioError(f"“{path.name}” is not a fine-tuned voice, or is damaged.", AGAIN)


def _card(metadata: Mapping[str, str], name: str) -> dict[str, Any]:
    if metadata.get("format") != FORMAT:
        raise ValueError("foreign")
    if metadata["format_version"] != VERSION:
        raise StudioError(f"“{name}” was made by another version of DiTAR Studio.", AGAIN)
    values: dict[str, Any] = json.loads(metadata["card"])
    if not isinstance(values["model_hash"], str):
        raise TypeError("not a hash")
    return {**values, "clips": tuple(values.get("clips", ()))}
