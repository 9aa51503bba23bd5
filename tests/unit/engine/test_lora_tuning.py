"""Voices of VoxCPM are fine-tuned as those of the built-in model are, to a LoRA."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import voxcpm_folders as folders
from fake_model import speech_like
from tuning import BEFORE, CLOSER, STEPS, UNCLEAR, ear_hears, short_tunings

from ditar_studio.engine import fine_tuning
from ditar_studio.engine.fine_tuning import fine_tune
from ditar_studio.engine.generate import generate
from ditar_studio.engine.load import Adapter, load_model
from ditar_studio.engine.lora_tuner import LoraPlan, LoraTuner
from ditar_studio.engine.lora_tuning import LoraTuning, plan_of
from ditar_studio.engine.request import GenerationRequest
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.engine.tuning_events import (
    InstantKept,
    TuningCancelled,
    TuningControl,
    TuningEvent,
    TuningProgress,
    VoiceTuned,
)
from ditar_studio.engine.voice import Reference
from ditar_studio.engine.voxcpm import VoxCPMModel
from ditar_studio.errors import StudioError
from ditar_studio.inference.voxcpm.checkpoint import main_weights
from ditar_studio.inference.voxcpm.lora import write_lora
from ditar_studio.inference.voxcpm.voice_lora import LoraCard, VoiceLora
from ditar_studio.model.voxcpm.objective import Draws, losses
from ditar_studio.model.voxcpm.trainable import TrainableVoxCPM

REFERENCE = Reference(speech_like(1.2), "hello there")
OTHER = Reference(speech_like(1.5), "hello you there")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with short_tunings(monkeypatch):
        yield


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> VoxCPMModel:
    loaded = load_model(folders.make_folder(tmp_path_factory.mktemp("model") / "small", "2"))
    assert isinstance(loaded, VoxCPMModel)
    return loaded


def tuner_of(model: VoxCPMModel, plan: LoraPlan) -> LoraTuner:
    generator = torch.Generator().manual_seed(plan.seed)
    trained = TrainableVoxCPM(
        model.config, main_weights(model.folder), torch.device("cpu"), generator
    )
    tuning = LoraTuning(model, [REFERENCE, OTHER], "quick", plan.seed)
    tuning._clips = tuning._excerpts()
    return LoraTuner(trained, tuning._draw, plan)


def last(events: Iterator[TuningEvent]) -> TuningEvent:
    *progress, end = events
    assert all(isinstance(event, TuningProgress) for event in progress)
    return end


def tuned_to(
    model: VoxCPMModel, monkeypatch: pytest.MonkeyPatch, references: Sequence[Reference]
) -> VoiceLora:
    ear_hears(monkeypatch, BEFORE, CLOSER)
    end = last(fine_tune(model, references))
    assert isinstance(end, VoiceTuned)
    assert isinstance(end.adapter, VoiceLora)
    return end.adapter


def spoken(model: VoxCPMModel, reference: Reference) -> np.ndarray:
    settings = GenerationSettings(steps=3, exact_patches=2, guidance=1.0, temperature=1.0)
    return generate(model, GenerationRequest.of("Hello", reference, settings)).clip.samples


def test_the_loss_on_the_voice_falls_and_measuring_changes_nothing(model: VoxCPMModel) -> None:
    tuner = tuner_of(model, LoraPlan(steps=15, rate=1e-2, batch=1))
    assert tuner.measure() > 0
    fixed = tuner._draw(torch.Generator().manual_seed(5))
    draws = Draws.of(fixed.target, torch.Generator().manual_seed(6))

    def loss() -> float:
        with torch.no_grad():
            return float(sum(losses(tuner._trained.model, fixed, draws)))

    before = loss()
    while tuner.step < tuner.steps:
        tuner.advance()
    assert loss() < 0.85 * before


def test_what_goes_on_after_a_crash_ends_as_if_nothing_had_been(
    model: VoxCPMModel, tmp_path: Path
) -> None:
    plan = LoraPlan(steps=6, rate=5e-3, batch=2, seed=3)
    whole, killed, resumed = (tuner_of(model, plan) for _ in range(3))
    killed.advance()
    killed.save(tmp_path / "state", "key")
    assert not (tmp_path / "state").exists()  # nothing was learnt yet
    for _ in range(4):
        killed.advance()  # the last of them changes nothing yet
    killed.save(tmp_path / "state", "key")
    assert not resumed.resume(tmp_path / "state", "another key")
    assert not resumed.resume(tmp_path / "nothing", "key")
    assert resumed.resume(tmp_path / "state", "key")
    for tuner in (whole, resumed):
        while tuner.step < tuner.steps:
            tuner.advance()
    expected = whole.result()
    for place, added in resumed.result().items():
        assert torch.equal(added.down, expected[place].down)
        assert torch.equal(added.up, expected[place].up)


def test_the_time_is_reported_before_anything_is_trained(
    model: VoxCPMModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear_hears(monkeypatch, BEFORE, CLOSER)
    events = list(fine_tune(model, [REFERENCE]))
    first, foreseen = events[:2]
    assert first == TuningProgress(0.0, None)
    assert isinstance(foreseen, TuningProgress)
    assert foreseen.fraction == 0
    assert foreseen.remaining is not None
    assert foreseen.remaining > 0
    assert len(events) == 2 + 4 * STEPS + 1


def test_the_result_speaks_through_its_file_and_voices_change_line_by_line(
    model: VoxCPMModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("ditar_studio.engine.lora_tuning.LoraPlan", fast_plan)
    path = tmp_path / "voice.safetensors"
    adapter = tuned_to(model, monkeypatch, [REFERENCE, OTHER])
    adapter.save(path)
    instant = spoken(model, REFERENCE)
    tuned = spoken(model, replace(REFERENCE, adapter=path))
    assert np.abs(tuned - instant).max() > 1e-5
    assert np.array_equal(spoken(model, REFERENCE), instant)
    assert np.array_equal(spoken(model, replace(REFERENCE, adapter=path)), tuned)
    merged = load_model(model.folder, None, Adapter(write_lora(tmp_path / "l", adapter.tensors())))
    assert isinstance(merged, VoxCPMModel)
    np.testing.assert_allclose(spoken(merged, REFERENCE), tuned, rtol=0, atol=1e-5)


def fast_plan(steps: int, rate: float = 1e-2, batch: int = 1, seed: int = 0) -> LoraPlan:
    return LoraPlan(steps, rate, batch, seed)


def test_the_card_tells_what_was_made_from_what_and_what_was_heard(
    model: VoxCPMModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = tuned_to(model, monkeypatch, [REFERENCE, OTHER]).card
    assert card.model_hash == model.info.weights_hash
    assert card.model_name == "small"
    assert card.clips == (REFERENCE.hash(), OTHER.hash())
    assert card.seconds == pytest.approx(2.7, abs=0.3)
    assert card.settings["steps"] == STEPS
    assert card.settings["share"] == 1.0
    assert (card.before["likeness"], card.after["likeness"]) == (0.5, 0.6)


def test_a_voice_that_loses_words_stays_instant_and_the_reason_is_reported(
    model: VoxCPMModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear_hears(monkeypatch, BEFORE, UNCLEAR, UNCLEAR, UNCLEAR)
    end = last(fine_tune(model, [REFERENCE]))
    assert isinstance(end, InstantKept)
    assert "less clear" in end.reason


def test_a_tuning_that_was_killed_goes_on_and_one_that_is_cancelled_leaves_nothing(
    model: VoxCPMModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(fine_tuning, "_SAVED_EVERY", 0.0)
    whole, checkpoint = tuned_to(model, monkeypatch, [REFERENCE]), tmp_path / "tuning"
    ear_hears(monkeypatch, BEFORE)
    killed = fine_tune(model, [REFERENCE], checkpoint=checkpoint)
    for _ in range(8):  # the progress after a save comes ahead of it
        next(killed)
    killed.close()  # type: ignore[attr-defined]
    assert checkpoint.exists()
    ear_hears(monkeypatch, BEFORE, CLOSER)
    events = list(fine_tune(model, [REFERENCE], checkpoint=checkpoint))
    assert len(events) < 2 + 4 * STEPS + 1
    assert isinstance(events[-1], VoiceTuned)
    assert isinstance(events[-1].adapter, VoiceLora)
    for place, added in events[-1].adapter.lora.items():
        assert torch.equal(added.up, whole.lora[place].up)
    control = TuningControl()
    ear_hears(monkeypatch, BEFORE)
    events_of = fine_tune(model, [REFERENCE], control=control, checkpoint=checkpoint)
    next(events_of)
    control.cancel()
    assert last(events_of) == TuningCancelled()
    assert not checkpoint.exists()


def test_a_voice_tuned_for_another_model_speaks_as_the_instant_one_and_says_so(
    model: VoxCPMModel, tmp_path: Path
) -> None:
    path = tmp_path / "voice.safetensors"
    VoiceLora(LoraCard(model_hash="b" * 64, model_name="other"), {}).save(path)
    settings = GenerationSettings(steps=3, exact_patches=2, guidance=1.0, temperature=1.0)
    request = GenerationRequest.of("Hello", replace(REFERENCE, adapter=path), settings)
    made = generate(model, request)
    assert np.array_equal(made.clip.samples, spoken(model, REFERENCE))
    assert "another model" in made.warnings[0].message


def test_recordings_of_which_no_words_are_known_are_refused(model: VoxCPMModel) -> None:
    with pytest.raises(StudioError, match="what is said"):
        list(fine_tune(model, [Reference(speech_like(1.2))]))


def test_a_model_with_a_lora_merged_into_it_takes_no_second_one(
    model: VoxCPMModel, tmp_path: Path
) -> None:
    lora = write_lora(tmp_path / "lora", folders.lora_tensors("2"))
    merged = load_model(model.folder, None, Adapter(lora))
    assert not merged.info.fine_tunes
    with pytest.raises(StudioError, match="can't be fine-tuned"):
        list(fine_tune(merged, [REFERENCE]))


def test_more_speech_is_trained_on_for_longer_if_asked_thoroughly() -> None:
    assert plan_of("quick", 5.0) == plan_of("quick", 60.0)
    assert plan_of("thorough", 5.0).steps < plan_of("thorough", 60.0).steps
    assert plan_of("thorough", 600.0).steps == plan_of("thorough", 3600.0).steps
