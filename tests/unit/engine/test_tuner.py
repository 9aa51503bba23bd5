from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_ditar import SMALL
from tiny_ditar import randomised

from ditar_studio.engine.tuner import Tuner, TuningPlan
from ditar_studio.engine.tuning_data import AlignedClip, collect, cut, halves, pairs
from ditar_studio.inference.threads import one_thread
from ditar_studio.model.ditar import DiTAR
from ditar_studio.model.objective import DiTARLosses, Patches

PLAN = TuningPlan(steps=16, rate=5e-3, batch=32, highest=0.75)


@pytest.fixture(autouse=True, scope="module")
def on_one_thread() -> Iterator[None]:
    """What is so small takes longest to hand out."""
    with one_thread():
        yield


@pytest.fixture(scope="module")
def model() -> DiTAR:
    torch.manual_seed(0)
    ditar = randomised(DiTAR(SMALL)).requires_grad_(False)
    assert isinstance(ditar, DiTAR)
    return ditar


VOICE = torch.nn.functional.normalize(torch.ones(128), dim=0)


def clip(latents: int = 48, words: int = 6, seed: int = 0) -> AlignedClip:
    """Words of three sounds each, evenly spoken."""
    generator = torch.Generator().manual_seed(seed)
    sounds = torch.randint(11, 60, (words, 3), generator=generator)
    spaced = torch.cat((sounds, torch.full((words, 1), DiTAR.boundary)), 1).flatten()[:-1]
    units = (torch.arange(latents) * 3 * words / latents).long() + 1
    values = torch.randn(latents, SMALL.vae.latent_dim, generator=generator) * 0.3 + 0.5
    return AlignedClip(spaced, values, units)


def patches_of(model: DiTAR, *clips: AlignedClip) -> Patches:
    return collect(model, clips, VOICE, DiTARLosses(), 2, torch.Generator().manual_seed(0))


def voice_of(model: DiTAR) -> torch.Tensor:
    assert model.voice is not None
    received: torch.Tensor = model.voice(VOICE[None])[1][0]
    return received


def tuned(model: DiTAR, plan: TuningPlan = PLAN) -> tuple[Tuner, list[float]]:
    losses = []
    with Tuner(model.locdit, voice_of(model), patches_of(model, clip()), plan) as tuner:
        while tuner.step < tuner.steps:
            losses.append(tuner.advance())
    return tuner, losses


def test_halves_meet_where_a_word_begins_and_lose_nothing() -> None:
    whole = clip()
    two = halves(whole, SMALL.patch)
    assert two is not None
    first, second = two
    mark = torch.tensor([DiTAR.boundary])
    assert torch.equal(torch.cat((first.symbols, mark, second.symbols)), whole.symbols)
    assert torch.equal(torch.cat((first.latents, second.latents)), whole.latents)
    assert len(first.latents) % SMALL.patch == 0
    assert abs(len(first.latents) - 24) <= SMALL.patch
    for part in two:
        assert int(part.units.max()) <= int((part.symbols != DiTAR.boundary).sum())


def test_what_nobody_wrote_down_is_cut_between_sounds() -> None:
    whole = clip()
    heard = replace(whole, symbols=whole.symbols[whole.symbols != DiTAR.boundary])
    two = halves(heard, SMALL.patch)
    assert two is not None
    assert torch.equal(torch.cat([part.symbols for part in two]), heard.symbols)


def test_long_clips_are_cut_and_every_part_is_spoken_behind_another() -> None:
    long = clip(latents=480, words=60)
    parts = cut(long, SMALL.patch, 200)
    assert len(parts) == 4
    assert max(len(part.latents) for part in parts) <= 200
    assert [len(pair) for pair in pairs([long, clip()], SMALL.patch)] == [2, 2, 2]


def test_a_clip_too_short_to_be_cut_is_used_whole() -> None:
    short = clip(latents=20, words=2)
    assert pairs([short], SMALL.patch) == [(short,)]


def test_every_patch_is_a_target_as_often_as_is_asked_for(model: DiTAR) -> None:
    clips = [clip(), clip(latents=64, seed=1)]
    patches = patches_of(model, *clips)
    assert len(patches.clean) == 2 * (48 + 64) // SMALL.patch
    wanted = sum(each.latents.sum() for each in clips) * 2
    assert float(patches.clean.sum()) == pytest.approx(float(wanted), rel=1e-4)


def test_the_loss_falls_and_the_base_stays_as_it_is(model: DiTAR) -> None:
    before = [weight.clone() for weight in model.locdit.parameters()]
    _, losses = tuned(model)
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])
    assert all(map(torch.equal, before, model.locdit.parameters()))


def test_tuning_again_gives_the_same_and_another_seed_does_not(model: DiTAR) -> None:
    one, two = (tuned(model)[0].result() for _ in range(2))
    other = tuned(model, replace(PLAN, seed=1))[0].result()
    assert torch.equal(one[1], two[1])
    assert all(map(torch.equal, one[0].parameters(), two[0].parameters()))
    assert not torch.equal(one[1], other[1])


def test_a_share_lies_between_the_base_and_the_tuned(model: DiTAR) -> None:
    tuner, _ = tuned(model)
    none, half, whole = (tuner.result(share) for share in (0.0, 0.5, 1.0))
    for weight, base in zip(none[0].parameters(), model.locdit.parameters(), strict=True):
        assert torch.equal(weight, base.bfloat16().float())
    assert torch.allclose(2 * half[1], whole[1])


def test_a_tuning_goes_on_after_a_crash_as_if_there_had_been_none(
    model: DiTAR, tmp_path: Path
) -> None:
    whole, _ = tuned(model)
    patches, path = patches_of(model, clip()), tmp_path / "tuning"
    with Tuner(model.locdit, voice_of(model), patches, PLAN) as begun:
        for _ in range(6):
            begun.advance()
        begun.save(path, "this one")
    with Tuner(model.locdit, voice_of(model), patches, PLAN) as again:
        assert not again.resume(path, "another")
        assert again.resume(path, "this one")
        assert again.step == 6
        while again.step < again.steps:
            again.advance()
    assert torch.equal(again.result()[1], whole.result()[1])
    path.write_bytes(path.read_bytes()[:1000])
    with Tuner(model.locdit, voice_of(model), patches, PLAN) as other:
        assert not other.resume(path, "this one")
