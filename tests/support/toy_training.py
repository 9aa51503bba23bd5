"""A loop that learns a linear map, for tests; run as a program it is one process of several."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from ditar_studio.training.loop import Loop, LoopConfig

SECONDS = [1.0 + 0.05 * (i % 7) for i in range(40)]


class Toy(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 1)

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        noise = 0.01 * torch.randn_like(batch["x"])
        error = self.linear(batch["x"] + noise)[:, 0] - batch["x"].sum(1)
        return {"loss": error.square().mean()}


def toy_loop(out: Path, steps: int, width: int = 4) -> Loop:
    torch.manual_seed(0)
    data = torch.randn(len(SECONDS), width)

    def load(indices: list[int]) -> dict[str, Tensor]:
        return {"x": data[indices], "seconds": torch.tensor([SECONDS[i] for i in indices])}

    config = LoopConfig(
        steps=steps, learning_rate=0.05, warmup=1, batch_seconds=6.0, save_every=4, log_every=2
    )
    return Loop(Toy(width), load, SECONDS, config, out)


def main(folder: Path) -> None:
    """Train in this process and write what it came to."""
    torch.set_num_threads(1)
    loop = toy_loop(folder / "run", steps=6)
    loop.run(lambda row: None)
    weight = loop.objective.state_dict()["linear.weight"]
    seen = torch.tensor(loop._batches(0))
    torch.save(
        {"weight": weight, "seen": seen, "step": loop.step},
        folder / f"rank{loop.processes.rank}.pt",
    )
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
