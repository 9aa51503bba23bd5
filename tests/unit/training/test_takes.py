from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from fake_model import FakeModel, speech_like

from ditar_studio.audio.clips.files import read_clip
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.engine.voice import Reference
from ditar_studio.errors import StudioError
from ditar_studio.model.config import VaeConfig
from ditar_studio.model.speaker import SpeakerEncoder
from ditar_studio.model.vae import Vae
from ditar_studio.training.evaluation import Take
from ditar_studio.training.jobs import Job
from ditar_studio.training.reconstruction import reconstruct
from ditar_studio.training.takes import TakeFolder

SETTINGS = GenerationSettings()


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    soundfile.write(tmp_path / "one.wav", speech_like(2.0).samples, 24000)
    soundfile.write(tmp_path / "other.wav", speech_like(1.5).samples, 24000)
    other = tmp_path / "other.wav"
    one = Job("a", "hello there", tmp_path / "one.wav", "words", "s", other=other)
    return [one, Job("b", "good morning", tmp_path / "one.wav", "words", "s")]


def make(
    folder: Path,
    jobs: list[Job],
    seeds: tuple[int, ...] = (0,),
    settings: GenerationSettings = SETTINGS,
    model: FakeModel | None = None,
    manner: object = None,
    force: bool = False,
) -> tuple[list[Take], list[str]]:
    """The takes, and the texts that had to be spoken for them."""
    model = model or FakeModel()
    made = TakeFolder(folder, model, settings, manner=manner)
    takes = list(made.make(jobs, seeds, threading.Event(), force))
    assert all(error is None for _, error in takes)
    return [take for take, _ in takes], model.begun


def test_a_job_can_be_spoken_in_another_voice_than_its_reference(
    tmp_path: Path, jobs: list[Job]
) -> None:
    asked: list[str] = []

    def voice(job: Job) -> Reference:
        asked.append(job.id)
        return Reference(tmp_path / "other.wav", "words")

    made = TakeFolder(tmp_path / "out", FakeModel(), SETTINGS, voice=voice)
    assert all(error is None for _, error in made.make(jobs, [0], threading.Event()))
    assert asked == ["a", "b"]


def test_every_job_is_spoken_with_every_seed_and_the_voice_prepared_once(
    tmp_path: Path, jobs: list[Job]
) -> None:
    model = FakeModel()
    takes, begun = make(tmp_path / "out", jobs, (0, 7), model=model)
    assert [take.path.relative_to(tmp_path / "out").as_posix() for take in takes] == [
        "seed-0/a.wav",
        "seed-7/a.wav",
        "seed-0/b.wav",
        "seed-7/b.wav",
    ]
    assert [take.group for take in takes[:2]] == ["seed 0", "seed 7"]
    assert (len(begun), len(model.prepared)) == (4, 1)
    first, second = (read_clip(take.path).samples for take in takes[:2])
    assert not np.array_equal(first, second)


def test_what_is_there_is_kept_while_all_that_made_it_is_the_same(
    tmp_path: Path, jobs: list[Job]
) -> None:
    folder, one = tmp_path / "out", jobs[:1]
    assert make(folder, jobs)[1] == ["hello there", "good morning"]
    assert make(folder, jobs)[1] == []
    assert make(folder, jobs, (0, 1))[1] == ["hello there", "good morning"]
    (folder / "seed-0" / "a.wav").unlink()
    assert make(folder, jobs)[1] == ["hello there"]
    warmer = dataclasses.replace(SETTINGS, temperature=0.9)
    assert make(folder, one, settings=warmer)[1] == ["hello there"]
    assert make(folder, one, settings=warmer, manner=["bf16"])[1] == ["hello there"]
    assert make(folder, one, model=FakeModel(weights_hash="1" * 64))[1] == ["hello there"]
    assert make(folder, [dataclasses.replace(one[0], transcript="others")])[1] == ["hello there"]
    assert make(folder, [dataclasses.replace(one[0], text="bye now")])[1] == ["bye now"]
    assert make(folder, one)[1] == ["hello there"]
    soundfile.write(one[0].reference, speech_like(2.5).samples, 24000)
    assert make(folder, one)[1] == ["hello there"]
    assert make(folder, one)[1] == []
    assert make(folder, one, force=True)[1] == ["hello there"]
    with open(folder / "takes.jsonl", "a") as journal:
        journal.write("{broken\n")
    assert make(folder, one)[1] == []


def test_a_failure_leaves_no_take_of_before_behind(tmp_path: Path, jobs: list[Job]) -> None:
    make(tmp_path / "out", jobs)
    jobs[0].reference.unlink()
    folder = TakeFolder(tmp_path / "out", FakeModel(), SETTINGS)
    errors = [error for _, error in folder.make(jobs, [0], threading.Event())]
    assert ["one.wav" in str(error) for error in errors] == [True, True]
    assert not list((tmp_path / "out").glob("*/*.wav"))


def test_a_cancelled_folder_is_gone_on_with(tmp_path: Path, jobs: list[Job]) -> None:
    cancel = threading.Event()
    folder = TakeFolder(tmp_path / "out", FakeModel(), SETTINGS)
    for _ in folder.make(jobs, [0], cancel):
        cancel.set()
    assert make(tmp_path / "out", jobs)[1] == ["good morning"]


def test_a_folder_that_cannot_be_written_to_is_reported(tmp_path: Path, jobs: list[Job]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StudioError, match="can't be written"):
        make(tmp_path / "file", jobs)


def test_recordings_are_decoded_with_the_voice_of_the_reference(
    tmp_path: Path, jobs: list[Job]
) -> None:
    torch.manual_seed(0)
    vae, speaker = Vae(VaeConfig(speaker=True)), SpeakerEncoder(VaeConfig())
    assert vae.decoder.voice is not None
    torch.nn.init.normal_(vae.decoder.voice.weight)  # which begins at zero
    takes = list(reconstruct(vae, speaker, jobs, tmp_path / "out"))
    assert [(take.job.id, take.group) for take in takes] == [
        ("a", "self"),
        ("a", "recorded"),
        ("a", "decoded"),
        ("b", "self"),
    ]
    assert [take.job.text for take in takes] == ["words", "", "", "words"]
    assert takes[1].path == jobs[0].other
    lengths = [read_clip(take.path).seconds for take in takes]
    assert lengths == pytest.approx([2.0, 1.5, 1.5, 2.0], abs=0.2)
    swapped = dataclasses.replace(
        jobs[0], reference=tmp_path / "other.wav", other=jobs[0].reference
    )
    changed = list(reconstruct(vae, speaker, [swapped], tmp_path / "swapped"))
    own, others = read_clip(takes[0].path), read_clip(changed[2].path)
    assert not np.array_equal(own.samples, others.samples)
