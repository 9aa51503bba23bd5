"""`ditar-studio train`: from a manifest to a model, in seven steps that can each be resumed.

    train prepare MANIFEST.jsonl --out DATA       decode everything once
    train vae --data DATA --out RUN               the audio VAE
    train reader --data DATA --out RUN            the phonetic reader, which aligns
    train speaker --data DATA --out RUN           the speaker encoder
    train latents --data DATA --vae VAE --reader READER --speaker SPEAKER --out L
                                                  encode, align and embed the corpus with them
    train decoder --data DATA --latents L --out RUN
                                                  the VAE's decoder further, telling it the voice
    train ditar --latents L --vae VAE --out RUN   DiTAR itself

All but `prepare` and `latents` run on several GPUs or machines under `torchrun -m ditar_studio`.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ditar_studio.cli.console import Console
from ditar_studio.errors import StudioError
from ditar_studio.training.files import MODEL_FILE, READER_FILE, SPEAKER_FILE, VAE_FILE

if TYPE_CHECKING:
    from ditar_studio.training.corpus import PreparedCorpus
    from ditar_studio.training.loop import Loop, LoopConfig


def run(arguments: argparse.Namespace) -> int:
    """Run one step of a training."""
    steps: dict[str, Callable[[argparse.Namespace, Console], dict[str, Any]]] = {
        "prepare": _prepare,
        "vae": _vae,
        "reader": _reader,
        "speaker": _speaker,
        "latents": _latents,
        "decoder": _decoder,
        "ditar": _ditar,
    }
    console = Console.of(arguments)
    if getattr(arguments, "threads", None):
        from ditar_studio.engine.device import use_threads

        use_threads(arguments.threads)
    if "seed" in arguments:
        import torch

        torch.manual_seed(arguments.seed)  # before any network is built
    values = steps[arguments.step](arguments, console)
    console.result(values, ", ".join(f"{name}: {value}" for name, value in values.items()))
    return 0


def _prepare(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from ditar_studio.training.corpus import prepare

    clips = prepare(Path(arguments.manifest), Path(arguments.out), console.warn)
    return {"clips": clips, "out": arguments.out}


def _vae(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from ditar_studio.model.config import VaeConfig
    from ditar_studio.text import symbols
    from ditar_studio.training.labels import load_labels
    from ditar_studio.training.vae import VaeData, vae_loop

    corpus = _corpus(arguments)
    out = Path(arguments.out)
    config = VaeConfig(latent_dim=arguments.latent_dim, symbols=len(symbols.SYMBOLS))
    data = VaeData(corpus, config.hop, load_labels(corpus, console.warn))
    loop = vae_loop(config, data, _loop_config(arguments), out)
    return _train(loop, "vae", VAE_FILE, arguments, console)


def _reader(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from ditar_studio.model.config import VaeConfig
    from ditar_studio.model.reader import PhoneticReader
    from ditar_studio.text import symbols
    from ditar_studio.training.labels import load_labels
    from ditar_studio.training.reader import reader_loop
    from ditar_studio.training.vae import VaeData

    corpus, out = _corpus(arguments), Path(arguments.out)
    reader = PhoneticReader(VaeConfig(), len(symbols.SYMBOLS))
    data = VaeData(corpus, reader.config.hop, load_labels(corpus, console.warn), augment=True)
    loop = reader_loop(reader, data, _loop_config(arguments), out)
    return _train(loop, "reader", READER_FILE, arguments, console)


def _speaker(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from ditar_studio.model.config import VaeConfig
    from ditar_studio.model.speaker import SpeakerEncoder
    from ditar_studio.training.speaker import SpeakerData, speaker_loop

    out = Path(arguments.out)
    data = SpeakerData(_corpus(arguments))
    loop = speaker_loop(SpeakerEncoder(VaeConfig()), data, _loop_config(arguments), out)
    return _train(loop, "speaker", SPEAKER_FILE, arguments, console)


def _latents(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from ditar_studio.model.weights import load_reader, load_speaker, load_vae
    from ditar_studio.training.labels import load_labels
    from ditar_studio.training.latents import make_latents
    from ditar_studio.training.vae import without_head

    corpus, out = _corpus(arguments), Path(arguments.out)
    labels = load_labels(corpus, console.warn)
    vae, reader = without_head(load_vae(Path(arguments.vae))), load_reader(Path(arguments.reader))
    speaker = load_speaker(Path(arguments.speaker))
    aligned = make_latents(vae, reader, speaker, corpus, labels, out, console.warn)
    return {"aligned": aligned, "out": str(out)}


def _decoder(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from ditar_studio.model.weights import load_reader, load_speaker, load_vae
    from ditar_studio.training.decoder import DecoderData, decoder_loop
    from ditar_studio.training.latents import LatentCorpus

    folder, out = Path(arguments.latents), Path(arguments.out)
    vae = load_vae(folder / VAE_FILE)
    latents = LatentCorpus(folder, vae.config.latent_dim)
    data = DecoderData(_corpus(arguments), latents, vae.config.hop)
    listeners = load_speaker(folder / SPEAKER_FILE), load_reader(folder / READER_FILE)
    loop = decoder_loop(vae, *listeners, data, _loop_config(arguments), out)
    return _train(loop, "vae", VAE_FILE, arguments, console)


def _ditar(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from ditar_studio.model.config import PRESETS
    from ditar_studio.model.ditar import DiTAR
    from ditar_studio.model.weights import load_reader, load_speaker, load_vae
    from ditar_studio.text import symbols
    from ditar_studio.training.ditar import DiTARData, ditar_loop, text_gain
    from ditar_studio.training.latents import LatentCorpus

    folder, out = Path(arguments.latents), Path(arguments.out)
    vae = load_vae(Path(arguments.vae) if arguments.vae else folder / VAE_FILE)
    preset = PRESETS.get(arguments.preset)
    if preset is None:
        raise StudioError(
            f"There is no preset “{arguments.preset}”.", f"Choose one of {', '.join(PRESETS)}."
        )
    config = dataclasses.replace(
        preset, vae=vae.config, symbols=len(symbols.SYMBOLS), symbol_version=symbols.VERSION
    )
    model = DiTAR(config)
    model.vae = vae
    if config.pointer:
        model.reader = load_reader(folder / READER_FILE)
    if config.speaker:
        model.speaker = load_speaker(folder / SPEAKER_FILE)
    data = DiTARData(LatentCorpus(folder, vae.config.latent_dim), config)
    loop = ditar_loop(model, data, _loop_config(arguments), out)
    sample = data.sample()

    def probe(average: Any) -> dict[str, float]:
        return text_gain(average.model, sample)

    return _train(loop, "model", MODEL_FILE, arguments, console, probe)


def _train(
    loop: Loop,
    part: str,
    file: str,
    arguments: argparse.Namespace,
    console: Console,
    probe: Callable[[Any], dict[str, float]] | None = None,
) -> dict[str, Any]:
    """Run a loop from where it was broken off, and save one part of what it trained."""
    from ditar_studio.model.weights import save_model

    out = Path(arguments.out)
    loop.resume()
    average = loop.run(_reporter(console, arguments.steps), probe)
    save_model(getattr(average, part), out / file)
    return {"step": loop.step, "hours": round(loop.seconds_seen / 3600, 3), "out": str(out)}


def _corpus(arguments: argparse.Namespace) -> PreparedCorpus:
    from ditar_studio.training.corpus import PreparedCorpus

    excluded: frozenset[str] = frozenset()
    if arguments.exclude:
        try:
            excluded = frozenset(Path(arguments.exclude).read_text(encoding="utf-8").split())
        except (OSError, UnicodeDecodeError) as error:
            raise StudioError(
                f"The list of speakers “{arguments.exclude}” can't be read.", "Check the path."
            ) from error
    return PreparedCorpus(Path(arguments.data), excluded)


def _loop_config(arguments: argparse.Namespace) -> LoopConfig:
    from ditar_studio.training.loop import LoopConfig

    return LoopConfig(
        steps=arguments.steps,
        learning_rate=arguments.learning_rate,
        batch_seconds=arguments.batch_seconds,
        seed=arguments.seed,
        save_every=arguments.save_every,
        bf16=arguments.bf16,
    )


def _reporter(console: Console, steps: int) -> Callable[[dict[str, Any]], None]:
    def report(row: dict[str, Any]) -> None:
        text = f"step {row['step']}, loss {row['loss']:.4f}, {row['hours']:.2f} h heard"
        console.progress(row["step"] / steps, text)

    return report
