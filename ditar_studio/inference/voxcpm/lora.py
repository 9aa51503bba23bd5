"""LoRA folders: merged into a model's weights while it is loaded, and written."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from ditar_studio.errors import StudioError
from ditar_studio.model.voxcpm.lora import ALPHA, RANK, TARGETS
from ditar_studio.model.voxcpm.tensor_file import Shapes, TensorFile, find_file, first_names

_LORA_FILES = ("lora_weights.safetensors", "lora_weights.ckpt")
_CONFIG = "lora_config.json"


class Lora:
    """Low-rank additions to some projections, to be merged into them."""

    def __init__(self, folder: Path, known: Shapes, alpha: float | None = None) -> None:
        """Read a LoRA folder.

        Args:
            folder: holds ``lora_weights.*`` and, normally, ``lora_config.json``.
            known: the model's tensors, by released name.
            alpha: the scale's numerator, for folders without a ``lora_config.json``.

        Raises:
            StudioError: files are missing, contradict each other, or fit another model.
        """
        self._file = TensorFile(find_file(folder, _LORA_FILES, "LoRA weights"))
        stated_rank, stated_alpha = _read_lora_config(folder / _CONFIG)
        scale_of = stated_alpha if stated_alpha is not None else alpha
        if scale_of is None:
            raise StudioError(
                "The LoRA folder has no lora_config.json, so the strength it was trained with "
                "is unknown.",
                "Copy lora_config.json beside the weights, or give the LoRA's alpha.",
            )
        self._alpha = scale_of
        self._places = self._check(known, stated_rank)

    def _check(self, known: Shapes, stated_rank: int | None) -> frozenset[str]:
        shapes = self._file.shapes
        name = self._file.path.name
        places = {key.rsplit(".", 1)[0] for key in shapes}
        if not places:
            raise StudioError(f"{name} holds no LoRA weights.", "Choose another LoRA folder.")
        for place in sorted(places):
            a, b = shapes.get(f"{place}.lora_A"), shapes.get(f"{place}.lora_B")
            target = known.get(f"{place}.weight")
            if a is None or b is None or target is None or len(target) != 2:
                raise StudioError(
                    f"{name} holds weights for {place[:80]}, which this model cannot take.",
                    "The LoRA was made for another model.",
                )
            if a != (a[0], target[1]) or b != (target[0], a[0]):
                raise StudioError(
                    f"{name} does not fit the model: the shapes for {place[:80]} differ.",
                    "The LoRA was made for another model.",
                )
            if stated_rank is not None and a[0] != stated_rank:
                raise StudioError(
                    f"lora_config.json says rank {stated_rank} but {name} has rank {a[0]}.",
                    "The LoRA folder mixes files of different runs.",
                )
        extra = shapes.keys() - {f"{p}.lora_{side}" for p in places for side in "AB"}
        if extra:
            raise StudioError(
                f"{name} holds tensors that are no LoRA weights: {first_names(sorted(extra))}.",
                "Choose another LoRA folder.",
            )
        return frozenset(f"{place}.weight" for place in places)

    def merge(self, name: str, weight: Tensor) -> Tensor:
        """Return weight + B A alpha / r, or the weight itself where the LoRA has nothing for it."""
        if name not in self._places:
            return weight
        place = name.removesuffix(".weight")
        a = self._file.pop(f"{place}.lora_A").float()
        b = self._file.pop(f"{place}.lora_B").float()
        merged = torch.addmm(weight.float(), b, a, alpha=self._alpha / a.shape[0])
        return merged.to(weight.dtype)


def _read_lora_config(path: Path) -> tuple[int | None, float | None]:
    """Return (rank, alpha) of a ``lora_config.json``; (None, None) without the file."""
    if not path.is_file():
        return None, None
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        content = content.get("lora_config", content)
        rank, alpha = content["r"], float(content["alpha"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StudioError(
            "lora_config.json cannot be read or lacks r and alpha.",
            "Copy the file again from where the LoRA came from.",
        ) from error
    if not isinstance(rank, int) or rank < 1 or not math.isfinite(alpha):
        raise StudioError(
            "lora_config.json gives an impossible rank or alpha.",
            "Copy the file again from where the LoRA came from.",
        )
    return rank, alpha


def write_lora(folder: Path, tensors: Mapping[str, Tensor], base_model: str = "") -> Path:
    """Write a LoRA as the family's own package has it; returns the folder.

    Args:
        folder: to be made; it may be there but hold no LoRA.
        tensors: by their names in the file.
        base_model: name of the model that it is for.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "enable_lm": True,
        "enable_dit": True,
        "enable_proj": False,
        "r": RANK,
        "alpha": ALPHA,
        "dropout": 0.0,
        "target_modules_lm": list(TARGETS),
        "target_modules_dit": list(TARGETS),
    }
    content = json.dumps({"base_model": base_model, "lora_config": config}, indent=2)
    save_file(dict(tensors), folder / _LORA_FILES[0])
    (folder / _CONFIG).write_text(content, encoding="utf-8")
    return folder
