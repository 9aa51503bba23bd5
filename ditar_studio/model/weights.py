"""Weights on disk: one safetensors file that carries its configuration and a format version.

Strict: every tensor must be there, none more, each of its shape, all finite. Nothing is ever
unpickled.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn
from torch.overrides import TorchFunctionMode

from ditar_studio.errors import StudioError
from ditar_studio.model.checks import all_finite
from ditar_studio.model.config import DiTARConfig, VaeConfig, from_dict, to_dict
from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.reader import PhoneticReader
from ditar_studio.model.speaker import SpeakerEncoder
from ditar_studio.model.vae import Vae

FORMAT = "ditar-studio"
FORMAT_VERSION = 2
_REMEDY = "Use a model file made by this program, or download it again."

_Config = TypeVar("_Config", DiTARConfig, VaeConfig)
_Model = TypeVar("_Model", DiTAR, Vae, PhoneticReader, SpeakerEncoder)


class _Unfilled(TorchFunctionMode):
    """Has modules built with their weights as the memory happens to be.

    To draw random numbers, which those of a file then replace, takes longer than to read the file.
    """

    _DRAWS = (nn.init.uniform_, nn.init.normal_, nn.init.kaiming_uniform_)

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        arguments: tuple[Any, ...] = (),
        named: dict[str, Any] | None = None,
    ) -> Any:
        return None if function in self._DRAWS else function(*arguments, **(named or {}))


Model = DiTAR | Vae | PhoneticReader | SpeakerEncoder
_KINDS: dict[type[nn.Module], str] = {
    DiTAR: "ditar",
    Vae: "vae",
    PhoneticReader: "reader",
    SpeakerEncoder: "speaker",
}


def save_model(
    model: Model, path: Path, *, dtype: torch.dtype = torch.bfloat16, note: str = ""
) -> None:
    """Write weights atomically; floating-point tensors are stored as `dtype`."""
    tensors = {
        name: (value.to(dtype) if value.is_floating_point() else value).contiguous()
        for name, value in model.state_dict().items()
    }
    metadata = {
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "kind": _KINDS[type(model)],
        "config": json.dumps(to_dict(model.config)),
        "note": note,
    }
    part = path.with_name(path.name + ".part")
    save_file(tensors, part, metadata)
    os.replace(part, path)


def _open(path: Path, kind: str) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    if path.is_dir() or not path.is_file():
        raise StudioError(f"There is no model file at {path}.", "Check the path.")
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise StudioError(
            f"{path.name} is not a readable safetensors file ({error}).", _REMEDY
        ) from error
    if metadata.get("format") != FORMAT:
        raise StudioError(f"{path.name} is not a DiTAR Studio model.", _REMEDY)
    if metadata.get("format_version") != str(FORMAT_VERSION):
        raise StudioError(
            f"{path.name} has format version {metadata.get('format_version')}, this program reads "
            f"{FORMAT_VERSION}.",
            "Update DiTAR Studio, or use a model made for this version.",
        )
    if metadata.get("kind") != kind:
        raise StudioError(
            f"{path.name} holds a {metadata.get('kind')} model, not a {kind}.", _REMEDY
        )
    try:
        config = json.loads(metadata.get("config", ""))
    except (ValueError, RecursionError) as error:
        raise StudioError(f"{path.name} carries no readable configuration.", _REMEDY) from error
    return config, tensors


def _fill(model: Model, tensors: dict[str, torch.Tensor], name: str) -> None:
    wanted = model.state_dict()
    missing, extra = sorted(wanted.keys() - tensors.keys()), sorted(tensors.keys() - wanted.keys())
    if missing or extra:
        first = (missing or extra)[0]
        raise StudioError(
            f"{name} lacks {len(missing)} tensors and has {len(extra)} too many "
            f"(the first: {first}).",
            _REMEDY,
        )
    for key, tensor in tensors.items():
        if tensor.shape != wanted[key].shape:
            raise StudioError(
                f"{name}: {key} has shape {list(tensor.shape)}, not {list(wanted[key].shape)}.",
                _REMEDY,
            )
        if tensor.is_floating_point() != wanted[key].is_floating_point():
            raise StudioError(
                f"{name}: {key} is of {tensor.dtype}, not of {wanted[key].dtype}.", _REMEDY
            )
        if tensor.is_floating_point() and not all_finite(tensor):
            raise StudioError(f"{name}: {key} holds values that are not finite.", _REMEDY)
    like = {key: tensor.to(wanted[key].dtype) for key, tensor in tensors.items()}
    model.load_state_dict(like, assign=True)
    model.eval().requires_grad_(False)


def _plausible(config: DiTARConfig | VaeConfig, tensors: dict[str, torch.Tensor]) -> None:
    """Refuse, before memory is taken for it, a model that the tensors can't fill."""
    held = sum(tensor.numel() for tensor in tensors.values())
    if config.weights > held:
        raise StudioError(
            f"The configuration asks for {config.weights} weights or more, the file has {held}.",
            _REMEDY,
        )


def _load(
    path: Path,
    kind: str,
    configuration: type[_Config],
    where: str,
    build: Callable[[_Config], _Model],
) -> _Model:
    """Build a network by the configuration in a file, and fill it with the file's weights."""
    values, tensors = _open(path, kind)
    config = from_dict(configuration, values, where)
    if kind in ("ditar", "vae"):
        _plausible(config, tensors)
    with _Unfilled():
        model = build(config)
    _fill(model, tensors, path.name)
    return model


def load_ditar(path: Path) -> DiTAR:
    """Load a DiTAR in float32, ready for inference.

    Raises:
        StudioError: the file is missing, foreign, damaged, or doesn't fit its own configuration.
    """
    return _load(path, "ditar", DiTARConfig, "model's configuration", DiTAR)


def load_vae(path: Path) -> Vae:
    """Load a VAE alone; see `load_ditar`."""
    return _load(path, "vae", VaeConfig, "VAE's configuration", Vae)


def load_reader(path: Path) -> PhoneticReader:
    """Load a phonetic reader alone; see `load_ditar`."""
    return _load(
        path,
        "reader",
        VaeConfig,
        "reader's configuration",
        lambda config: PhoneticReader(config, config.symbols),
    )


def load_speaker(path: Path) -> SpeakerEncoder:
    """Load a speaker encoder alone; see `load_ditar`."""
    return _load(path, "speaker", VaeConfig, "speaker encoder's configuration", SpeakerEncoder)
