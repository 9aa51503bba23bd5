"""The training loop shared by all trainers: schedule, EMA, clipping, logging, checkpoints,
several processes.

Every step's randomness depends on the seed and the step number alone, so a run resumed from any
checkpoint gives the loss curve that an uninterrupted one would have given.
"""

from __future__ import annotations

import copy
import json
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, cast

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Dataset

from ditar_studio.errors import StudioError
from ditar_studio.training.batches import Batch, map_tensors


@dataclass(frozen=True)
class LoopConfig:
    """Settings of optimisation.

    `decay` is the share of the steps, at the end, over which the learning rate falls to a
    twentieth; `batch_seconds` the audio of one batch in one process; `save_minutes` the longest
    time between two checkpoints; `bf16` runs the forward pass in bfloat16 autocast (worth it on a
    GPU and on CPUs with bfloat16 products; slower on others); `workers` is the number of processes
    that load batches ahead (0: none, batches are the same); `opponent_rate` is how many times as
    fast the opponent of an adversarial training learns, as it has to lead.
    """

    steps: int
    learning_rate: float = 1e-3
    warmup: int = 200
    decay: float = 0.4
    weight_decay: float = 0.01
    clip: float = 1.0
    ema: float = 0.998
    batch_seconds: float = 40.0
    seed: int = 0
    save_every: int = 500
    save_minutes: float = math.inf
    log_every: int = 20
    bf16: bool = False
    workers: int = 0
    opponent_rate: float = 1.0

    def __post_init__(self) -> None:
        if min(self.steps, self.save_every, self.log_every) < 1 or not 0 <= self.decay <= 1:
            raise StudioError("Training needs at least one step, and a decay from 0 to 1.")
        if (
            not all(0 < each < math.inf for each in (self.learning_rate, self.batch_seconds))
            or not self.save_minutes > 0
        ):
            raise StudioError("Training needs a learning rate and audio in its batches.")
        if not 0 <= self.workers <= 256:
            raise StudioError("Batches are loaded by 0 to 256 processes.")
        if not 0 <= self.seed < 2**63:
            raise StudioError("The seed of a training is a whole number from 0 to 2^63 - 1.")

    def rate(self, step: int) -> float:
        """Return learning rate at `step`."""
        warm = min(1.0, (step + 1) / max(1, self.warmup))
        left = (self.steps - step) / max(1.0, self.decay * self.steps)
        return self.learning_rate * warm * max(0.05, min(1.0, left))


class Batches:
    """Length-bucketed batches of clip indices; the batch of a step depends on seed, step and rank
    alone.

    Args:
        seconds: duration of every clip.
        batch_seconds: padded audio a batch may hold.
        times: how often an epoch draws each clip; once where nothing is said.
    """

    def __init__(
        self,
        seconds: Sequence[float],
        batch_seconds: float,
        seed: int,
        rank: int = 0,
        world: int = 1,
        times: Sequence[int] | None = None,
    ) -> None:
        if not seconds:
            raise StudioError(
                "There is nothing to train on.", "Check the corpus and the exclusions."
            )
        self._clips = np.repeat(np.arange(len(seconds)), 1 if times is None else times)
        self._seconds = np.asarray(seconds)[self._clips]
        self._budget, self._seed = batch_seconds, seed
        self._rank, self._world = rank, world
        self._epoch, self._first, self._batches = -1, 0, self._plan(0)
        self._epoch = 0

    def _plan(self, epoch: int) -> list[list[int]]:
        random = np.random.default_rng((self._seed, epoch))
        order = np.argsort(self._seconds * random.uniform(0.85, 1.15, len(self._seconds)))
        batches: list[list[int]] = []
        current: list[int] = []
        longest = 0.0
        for index in order.tolist():
            longest = max(longest, float(self._seconds[index]))
            if current and longest * (len(current) + 1) > self._budget:
                batches.append(current)
                current, longest = [], float(self._seconds[index])
            current.append(int(self._clips[index]))
        batches.append(current)
        return [batches[i] for i in random.permutation(len(batches)).tolist()]

    def __call__(self, step: int) -> list[int]:
        wanted = step * self._world + self._rank
        if wanted < self._first:
            self._epoch, self._first = 0, 0
            self._batches = self._plan(0)
        while wanted - self._first >= len(self._batches):
            self._first += len(self._batches)
            self._epoch += 1
            self._batches = self._plan(self._epoch)
        return self._batches[wanted - self._first]


