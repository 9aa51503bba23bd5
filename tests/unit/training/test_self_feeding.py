"""Training on what a model feeds back itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_ditar import randomised, tiny_config

from ditar_studio.engine.tuning_data import AlignedClip, joined
from ditar_studio.errors import StudioError
from ditar_studio.inference.ditar import DiTARRuntime, DiTARState
from ditar_studio.inference.runtime import Patch
from ditar_studio.inference.torch_runtime import TorchRuntime
from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.objective import DiTARLosses, DiTARObjective
from ditar_studio.model.sampling import Sampling
from ditar_studio.training import self_feeding
from ditar_studio.training.loop import LoopConfig
from ditar_studio.training.rollouts import Rollout, read_rollouts, speak_again
from ditar_studio.training.self_feeding import (
    RolloutData,
    SelfFeedingObjective,
    self_feeding_loop,
)

SAMPLING = Sampling(0.5, 1.0, 2)
QUIET = replace(DiTARLosses(), noise=0.0, speaker_dropout=0.0)


@pytest.fixture
def model() -> DiTAR:
    made = DiTAR(tiny_config(True))
    randomised(made)
    return made


def clip(model: DiTAR, sounds: int, patches: int) -> AlignedClip:
    frames = patches * model.config.patch
    return AlignedClip(
        torch.arange(3, 3 + sounds),
        torch.randn(frames, model.config.vae.latent_dim),
        torch.arange(frames) * (sounds + 1) // frames,
    )


def rollout(model: DiTAR, seed: int, patches: int = 6) -> Rollout:
    torch.manual_seed(seed)
    prompt, said = clip(model, 4, 5), clip(model, 5, patches)
    voice = torch.nn.functional.normalize(torch.randn(128), dim=0)
    generator = torch.Generator().manual_seed(seed)
    own = speak_again(TorchRuntime(model), prompt, said, voice, SAMPLING, generator)
    return Rollout(prompt, said, voice, own.clone())


def test_training_sees_what_generation_saw(model: DiTAR, monkeypatch: pytest.MonkeyPatch) -> None:
    conditions: list[torch.Tensor] = []
    step = DiTARRuntime.step

    def recorded(self: DiTARRuntime, state: DiTARState) -> Patch:
        conditions.append(state.h.clone())
        return step(self, state)

    monkeypatch.setattr(DiTARRuntime, "step", recorded)
    made = rollout(model, 1)
    assert made.said.shape == made.clip.latents.shape
    batch = joined((made.prompt, made.clip), model.config.patch)
    batch["voice"] = made.voice[None]
    first = len(made.prompt.latents)
    fed = torch.cat((batch["latents"][:, :first], made.said[None]), dim=1)
    with torch.no_grad():
        outputs = DiTARObjective(model, QUIET).conditions(batch, fed)[0]
    place = first // model.config.patch
    assert torch.allclose(torch.cat(conditions), outputs[0, place:-1], atol=1e-4)


def test_a_batch_is_fed_what_was_said_and_aims_at_what_was_recorded(model: DiTAR) -> None:
    pair = [rollout(model, 1), rollout(model, 2, patches=4)]
    data = RolloutData(pair, model.config.patch, 40.0)
    batches = [data.load([0, 1]) for _ in range(12)]
    assert {bool(own) for batch in batches for own in batch["own"]} == {True, False}
    for batch in batches:
        for line, each in enumerate(pair):
            first = int(batch["first"][line]) * model.config.patch
            there = slice(first, first + len(each.said))
            fed = each.said if batch["own"][line] else each.clip.latents
            assert torch.equal(batch["fed"][line, there], fed)
            assert torch.equal(batch["latents"][line, there], each.clip.latents)
            assert torch.equal(batch["fed"][line, :first], each.prompt.latents)


@torch.no_grad()
def test_what_is_padded_changes_no_loss(model: DiTAR, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_feeding, "_OWN", 1.0)
    pair = [rollout(model, 1), rollout(model, 2, patches=3)]
    data = RolloutData(pair, model.config.patch, 40.0)
    objective = SelfFeedingObjective(model, QUIET)
    for name in ("pattern", "stop"):  # nothing of them is drawn
        long, short = (float(objective(data.load([index]))[name]) for index in (0, 1))
        together = float(objective(data.load([0, 1]))[name])
        assert together == pytest.approx((6 * long + 3 * short) / 9, rel=1e-3)
        assert together > 0


@torch.no_grad()
def test_a_model_that_has_learnt_nothing_agrees_with_its_teacher(
    model: DiTAR, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(self_feeding, "_OWN", 0.0)
    data = RolloutData([rollout(model, 1)], model.config.patch, 40.0)
    losses = SelfFeedingObjective(model, QUIET)(data.load([0]))
    assert float(losses["pattern"]) == pytest.approx(0, abs=1e-5)


def test_what_was_learnt_by_heart_stays(model: DiTAR, tmp_path: Path) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    config = LoopConfig(steps=12, learning_rate=3e-3, batch_seconds=2.0, log_every=1)
    rows: list[dict[str, float]] = []
    loop = self_feeding_loop(model, [rollout(model, n) for n in range(3)], config, tmp_path)
    loop.run(rows.append)
    first, last = (sum(row["diffusion"] for row in part) / 4 for part in (rows[:4], rows[-4:]))
    assert last < first
    changed = {
        name.split(".")[0]
        for name, value in model.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert changed == {"language_model", "aggregator", "locdit", "pointer", "voice"}
    for name in ("language_model.symbols.weight", "language_model.stop.weight"):
        assert torch.equal(model.state_dict()[name], before[name])


def test_the_result_lies_between_the_weights_before_and_after(model: DiTAR) -> None:
    objective = SelfFeedingObjective(model, QUIET, share=0.25)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        model.locdit.out.weight += 4.0
    after = objective.mean().state_dict()
    for name, value in before.items():
        wanted = value + (1.0 if name == "locdit.out.weight" else 0.0)
        assert torch.allclose(after[name], wanted, atol=1e-6)


def test_a_folder_without_rollouts_says_so(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="holds no rollouts"):
        read_rollouts(tmp_path)
