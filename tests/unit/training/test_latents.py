"""Latents of a corpus: all of them and of one run, or none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from fake_model import speech_like
from safetensors.torch import load_file
from tiny_ditar import tiny_config

from ditar_studio.errors import StudioError
from ditar_studio.model.reader import PhoneticReader
from ditar_studio.model.speaker import SpeakerEncoder
from ditar_studio.model.vae import Vae
from ditar_studio.training import latents as module
from ditar_studio.training.corpus import PITCH_HOP, PreparedCorpus
from ditar_studio.training.latents import LatentCorpus, make_latents

CLIPS = 4
LABELS = {f"{number}.wav": [3, 4, 5 + number] for number in range(CLIPS)}


@pytest.fixture(autouse=True)
def any_text_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WORST_FIT", -1e9)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other take many times as long on a machine that is busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def corpus(tmp_path: Path) -> PreparedCorpus:
    root = tmp_path / "corpus"
    root.mkdir()
    rows, waves, start = [], [], 0
    for number in range(CLIPS):
        samples = speech_like(1.5 + 0.1 * number).samples
        samples = samples[: len(samples) // PITCH_HOP * PITCH_HOP]
        row = {"audio": f"{number}.wav", "text": "words", "speaker": "x", "source": ""}
        rows.append({**row, "start": start, "samples": len(samples)})
        waves.append(samples)
        start += len(samples)
    flat = np.concatenate(waves)
    (flat * 32767).astype("<i2").tofile(root / "pcm.i16")
    np.zeros(len(flat) // PITCH_HOP, "<f4").tofile(root / "pitch.f32")
    (root / "index.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return PreparedCorpus(root)


def networks() -> tuple[Vae, PhoneticReader, SpeakerEncoder]:
    torch.manual_seed(0)
    config = tiny_config(False).vae
    made = (Vae(config), PhoneticReader(config, 30), SpeakerEncoder(config))
    for each in made:
        each.eval().requires_grad_(False)
    return made


def make(corpus: PreparedCorpus, out: Path) -> int:
    return make_latents(*networks(), corpus, LABELS, out, lambda _: None)


def content(folder: Path) -> dict[str, bytes]:
    """What is in the files; of networks their tensors, whose order in the file is not fixed."""
    found = {}
    for path in folder.iterdir():
        if path.suffix == ".safetensors":
            tensors = sorted(load_file(path).items())
            found[path.name] = b"".join(t.view(torch.uint8).numpy().tobytes() for _, t in tensors)
        else:
            found[path.name] = path.read_bytes()
    return found


@pytest.mark.parametrize("stage", ["align", "measure_statistics", "encode", "embed", "save"])
def test_an_interrupted_step_leaves_nothing_and_goes_on(
    stage: str, corpus: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    def within(work: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        """What a network does with a clip, until it has done two."""
        clips = iter(range(2))

        def interrupted(wave: torch.Tensor) -> torch.Tensor:
            if next(clips, None) is None:
                raise KeyboardInterrupt
            return work(wave)

        return interrupted

    out = tmp_path / "out"
    vae, reader, speaker = networks()
    with monkeypatch.context() as patch:
        match stage:
            case "align":
                patch.setattr(reader, "forward", within(reader.forward))
            case "encode":
                patch.setattr(module, "encode_corpus", interrupt)
            case "embed":
                patch.setattr(speaker, "frames", within(speaker.frames))
            case "save":
                patch.setattr(module, "save_model", interrupt)
            case _:
                patch.setattr(module, stage, interrupt)
        with pytest.raises(KeyboardInterrupt):
            make_latents(vae, reader, speaker, corpus, LABELS, out, lambda _: None)
    with pytest.raises(StudioError, match="no aligned latents"):
        LatentCorpus(out, 8)
    if stage not in ("align", "measure_statistics"):
        monkeypatch.setattr(module, "align", interrupt)  # it is not done again
    assert make(corpus, out) == CLIPS
    monkeypatch.undo()
    monkeypatch.setattr(module, "_WORST_FIT", -1e9)
    make(corpus, tmp_path / "at once")
    assert content(out) == content(tmp_path / "at once")
    assert len(LatentCorpus(out, 8).entries) == CLIPS


def test_what_other_networks_began_is_not_gone_on_with(
    corpus: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    vae, reader, speaker = networks()
    torch.nn.init.normal_(next(vae.encoder.parameters()))
    with monkeypatch.context() as patch:
        patch.setattr(module, "embed_corpus", interrupt)
        with pytest.raises(KeyboardInterrupt):
            make_latents(vae, reader, speaker, corpus, LABELS, tmp_path / "out", lambda _: None)
    make(corpus, tmp_path / "out")
    make(corpus, tmp_path / "at once")
    assert content(tmp_path / "out") == content(tmp_path / "at once")


def test_a_corpus_whose_texts_do_not_fit_is_an_error(
    corpus: PreparedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WORST_FIT", 1.0)
    with pytest.raises(StudioError, match="No text"):
        make(corpus, tmp_path / "out")
    with pytest.raises(StudioError, match="no aligned latents"):
        LatentCorpus(tmp_path / "out", 8)


@pytest.mark.parametrize(
    ("name", "cut"),
    [
        ("latents.f16", -16),
        ("latents.f16", -2),
        ("units.i16", -2),
        ("voices.f16", -2),
        ("voices.f16", -1024),
        ("latents.jsonl", -9),
        ("latents.jsonl", -(10**6)),
    ],
)
def test_latents_that_are_not_whole_are_refused(
    corpus: PreparedCorpus, tmp_path: Path, name: str, cut: int
) -> None:
    make(corpus, tmp_path / "out")
    path = tmp_path / "out" / name
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(StudioError, match="not complete"):
        LatentCorpus(tmp_path / "out", 8)
