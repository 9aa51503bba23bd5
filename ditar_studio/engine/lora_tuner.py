"""Gradient descent of a VoxCPM's LoRA on one voice's speech.

AdamW with a cosine decay; rate, decay and clipping are those of the family's own configurations.
All chance of an example comes from the seed and its number, so that what goes on after a crash
goes on as it would have.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ditar_studio.engine.training_state import load_state, save_state
from ditar_studio.engine.tuner import prefers_bf16
from ditar_studio.model.voxcpm.lora import LowRank
from ditar_studio.model.voxcpm.objective import Draws, Example, losses

if TYPE_CHECKING:
    from ditar_studio.model.voxcpm.trainable import TrainableVoxCPM

_LARGEST_GRADIENT = 1.0
_WARM_UP = 0.1  # of all steps
_DECAY = 0.01
_ROOMY = 8 << 30  # bytes free on a GPU, with which nothing is computed twice


@dataclass(frozen=True)
class LoraPlan:
    """The plan of a LoRA's training.

    Attributes:
        steps: of gradient descent.
        rate: the highest learning rate.
        batch: examples a step.
        seed: of all chance.
    """

    steps: int
    rate: float = 1e-4
    batch: int = 4
    seed: int = 0


class LoraTuner:
    """A training in progress; implements `Trainer`."""

    def __init__(
        self,
        trained: TrainableVoxCPM,
        draw: Callable[[torch.Generator], Example],
        plan: LoraPlan,
    ) -> None:
        """
        Args:
            trained: the model and its LoRA.
            draw: an example of the voice's speech, by a generator on the CPU.
            plan: of the training.
        """
        self.plan, self.step = plan, 0
        self._trained, self._draw = trained, draw
        self._parameters = trained.parameters()
        self._device = self._parameters[0].device
        self._low = prefers_bf16(self._device.type)
        self._optimiser = torch.optim.AdamW(self._parameters, lr=plan.rate, weight_decay=_DECAY)

    def __enter__(self) -> LoraTuner:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: there are no threads to end."""

    @property
    def steps(self) -> int:
        """Number of examples in all: each is a step, so that others needn't wait long."""
        return self.plan.steps * self.plan.batch

    def advance(self) -> float:
        """Learn from one example; after a batch of them the LoRA changes.

        Returns:
            The loss ahead of it.
        """
        loss = self._learn(self._generator(self.step))
        self.step += 1
        if self.step % self.plan.batch == 0:
            self._step((self.step - 1) // self.plan.batch)
        return loss

    def _step(self, step: int) -> None:
        plan = self.plan
        decay = 0.5 + 0.5 * math.cos(math.pi * step / plan.steps)
        for group in self._optimiser.param_groups:
            group["lr"] = plan.rate * decay * min(1.0, (step + 1) / plan.steps / _WARM_UP)
        torch.nn.utils.clip_grad_norm_(self._parameters, _LARGEST_GRADIENT)
        self._optimiser.step()
        self._optimiser.zero_grad()

    def measure(self) -> float:
        """Estimate the seconds that all steps will take, by what two examples took; nothing is
        changed.
        """
        taken = []
        for _ in range(2):
            start = time.monotonic()
            self._learn(self._generator(0))
            taken.append(time.monotonic() - start)
        self._optimiser.zero_grad()
        return min(taken) * self.steps

    def result(self, share: float = 1.0) -> dict[str, LowRank]:
        """Return the LoRA in bfloat16 numbers, the strength aside, by the projections' released
        names.

        Args:
            share: of what it adds; less of it changes the voice less and the words less.
        """
        return {
            place: LowRank(
                added.down.detach().cpu().bfloat16(),
                (share * added.up.detach()).cpu().bfloat16(),
            )
            for place, added in self._trained.lora.items()
        }

    def save(self, path: Path, key: str) -> None:
        """Write what goes on after a crash, from the last whole batch; see `save_state`."""
        batches = self.step // self.plan.batch
        if batches:
            save_state(path, key, batches, self._parameters, self._optimiser, {})

    def resume(self, path: Path, key: str) -> bool:
        """Continue from what `save` wrote; return whether there is such a thing with this key."""
        found = load_state(path, key, self._parameters, self._optimiser)
        if found is not None:
            self.step = found[0] * self.plan.batch
        return found is not None

    def _generator(self, step: int) -> torch.Generator:
        return torch.Generator().manual_seed((self.plan.seed << 20) + step)

    def _learn(self, generator: torch.Generator) -> float:
        """Add the gradients of one example's loss, as a part of its batch's; returns it."""
        example = self._draw(generator)
        draws = Draws.of(example.target, generator)
        low = torch.autocast(self._device.type, torch.bfloat16, self._low, cache_enabled=False)
        with torch.enable_grad(), low:
            moved = example.to(self._device)
            found = losses(self._trained.model, moved, draws.to(self._device), self._recomputes())
            loss: Tensor = found[0] + found[1]
            (loss / self.plan.batch).backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    def _recomputes(self) -> bool:
        """Return whether what gradients need is computed again instead of being kept: widened
        weights above all, which would be a second model.
        """
        if self._device.type == "cuda":
            return torch.cuda.mem_get_info(self._device)[0] < _ROOMY
        return self._trained.widens and not self._low
