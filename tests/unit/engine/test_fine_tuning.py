from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from fake_model import FakeModel, speech_like
from small_ditar import save_small_ditar
from tuning import BEFORE, CLOSER, FURTHER, STEPS, UNCLEAR, hears, short_tunings

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.engine import fine_tuning
from ditar_studio.engine.events import Warned
from ditar_studio.engine.fine_tuning import fine_tune
from ditar_studio.engine.generate import generate
from ditar_studio.engine.load import load_model
from ditar_studio.engine.native import NativeModel
from ditar_studio.engine.native_tuning import plan_of
from ditar_studio.engine.request import GenerationRequest
from ditar_studio.engine.speech_model import Verification
from ditar_studio.engine.tuning_clips import at_pauses, speech_of
from ditar_studio.engine.tuning_events import (
    InstantKept,
    TuningCancelled,
    TuningControl,
    TuningEvent,
    TuningProgress,
    VoiceTuned,
)
from ditar_studio.engine.voice import Reference, VoiceCache
from ditar_studio.errors import OtherModelError, StudioError
from ditar_studio.inference.adapter import AdapterCard, VoiceAdapter

REFERENCE = Reference(speech_like(3.0), "hello there")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with short_tunings(monkeypatch):
        yield


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> NativeModel:
    loaded = load_model(save_small_ditar(tmp_path_factory.mktemp("model") / "small"))
    assert isinstance(loaded, NativeModel)
    return loaded


def last(events: Iterator[TuningEvent]) -> TuningEvent:
    *progress, end = events
    assert all(isinstance(event, TuningProgress) for event in progress)
    return end


def adapter_of(model: NativeModel, monkeypatch: pytest.MonkeyPatch) -> VoiceAdapter:
    hears(monkeypatch, BEFORE, CLOSER)
    end = last(fine_tune(model, [REFERENCE]))
    assert isinstance(end, VoiceTuned)
    return end.adapter


def spoken(model: NativeModel, adapter: Path | None) -> np.ndarray:
    voice = replace(REFERENCE, adapter=adapter)
    return generate(model, GenerationRequest.of("Two words.", voice)).clip.samples


