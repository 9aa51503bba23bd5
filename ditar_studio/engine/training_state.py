"""State that a training resumes from: parameters and the optimiser's moments."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

_MOMENTS = ("exp_avg", "exp_avg_sq")


def save_state(
    path: Path,
    key: str,
    step: int,
    parameters: list[Tensor],
    optimiser: torch.optim.Optimizer,
    more: Mapping[str, Tensor],
) -> None:
    """Write a training's state, whole or not at all.

    Args:
        path: of the file.
        key: names what is trained, on what and how.
        step: how many steps the optimiser did, one at least.
        parameters: always in the same order.
        optimiser: an AdamW of them.
        more: what else it goes on from.
    """
    tensors = dict(more)
    for number, parameter in enumerate(parameters):
        tensors[f"{number}.value"] = parameter.detach()
        for name in _MOMENTS:
            tensors[f"{number}.{name}"] = optimiser.state[parameter][name]
    part = path.with_name(path.name + ".part")
    save_file(tensors, part, {"key": key, "step": str(step)})
    part.replace(path)


def load_state(
    path: Path, key: str, parameters: list[Tensor], optimiser: torch.optim.Optimizer
) -> tuple[int, dict[str, Tensor]] | None:
    """Restore a state that `save_state` wrote; return its step and what else it holds.

    None where there is no such thing with this key.
    """
    try:
        with safe_open(str(path), framework="pt") as file:
            if file.metadata().get("key") != key:
                return None
            step = int(file.metadata()["step"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        with torch.no_grad():
            for number, parameter in enumerate(parameters):
                parameter.copy_(tensors[f"{number}.value"])
                moments = {name: tensors[f"{number}.{name}"] for name in _MOMENTS}
                optimiser.state[parameter] = {
                    "step": torch.tensor(float(step)),
                    **{name: moment.to(parameter.device) for name, moment in moments.items()},
                }
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError):
        return None
    return step, tensors
