"""Fine-tuning voices of the library, and references beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from fake_model import speech_like
from small_ditar import save_small_ditar
from tuning import BEFORE, CLOSER, FURTHER, STEPS, hears, short_tunings

from ditar_studio.engine.load import load_model
from ditar_studio.engine.speech_model import SpeechModel
from ditar_studio.engine.tuning_events import (
    InstantKept,
    TuningCancelled,
    TuningControl,
    TuningEvent,
    VoiceTuned,
)
from ditar_studio.engine.voice import Reference
from ditar_studio.errors import StudioError
from ditar_studio.inference.adapter import load_adapter
from ditar_studio.services.fine_tuning import TunedReferences, is_outdated, tune_voice
from ditar_studio.services.references import reference_of
from ditar_studio.store.library import Library
from ditar_studio.store.voice import NewSample, Voice


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with short_tunings(monkeypatch):
        yield


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> SpeechModel:
    return load_model(save_small_ditar(tmp_path_factory.mktemp("model") / "small"))


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    clip, path = speech_like(3.0), tmp_path / "anna.wav"
    soundfile.write(path, clip.samples, clip.sample_rate)
    return path


@pytest.fixture
def voice(library: Library, wav: Path) -> Voice:
    samples = [NewSample(wav, "hello there"), NewSample(wav, "hello you there")]
    return library.voices.create("Anna", samples).value


def test_a_voice_is_tuned_on_all_its_samples_and_speaks_so_until_that_is_undone(
    library: Library, voice: Voice, model: SpeechModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    hears(monkeypatch, BEFORE, CLOSER)
    *_, end = tune_voice(library, voice.id, model, "quick")
    assert isinstance(end, VoiceTuned)
    tuned = library.voices.get(voice.id)
    assert tuned.adapter is not None
    assert tuned.adapter.card["clips"] == [sample.hash for sample in voice.samples]
    assert tuned.adapter.card["seconds"] == pytest.approx(6.0, abs=0.5)
    assert reference_of(tuned).adapter == tuned.adapter.path
    assert not is_outdated(tuned, model)
    library.undo()
    assert reference_of(library.voices.get(voice.id)).adapter is None


def test_an_instant_voice_stays_one_where_tuning_does_not_help(
    library: Library, voice: Voice, model: SpeechModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    hears(monkeypatch, BEFORE, FURTHER, FURTHER, FURTHER)
    *_, end = tune_voice(library, voice.id, model, "quick")
    assert isinstance(end, InstantKept)
    assert library.voices.get(voice.id) == voice
    control = TuningControl()
    control.cancel()
    hears(monkeypatch, BEFORE)
    *_, end = tune_voice(library, voice.id, model, "quick", control)
    assert end == TuningCancelled()
    assert library.voices.get(voice.id) == voice


def test_another_sample_or_model_makes_a_tuned_voice_outdated(
    library: Library,
    voice: Voice,
    wav: Path,
    model: SpeechModel,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    hears(monkeypatch, BEFORE, CLOSER)
    list(tune_voice(library, voice.id, model, "quick"))
    other = load_model(save_small_ditar(tmp_path / "other", seed=1))
    assert is_outdated(library.voices.get(voice.id), other)
    more = library.voices.add_sample(voice.id, NewSample(wav, "hello again there")).value
    assert is_outdated(more, model)
    assert not is_outdated(library.voices.make_instant(voice.id).value, model)


def test_a_voice_without_a_sample_is_refused(library: Library, model: SpeechModel) -> None:
    bare = library.voices.create("Nobody").value
    with pytest.raises(StudioError, match="no recording"):
        reference_of(bare)
    with pytest.raises(StudioError, match="no recording"):
        list(tune_voice(library, bare.id, model, "quick"))


def test_a_reference_is_tuned_once_whatever_its_file_is_called(
    wav: Path, model: SpeechModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    received: list[TuningEvent] = []
    tuned = TunedReferences(model, "quick", received.append, tmp_path / "kept")
    hears(monkeypatch, BEFORE, CLOSER)
    first = tuned.get(Reference(wav, "hello there"))
    assert first.adapter is not None
    assert len(received) == 1 + STEPS + 1
    copy = tmp_path / "copy.wav"
    copy.write_bytes(wav.read_bytes())
    again = TunedReferences(model, "quick", received.append, tmp_path / "kept")
    assert again.get(Reference(copy, "hello there")).adapter == first.adapter
    assert len(received) == 1 + STEPS + 1
    hears(monkeypatch, BEFORE, CLOSER)
    assert again.get(Reference(copy, "hello you")).adapter != first.adapter


def test_further_recordings_and_another_method_make_another_voice(
    wav: Path, model: SpeechModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tuned = TunedReferences(model, "quick", lambda event: None, tmp_path / "kept")
    reference, more = Reference(wav, "hello there"), [Reference(wav, "hello you")]
    adapters = []
    for given, method in (([], "1"), (more, "1"), ([], "2")):
        monkeypatch.setattr("ditar_studio.engine.fine_tuning.METHOD", method)
        hears(monkeypatch, BEFORE, CLOSER)
        adapters.append(tuned.get(reference, more=given).adapter)
    assert len(set(adapters)) == 3
    assert load_adapter(adapters[1], model.info.weights_hash).card.clips == (
        reference.hash(),
        more[0].hash(),
    )


def test_that_tuning_did_not_help_is_remembered(
    wav: Path, model: SpeechModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    received: list[TuningEvent] = []
    tuned = TunedReferences(model, "quick", received.append, tmp_path / "kept")
    reference = Reference(wav, "hello there")
    hears(monkeypatch, BEFORE, FURTHER, FURTHER, FURTHER)
    assert tuned.get(reference) == reference
    received.clear()
    assert tuned.get(reference) == reference
    assert not received


def test_only_the_last_used_are_kept(
    wav: Path, model: SpeechModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("ditar_studio.services.fine_tuning._MOST_CACHED", 1)
    tuned = TunedReferences(model, "quick", lambda event: None, tmp_path / "kept")
    for words in ("hello there", "hello you"):
        hears(monkeypatch, BEFORE, CLOSER)
        last = tuned.get(Reference(wav, words))
    assert [*(tmp_path / "kept").iterdir()] == [last.adapter]
