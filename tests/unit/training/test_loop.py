"""The training loop: resuming, averaging, several processes."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from toy_training import toy_loop

from ditar_studio.errors import StudioError
from ditar_studio.training.loop import Batches, LoopConfig

SUPPORT = Path(__file__).parents[2] / "support"


def log_of(folder: Path) -> list[dict[str, float]]:
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{k: v for k, v in row.items() if k != "minutes"} for row in rows]


def test_a_resumed_run_gives_the_curve_of_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = toy_loop(tmp_path / "whole", steps=12)
    whole.run(lambda row: None)

    interrupted = toy_loop(tmp_path / "parts", steps=12)

    def stop_at_eight(row: dict[str, float]) -> None:
        if row["step"] == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted.run(stop_at_eight)
    again = toy_loop(tmp_path / "parts", steps=12)
    assert again.resume()
    assert again.step == 8
    again.run(lambda row: None)

    assert log_of(tmp_path / "parts") == log_of(tmp_path / "whole")
    for mine, theirs in zip(
        again.average.state_dict().values(), whole.average.state_dict().values(), strict=True
    ):
        assert torch.equal(mine, theirs)


def test_clips_are_drawn_as_often_as_is_asked_for() -> None:
    batches = Batches([1.0, 1.0, 1.0], 1.0, seed=0, times=[1, 3, 0])
    assert sorted(clip for step in range(4) for clip in batches(step)) == [0, 1, 1, 1]


def test_checkpoints_are_written_as_often_in_minutes_as_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = toy_loop(tmp_path, steps=12)
    loop.config = replace(loop.config, save_every=1000, save_minutes=1.0)
    clock = iter(range(0, 100_000, 25))
    monkeypatch.setattr("ditar_studio.training.loop.time.monotonic", lambda: float(next(clock)))
    saved: list[int] = []
    monkeypatch.setattr(loop, "save", lambda: saved.append(loop.step))
    loop.run(lambda row: None)
    assert len(saved) >= 3
    assert saved[-1] == 12


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    rows: list[dict[str, float]] = []
    toy_loop(tmp_path, steps=60).run(rows.append)
    assert rows[-1]["loss"] < 0.5 * rows[0]["loss"]


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    toy_loop(tmp_path, steps=4).run(lambda row: None)
    with pytest.raises(StudioError, match="does not fit"):
        toy_loop(tmp_path, steps=4, width=5).resume()
    (tmp_path / "last.pt").write_bytes(b"nonsense")
    with pytest.raises(StudioError, match="does not fit"):
        toy_loop(tmp_path, steps=4).resume()


def test_a_loss_that_is_not_finite_ends_the_run(tmp_path: Path) -> None:
    loop = toy_loop(tmp_path, steps=4)
    torch.nn.init.constant_(next(iter(loop.objective.parameters())), float("nan"))
    with pytest.raises(StudioError, match="not finite"):
        loop.run(lambda row: None)


def test_two_processes_train_one_model(tmp_path: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    paths = [str(SUPPORT), str(SUPPORT.parents[1])]
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    subprocess.run(
        [sys.executable, *launch, str(SUPPORT / "toy_training.py"), str(tmp_path)],
        env=environment,
        check=True,
        timeout=180,
        capture_output=True,
    )
    first, second = (torch.load(tmp_path / f"rank{rank}.pt", weights_only=True) for rank in (0, 1))
    assert first["step"] == 6
    assert torch.equal(first["weight"], second["weight"])
    assert not torch.equal(first["seen"], second["seen"])
    assert len(log_of(tmp_path / "run")) == 3


def test_batches_keep_their_budget_and_miss_nobody() -> None:
    seconds = [1.0, 9.0, 2.0, 3.0, 8.0, 1.5, 2.5] * 5
    batches = Batches(seconds, 12.0, seed=3)
    seen: list[int] = []
    step = 0
    while len(seen) < len(seconds):
        batch = batches(step)
        assert len(batch) == 1 or max(seconds[i] for i in batch) * len(batch) <= 12.0
        seen += batch
        step += 1
    assert sorted(seen) == list(range(len(seconds)))
    assert batches(2) == Batches(seconds, 12.0, seed=3)(2)


def test_ranks_get_different_batches() -> None:
    seconds = [1.0 + 0.1 * i for i in range(40)]
    first, second = (Batches(seconds, 6.0, 0, rank, 2) for rank in (0, 1))
    assert not set(first(0)) & set(second(0))


def test_the_learning_rate_warms_up_and_decays() -> None:
    config = LoopConfig(steps=100, learning_rate=1.0, warmup=10, decay=0.5)
    assert config.rate(0) == pytest.approx(0.1)
    assert config.rate(30) == 1.0
    assert config.rate(75) == pytest.approx(0.5)
    assert config.rate(100) == pytest.approx(0.05)


def test_nothing_to_train_on_is_said() -> None:
    with pytest.raises(StudioError, match="nothing"):
        Batches([], 10.0, 0)


@pytest.mark.parametrize(
    "values",
    [
        {"steps": 0},
        {"save_every": 0},
        {"log_every": 0},
        {"learning_rate": math.nan},
        {"learning_rate": math.inf},
        {"learning_rate": 0.0},
        {"batch_seconds": math.nan},
        {"batch_seconds": -1.0},
        {"decay": math.nan},
        {"seed": -1},
    ],
)
def test_settings_that_train_nothing_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(StudioError):
        LoopConfig(**{"steps": 1, **values})
