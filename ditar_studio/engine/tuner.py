"""Gradient descent of LocDiT and the voice vector on one voice's patches.

AdamW with a cosine decay; language model, pointer, aggregator and VAE stay as they are. Only noise
levels up to the plan's are trained on: what is content is decided above.

A batch is two halves on two threads, which meet once a step. Threads within an operation meet
thousands of times, and wait for each other each time where another program wants a core: ten times
the time was measured.
"""

from __future__ import annotations

import copy
import functools
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from ditar_studio.engine.training_state import load_state, save_state
from ditar_studio.model.locdit import LocDiT
from ditar_studio.model.objective import DiTARLosses, Patches, diffusion_loss

_WARM_UP = 4
_LARGEST_GRADIENT = 1.0
_WORTH_IT = 1.3  # times as fast
_HALVES = 2


@dataclass(frozen=True)
class TuningPlan:
    """The plan of a voice's fine-tuning.

    Attributes:
        steps: of gradient descent.
        rate: learning rate of LocDiT's weights.
        voice_rate: of the vector that is added to the voice condition of LocDiT.
        batch: patches a step.
        highest: highest noise level, 0..1, that is trained and generated with tuned weights.
        seed: of all noise.
    """

    steps: int
    rate: float
    voice_rate: float = 0.03
    batch: int = 192
    highest: float = 0.75
    seed: int = 0

    @property
    def losses(self) -> DiTARLosses:
        """Losses as in training, up to this plan's noise level."""
        return replace(DiTARLosses(), highest=self.highest)


class Tuner:
    """A tuning in progress; a context manager, whose threads end with it.

    Attributes:
        step: how many steps are done.
    """

    def __init__(self, base: LocDiT, voice: Tensor, patches: Patches, plan: TuningPlan) -> None:
        """
        Args:
            base: the model's LocDiT, which is not changed.
            voice: [dim] LocDiT's speaker condition.
            patches: of the voice's clips, from `tuning_data.collect`.
            plan: of the training.
        """
        self.plan, self.step = plan, 0
        self._base, self._voice, self._patches = base, voice, patches
        self._low = prefers_bf16(voice.device.type)  # here: both threads would measure at once
        self._locdit = copy.deepcopy(base).requires_grad_(True)
        self._shift = torch.zeros_like(voice).requires_grad_(True)
        self._generators = [
            torch.Generator(voice.device).manual_seed(_HALVES * plan.seed + half)
            for half in range(_HALVES)
        ]
        share = max(1, torch.get_num_threads() // _HALVES)
        self._threads = ThreadPoolExecutor(
            _HALVES, "tuning", initializer=torch.set_num_threads, initargs=(share,)
        )
        self._optimiser = torch.optim.AdamW(
            [
                {"params": list(self._locdit.parameters()), "peak": plan.rate},
                {"params": [self._shift], "peak": plan.voice_rate},
            ],
            betas=(0.9, 0.99),
            weight_decay=0.0,
        )

    def __enter__(self) -> Tuner:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()

    @property
    def steps(self) -> int:
        """Number of steps in all."""
        return self.plan.steps

    def advance(self) -> float:
        """Do one step.

        Returns:
            The loss ahead of it.
        """
        plan, parameters = self.plan, self._parameters()
        decay = 0.5 + 0.5 * math.cos(math.pi * self.step / plan.steps)
        for group in self._optimiser.param_groups:
            group["lr"] = group["peak"] * decay * min(1.0, (self.step + 1) / _WARM_UP)
        halves = list(self._threads.map(self._half, self._generators))
        for number, parameter in enumerate(parameters):
            parameter.grad = torch.stack([gradients[number] for _, gradients in halves]).mean(0)
        torch.nn.utils.clip_grad_norm_(parameters, _LARGEST_GRADIENT)
        self._optimiser.step()
        self.step += 1
        return sum(loss for loss, _ in halves) / _HALVES

    def _half(self, generator: torch.Generator) -> tuple[float, tuple[Tensor, ...]]:
        """Return loss and gradients of half a batch."""
        patches, device = self._patches, self._voice.device
        count = self.plan.batch // _HALVES
        chosen = torch.randint(len(patches.clean), (count,), generator=generator, device=device)
        content = None if patches.content is None else patches.content[chosen]
        # Without the cache of casts, which threads share: what they clear of it changes the sums.
        low = torch.autocast(device.type, torch.bfloat16, self._low, cache_enabled=False)
        with torch.enable_grad(), low:
            batch = Patches(
                patches.clean[chosen],
                patches.history[chosen],
                patches.h[chosen],
                content,
                (self._voice + self._shift)[None],
            )
            loss = diffusion_loss(self._locdit, batch, self.plan.losses, generator)
            return float(loss.detach()), torch.autograd.grad(loss, self._parameters())

    def result(self, share: float = 1.0) -> tuple[LocDiT, Tensor]:
        """Return the tuned LocDiT, in bfloat16 numbers, and the shift of the voice [dim].

        Args:
            share: of the way from the base; less of it changes the voice less and the words less
                (Wortsman et al. 2022, arXiv 2109.01903).
        """
        tuned = copy.deepcopy(self._locdit).requires_grad_(False)
        with torch.no_grad():
            for weight, base in zip(tuned.parameters(), self._base.parameters(), strict=True):
                weight.copy_(torch.lerp(base, weight, share).bfloat16())
            return tuned, (share * self._shift).detach()

    def save(self, path: Path, key: str) -> None:
        """Write what goes on after a crash, whole or not at all.

        Args:
            path: of the file.
            key: names model, clips and plan.
        """
        more = {
            f"generator{half}": generator.get_state()
            for half, generator in enumerate(self._generators)
        }
        save_state(path, key, self.step, self._parameters(), self._optimiser, more)

    def resume(self, path: Path, key: str) -> bool:
        """Continue from what `save` wrote; return whether there is such a thing with this key."""
        found = load_state(path, key, self._parameters(), self._optimiser)
        if found is None:
            return False
        self.step, more = found
        for half, generator in enumerate(self._generators):
            generator.set_state(more[f"generator{half}"])
        return True

    def _parameters(self) -> list[Tensor]:
        return [*self._locdit.parameters(), self._shift]


@functools.cache
def prefers_bf16(device: str) -> bool:
    """Return whether products are markedly faster in bfloat16 here, measured once: what a CPU
    claims to know and what is fast on it are two things.
    """
    if device != "cpu":
        return device == "cuda" and torch.cuda.is_bf16_supported()
    x, weight = torch.ones(1024, 256), torch.ones(1024, 256)

    def seconds(dtype: torch.dtype) -> float:
        rows, matrix = x.to(dtype), weight.to(dtype)
        times = []
        for _ in range(6):
            start = time.perf_counter()
            torch.nn.functional.linear(rows, matrix)
            times.append(time.perf_counter() - start)
        return min(times)

    return seconds(torch.float32) > _WORTH_IT * seconds(torch.bfloat16)