class Processes:
    """This process's place among those that `torchrun` started (or alone)."""

    def __init__(self) -> None:
        self.world = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        cuda = torch.cuda.is_available()
        local = int(os.environ.get("LOCAL_RANK", "0"))
        self.device = torch.device("cuda", local) if cuda else torch.device("cpu")
        if self.world > 1 and not dist.is_initialized():
            dist.init_process_group("nccl" if cuda else "gloo")

    def wrap(self, module: nn.Module) -> nn.Module:
        """Return a module whose gradients are averaged over all processes."""
        if self.world == 1:
            return module
        return DistributedDataParallel(module, find_unused_parameters=True)


def _seed(seed: int, step: int, rank: int) -> int:
    return hash((seed, step, rank)) & 0x7FFFFFFF


class _Steps(Dataset[Batch]):
    """The batch of each step, which its own seed draws."""

    def __init__(
        self,
        load: Callable[[list[int]], Batch],
        batches: Batches,
        seed: int,
        rank: int,
    ) -> None:
        self._load, self._batches, self._seed, self._rank = load, batches, seed, rank

    def __getitem__(self, step: int) -> Batch:
        np.random.seed(_seed(self._seed, step, self._rank))
        return self._load(self._batches(step))


class Loop:
    """Trains an objective, a module whose `forward(batch)` gives named losses; "loss" is minimised.

    Args:
        objective: holds the networks. Parameters without `requires_grad` are left alone.
        load: step -> batch on the CPU (moved to the device here).
        out: folder for `log.jsonl`, `last.pt` and TensorBoard events where that is installed.
        opponent: a part of the objective whose gradients are clipped by themselves and which learns
            at the configuration's `opponent_rate` times the learning rate.
        times: how often an epoch draws each clip; see `Batches`.
    """

    def __init__(
        self,
        objective: nn.Module,
        load: Callable[[list[int]], Batch],
        seconds: Sequence[float],
        config: LoopConfig,
        out: Path,
        opponent: nn.Module | None = None,
        times: Sequence[int] | None = None,
    ) -> None:
        self.config, self.out = config, out
        self.processes = Processes()
        self.objective = objective.to(self.processes.device)
        self._wrapped = self.processes.wrap(self.objective)
        self._load = load
        place = self.processes.rank, self.processes.world
        self._batches = Batches(seconds, config.batch_seconds, config.seed, *place, times)
        against = set(opponent.parameters()) if opponent is not None else set()
        wanted = [p for p in objective.parameters() if p.requires_grad]
        self.trained = [p for p in wanted if p not in against]
        groups = [{"params": self.trained, "times": 1.0}]
        if against:
            rest = [p for p in wanted if p in against]
            groups.append({"params": rest, "times": config.opponent_rate})
        self.optimiser = torch.optim.AdamW(
            groups,
            config.learning_rate,
            betas=(0.9, 0.99),
            weight_decay=config.weight_decay,
            fused=self.processes.device.type == "cuda",
        )
        self.average = copy.deepcopy(self.objective).eval().requires_grad_(False)
        self.step = 0
        self.seconds_seen = 0.0
        out.mkdir(parents=True, exist_ok=True)

    def resume(self) -> bool:
        """Continue from `last.pt` where there is one."""
        path = self.out / "last.pt"
        if not path.is_file():
            return False
        try:
            saved = torch.load(path, map_location=self.processes.device, weights_only=True)
            self.objective.load_state_dict(saved["objective"])
            self.average.load_state_dict(saved["average"])
            self.optimiser.load_state_dict(saved["optimiser"])
            self.step, self.seconds_seen = saved["step"], saved["seconds_seen"]
        except (RuntimeError, KeyError, ValueError, EOFError, OSError, UnpicklingError) as error:
            raise StudioError(
                f"The checkpoint {path} does not fit this training ({error}).",
                "Train into another folder, or with the configuration it was begun with.",
            ) from error
        return True

    def save(self) -> None:
        """Write `last.pt` atomically."""
        if self.processes.rank:
            return
        temporary = self.out / "last.pt.part"
        torch.save(
            {
                "objective": self.objective.state_dict(),
                "average": self.average.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "seconds_seen": self.seconds_seen,
            },
            temporary,
        )
        os.replace(temporary, self.out / "last.pt")

    def _loader(self) -> DataLoader[Batch]:
        """Return the batches of the steps that are left."""
        config = self.config
        return DataLoader(
            _Steps(self._load, self._batches, config.seed, self.processes.rank),
            batch_size=None,
            sampler=range(self.step, config.steps),
            num_workers=config.workers,
            pin_memory=self.processes.device.type == "cuda",
        )

    def _train_step(self, batch: Batch) -> dict[str, Tensor]:
        config, device = self.config, self.processes.device
        torch.manual_seed(_seed(config.seed, self.step, self.processes.rank))
        seconds = float(cast("Tensor", batch["seconds"]).sum())
        moved = map_tensors(batch, lambda tensor: tensor.to(device, non_blocking=True))
        for group in self.optimiser.param_groups:
            group["lr"] = config.rate(self.step) * group["times"]
        with torch.autocast(self.processes.device.type, torch.bfloat16, enabled=config.bf16):
            losses: dict[str, Tensor] = self._wrapped(moved)
        self.optimiser.zero_grad(set_to_none=True)
        losses["loss"].backward()  # type: ignore[no-untyped-call]
        norms = [
            nn.utils.clip_grad_norm_(group["params"], config.clip)
            for group in self.optimiser.param_groups
        ]
        if bool(torch.stack(norms).isfinite().all()):
            self.optimiser.step()
        self._average(min(config.ema, (self.step + 1) / (self.step + 10)))
        self.step += 1
        self.seconds_seen += seconds * self.processes.world
        return {**{k: v.detach() for k, v in losses.items()}, "norm": norms[0]}

    @torch.no_grad()
    def _average(self, decay: float) -> None:
        """Move the average towards the weights."""
        mine, theirs = self.average.state_dict(), self.objective.state_dict()
        floating = [name for name, value in mine.items() if value.is_floating_point()]
        for name in mine.keys() - set(floating):
            mine[name].copy_(theirs[name])
        update = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        update([mine[name] for name in floating], [theirs[name] for name in floating], None)

    def run(
        self,
        report: Callable[[dict[str, Any]], None],
        probe: Callable[[nn.Module], dict[str, float]] | None = None,
    ) -> nn.Module:
        """Train to the configured step; returns the averaged objective.

        Args:
            report: called with each log row (also written to `log.jsonl`).
            probe: measures the averaged objective at each save.
        """
        writer = _tensorboard(self.out) if self.processes.rank == 0 else None
        try:
            self._run(report, probe, writer)
        finally:
            if writer is not None:
                writer.close()
        return self.average

    def _run(
        self,
        report: Callable[[dict[str, Any]], None],
        probe: Callable[[nn.Module], dict[str, float]] | None,
        writer: Any,
    ) -> None:
        sums: dict[str, Tensor] = {}
        count = 0
        started = saved = time.monotonic()
        for loaded in self._loader():
            self._wrapped.train()
            for name, value in self._train_step(loaded).items():
                sums[name] = sums.get(name, 0.0) + value
            count += 1
            saving = self.step % self.config.save_every == 0 or self.step == self.config.steps
            saving = saving or time.monotonic() - saved > 60 * self.config.save_minutes
            if self.step % self.config.log_every and not saving:
                continue
            row: dict[str, Any] = {
                name: round(float(value) / count, 5) for name, value in sums.items()
            }
            if not math.isfinite(row["loss"]):
                raise StudioError(
                    f"The loss is not finite at step {self.step}.", "Lower the learning rate."
                )
            row |= {
                "step": self.step,
                "hours": round(self.seconds_seen / 3600, 3),
                "minutes": round((time.monotonic() - started) / 60, 2),
            }
            if saving:
                if probe is not None:
                    row |= probe(self.average)
                self.save()
                saved = time.monotonic()
            if self.processes.rank == 0:
                with open(self.out / "log.jsonl", "a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
                if writer is not None:
                    for name, value in row.items():
                        writer.add_scalar(name, value, self.step)
                report(row)
            sums, count = {}, 0


def _tensorboard(out: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(out))