def test_progress_only_rises_and_says_how_long_it_will_take(
    model: NativeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    hears(monkeypatch, BEFORE, CLOSER)
    events = list(fine_tune(model, [REFERENCE]))
    progress = [event for event in events if isinstance(event, TuningProgress)]
    assert len(progress) == 1 + STEPS
    assert progress[0] == TuningProgress(0.0, None)
    assert all(event.remaining is not None for event in progress[1:])
    fractions = [event.fraction for event in progress]
    assert fractions == sorted(fractions)
    assert fractions[-1] <= 1


def test_what_others_do_between_its_steps_is_not_counted_as_work(
    model: NativeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]

    def monotonic() -> float:
        now[0] += 1
        return now[0]

    monkeypatch.setattr(fine_tuning, "time", SimpleNamespace(monotonic=monotonic))
    hears(monkeypatch, BEFORE, CLOSER)
    for event in fine_tune(model, [REFERENCE]):
        if isinstance(event, TuningProgress):
            assert (event.remaining or 0) <= STEPS + 1
        now[0] += 1000


def test_others_may_have_the_thread_between_probe_sentences(
    model: NativeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fine_tuning, "PROBES", ("Two words.", "Two more."))
    hears(monkeypatch, BEFORE, BEFORE, CLOSER, CLOSER)
    events = list(fine_tune(model, [REFERENCE]))
    assert events[:2] == [TuningProgress(0.0, None)] * 2
    assert len(events) == 2 + STEPS + 1 + 1
    assert isinstance(events[-1], VoiceTuned)


def test_the_result_speaks_through_its_file_and_is_the_same_every_time(
    model: NativeModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    paths = [tmp_path / "one.safetensors", tmp_path / "two.safetensors"]
    for path in paths:
        adapter_of(model, monkeypatch).save(path)
    tuned = spoken(model, paths[0])
    assert np.array_equal(tuned, spoken(model, paths[1]))
    assert not np.array_equal(tuned, spoken(model, None))


def test_the_card_tells_what_was_made_from_what_and_what_was_heard(
    model: NativeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = adapter_of(model, monkeypatch).card
    assert card.model_hash == model.info.weights_hash
    assert card.clips == (REFERENCE.hash(),)
    assert card.seconds == pytest.approx(3.0, abs=0.3)
    assert card.settings["steps"] == STEPS
    assert (card.before["likeness"], card.after["likeness"]) == (0.5, 0.6)


def test_a_voice_that_loses_words_is_taken_less_far(
    model: NativeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    hears(monkeypatch, BEFORE, UNCLEAR, CLOSER)
    end = last(fine_tune(model, [REFERENCE]))
    assert isinstance(end, VoiceTuned)
    assert end.adapter.card.settings["share"] == 0.5


def test_a_likeness_that_two_recordings_of_a_person_have_is_enough(
    model: NativeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    hears(monkeypatch, replace(BEFORE, likeness=0.95), replace(BEFORE, likeness=0.8))
    assert isinstance(last(fine_tune(model, [REFERENCE])), VoiceTuned)


@pytest.mark.parametrize(("heard", "reason"), [(UNCLEAR, "less clear"), (FURTHER, "closer")])
def test_the_instant_voice_stays_where_tuning_does_not_help_and_the_reason_is_reported(
    model: NativeModel, monkeypatch: pytest.MonkeyPatch, heard: Verification, reason: str
) -> None:
    hears(monkeypatch, BEFORE, *[heard] * 3)
    end = last(fine_tune(model, [REFERENCE]))
    assert isinstance(end, InstantKept)
    assert reason in end.reason


def test_it_can_be_cancelled_also_while_it_pauses(model: NativeModel, tmp_path: Path) -> None:
    control = TuningControl()
    checkpoint = tmp_path / "tuning"
    checkpoint.write_bytes(b"of an earlier crash")
    events = fine_tune(model, [REFERENCE], control=control, checkpoint=checkpoint)
    for event in events:
        if isinstance(event, TuningProgress) and event.remaining is not None:
            control.pause()
            control.cancel()
            break
    assert last(events) == TuningCancelled()
    assert not checkpoint.exists()


def test_a_tuning_that_was_killed_goes_on_where_it_was(
    model: NativeModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(fine_tuning, "_SAVED_EVERY", 0.0)
    whole = adapter_of(model, monkeypatch)
    checkpoint = tmp_path / "tuning"
    hears(monkeypatch, BEFORE)
    killed = fine_tune(model, [REFERENCE], checkpoint=checkpoint)
    for _ in range(4):  # the progress after a save comes ahead of it
        next(killed)
    killed.close()  # type: ignore[attr-defined]
    assert checkpoint.exists()
    hears(monkeypatch, BEFORE, CLOSER)
    events = list(fine_tune(model, [REFERENCE], checkpoint=checkpoint))
    assert isinstance(events[-1], VoiceTuned)
    assert len(events) < 1 + STEPS + 1
    assert (events[-1].adapter.shift == whole.shift).all()
    assert not checkpoint.exists()


def test_a_tuned_voice_costs_nothing_when_speakers_change_line_by_line(
    model: NativeModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "voice.safetensors"
    adapter_of(model, monkeypatch).save(path)
    voices = VoiceCache(model)
    tuned, instant = replace(REFERENCE, adapter=path), REFERENCE
    first = voices.get(tuned)
    assert voices.get(instant) is not first
    assert voices.get(tuned) is first


def test_another_model_speaks_with_the_instant_voice_and_says_so(
    model: NativeModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made, path = adapter_of(model, monkeypatch), tmp_path / "other.safetensors"
    other = AdapterCard(model_hash="b" * 64, highest=made.card.highest)
    VoiceAdapter(other, made.locdit, made.shift, made.timbre).save(path)
    with pytest.raises(OtherModelError):
        VoiceCache(model).get(replace(REFERENCE, adapter=path))
    voice = replace(REFERENCE, adapter=path)
    made_with_it = generate(model, GenerationRequest.of("Two words.", voice))
    assert np.array_equal(made_with_it.clip.samples, spoken(model, None))
    (warning,) = made_with_it.warnings
    assert isinstance(warning, Warned)
    assert "another model" in warning.message


def test_only_models_with_pointer_and_speaker_embedding_can_be_fine_tuned() -> None:
    with pytest.raises(StudioError, match="can't be fine-tuned"):
        next(iter(fine_tune(FakeModel(), [REFERENCE])))


def test_a_voice_without_a_recording_is_refused(model: NativeModel) -> None:
    with pytest.raises(StudioError, match="no recording"):
        next(iter(fine_tune(model, [])))


def test_more_speech_is_trained_on_for_longer_if_asked_thoroughly() -> None:
    assert plan_of("quick", 5.0) == plan_of("quick", 60.0)
    assert plan_of("thorough", 5.0).steps < plan_of("thorough", 60.0).steps
    assert plan_of("thorough", 600.0).steps == plan_of("thorough", 3600.0).steps


def test_long_recordings_are_read_in_pieces_and_a_transcript_is_of_the_whole(
    model: NativeModel,
) -> None:
    pieces = at_pauses(speech_like(40.0), model.info.patch_samples)
    assert all(7.4 <= piece.seconds <= 15.1 for piece in pieces[:-1])
    assert sum(piece.seconds for piece in pieces) == pytest.approx(40.0, abs=0.2)
    long = Reference(speech_like(40.0), " ".join(["hello there"] * 15))
    (clip,) = speech_of(model, [REFERENCE, long])[1:]
    assert len(clip.latents) == len(clip.units) == pytest.approx(1600, abs=40)
    assert int(clip.units[-1]) <= int((clip.symbols != 2).sum())


def test_clips_that_hold_no_speech_are_passed_over_but_for_the_first(model: NativeModel) -> None:
    silent = Reference(Clip(np.zeros(48000, "f4"), 24000), "nothing")
    assert len(speech_of(model, [REFERENCE, silent, REFERENCE])) == 2
    with pytest.raises(StudioError, match="silent"):
        speech_of(model, [silent])
