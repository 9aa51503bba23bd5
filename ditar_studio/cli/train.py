"""`ditar-studio train`: from a manifest to a model, in steps that can each be resumed.

    train prepare MANIFEST.jsonl --out DATA       decode everything once
    train vae --data DATA --out RUN               the audio VAE
    train reader --data DATA --out RUN            the phonetic reader, which aligns
    train speaker --data DATA --out RUN           the speaker encoder
    train latents --data DATA --vae VAE --reader READER --speaker SPEAKER --out L
                                                  encode, align and embed the corpus with them
    train decoder --data DATA --latents L --out RUN
                                                  the VAE's decoder further, telling it the voice
    train ditar --latents L --vae VAE --out RUN   DiTAR itself
    train rollouts --latents L --from MODEL --out R
                                                  what it says where clips were recorded
    train self-feeding --rollouts R --from MODEL --out RUN
                                                  DiTAR further, on what it feeds back itself

With `--from MODEL` the training of a model goes on. `train latents --from MODEL --speaker SPEAKER`
also gives it another speaker encoder and leaves the result as L/model.safetensors.

All but `prepare`, `latents` and `rollouts` run on several GPUs or machines under `torchrun -m
ditar_studio`.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from operator import attrgetter, methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ditar_studio.cli.console import Console
from ditar_studio.cli.speaking import threads_of
from ditar_studio.errors import StudioError
from ditar_studio.text_file import read_text
from ditar_studio.training.files import MODEL_FILE, READER_FILE, SPEAKER_FILE, VAE_FILE

if TYPE_CHECKING:
    from ditar_studio.model.config import DiTARConfig
    from ditar_studio.model.ditar import DiTAR
    from ditar_studio.model.reader import PhoneticReader
    from ditar_studio.model.speaker import SpeakerEncoder
    from ditar_studio.model.vae import Vae
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
        "rollouts": _rollouts,
        "self-feeding": _self_feeding,
    }
    console = Console.of(arguments)
    threads = threads_of(arguments)
    if threads is not None:
        from ditar_studio.engine.device import use_threads

        use_threads(threads)
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
    from ditar_studio.model.config import PRESETS
    from ditar_studio.text import symbols
    from ditar_studio.training.labels import load_labels
    from ditar_studio.training.vae import VaeData, vae_loop

    corpus, out = _corpus(arguments), Path(arguments.out)
    reader, speaker = _listeners(arguments, _model_to_continue(arguments))
    config = dataclasses.replace(
        PRESETS["builtin"].vae,
        latent_dim=arguments.latent_dim,
        symbols=len(symbols.SYMBOLS),
        speaker=True,
    )
    labels = load_labels(corpus, console.warn)
    data = VaeData(corpus, config.hop, labels, textless=True)
    times = _times(arguments, data.sources)
    loop = vae_loop(config, speaker, reader, data, _loop_config(arguments), out, times=times)
    return _train(loop, attrgetter("vae"), VAE_FILE, arguments, console)


def _listeners(
    arguments: argparse.Namespace, model: DiTAR | None
) -> tuple[PhoneticReader, SpeakerEncoder]:
    """Return the reader and the speaker encoder that files, or else a model, bring."""
    from ditar_studio.model.weights import load_reader, load_speaker

    reader, speaker = (None, None) if model is None else (model.reader, model.speaker)
    if arguments.reader:
        reader = load_reader(Path(arguments.reader))
    if arguments.speaker:
        speaker = load_speaker(Path(arguments.speaker))
    if reader is None or speaker is None:
        raise StudioError(
            "This needs a reader and a speaker encoder.",
            "Name them with --reader and --speaker, or a model that has them with --from.",
        )
    return reader, speaker


def _reader(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from ditar_studio.model.config import VaeConfig
    from ditar_studio.model.reader import PhoneticReader
    from ditar_studio.text import symbols
    from ditar_studio.training.labels import load_labels
    from ditar_studio.training.reader import reader_loop
    from ditar_studio.training.vae import VaeData

    corpus, out = _corpus(arguments), Path(arguments.out)
    model = _model_to_continue(arguments)
    reader = PhoneticReader(VaeConfig(), len(symbols.SYMBOLS))
    if model is not None and model.reader is not None:
        reader = model.reader.requires_grad_(True)
    data = VaeData(corpus, reader.config.hop, load_labels(corpus, console.warn), augment=True)
    times = _times(arguments, data.sources)
    loop = reader_loop(reader, data, _loop_config(arguments), out, times)
    return _train(loop, attrgetter("reader"), READER_FILE, arguments, console)


def _speaker(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from ditar_studio.model.config import VaeConfig
    from ditar_studio.model.speaker import SpeakerEncoder
    from ditar_studio.training.speaker import SpeakerData, speaker_loop

    out = Path(arguments.out)
    data = SpeakerData(_corpus(arguments))
    model = _model_to_continue(arguments)
    speaker = SpeakerEncoder(VaeConfig())
    if model is not None and model.speaker is not None:
        speaker = model.speaker.requires_grad_(True)
    loop = speaker_loop(speaker, data, _loop_config(arguments), out)
    return _train(loop, attrgetter("speaker"), SPEAKER_FILE, arguments, console)


def _latents(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from ditar_studio.model.weights import load_vae, save_model
    from ditar_studio.training.continuation import replace_speaker_encoder
    from ditar_studio.training.labels import load_labels
    from ditar_studio.training.latents import make_latents
    from ditar_studio.training.vae import without_head

    corpus, out = _corpus(arguments), Path(arguments.out)
    model = _model_to_continue(arguments)
    reader, speaker = _listeners(arguments, model)
    vae = None if model is None else model.vae
    if arguments.vae:
        vae = without_head(load_vae(Path(arguments.vae)))
    if vae is None:
        raise StudioError(
            "Latents need a VAE.", "Name it with --vae, or a model that has one with --from."
        )
    values: dict[str, Any] = {}
    if model is not None and arguments.speaker:
        model, values["fit"] = replace_speaker_encoder(model, speaker, corpus)
    labels = load_labels(corpus, console.warn)
    again = bool(arguments.vae)
    aligned = make_latents(vae, reader, speaker, corpus, labels, out, console.warn, again)
    if model is not None:
        model.vae, model.reader = vae, reader
        save_model(model, out / MODEL_FILE)
    return {"aligned": aligned, **values, "out": str(out)}


def _decoder(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from ditar_studio.model.weights import load_reader, load_speaker, load_vae
    from ditar_studio.training.decoder import DecoderData, decoder_loop
    from ditar_studio.training.latents import LatentCorpus

    folder, out = Path(arguments.latents), Path(arguments.out)
    vae = load_vae(folder / VAE_FILE)
    latents = LatentCorpus(folder, vae.config.latent_dim)
    data = DecoderData(_corpus(arguments), latents, vae.config.hop)
    listeners = load_speaker(folder / SPEAKER_FILE), load_reader(folder / READER_FILE)
    times = _times(arguments, data.sources)
    loop = decoder_loop(vae, *listeners, data, _loop_config(arguments), out, times=times)
    return _train(loop, attrgetter("vae"), VAE_FILE, arguments, console)


def _ditar(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from ditar_studio.model.weights import load_vae
    from ditar_studio.training.ditar import DiTARData, ditar_loop, text_gain
    from ditar_studio.training.latents import LatentCorpus
    from ditar_studio.training.reward import Reward

    folder, out = Path(arguments.latents), Path(arguments.out)
    vae = load_vae(Path(arguments.vae) if arguments.vae else folder / VAE_FILE)
    model = _model_to_continue(arguments) or _new_model(arguments.preset, vae, folder)
    if arguments.vae or not arguments.from_model:
        model.vae = vae
    model.requires_grad_(True)
    data = DiTARData(LatentCorpus(folder, vae.config.latent_dim), model.config)
    reward = Reward() if arguments.reward else None
    times = _times(arguments, data.sources)
    loop = ditar_loop(model, data, _loop_config(arguments), out, reward=reward, times=times)
    sample = data.sample()

    def probe(average: Any) -> dict[str, float]:
        return text_gain(average.model, sample)

    return _train(loop, attrgetter("model"), MODEL_FILE, arguments, console, probe)


def _rollouts(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from ditar_studio.engine.native import load
    from ditar_studio.model.sampling import Sampling
    from ditar_studio.training.latents import LatentCorpus
    from ditar_studio.training.rollouts import make_rollouts

    model = load(Path(arguments.from_model))
    settings, config = model.info.default_settings, model.runtime.model.config
    _check_feeds_itself(config)
    corpus = LatentCorpus(Path(arguments.latents), config.vae.latent_dim)
    sampling = Sampling(settings.temperature, settings.guidance, settings.steps)
    out = Path(arguments.out)
    count = make_rollouts(model.runtime, corpus, sampling, out, arguments.seed, console.note)
    return {"rollouts": count, "out": str(out)}


def _self_feeding(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    from ditar_studio.model.weights import load_ditar
    from ditar_studio.training.rollouts import read_rollouts
    from ditar_studio.training.self_feeding import self_feeding_loop

    model = load_ditar(Path(arguments.from_model))
    _check_feeds_itself(model.config)
    rollouts = read_rollouts(Path(arguments.rollouts))
    config, out = _loop_config(arguments), Path(arguments.out)
    loop = self_feeding_loop(model, rollouts, config, out, arguments.share)
    return _train(loop, methodcaller("mean"), MODEL_FILE, arguments, console)


def _check_feeds_itself(config: DiTARConfig) -> None:
    """Raise StudioError if a model can't be trained on rollouts."""
    if not config.pointer or not config.speaker:
        raise StudioError(
            "This model has no text pointer or no speaker embedding.",
            "Choose one of the preset “builtin”.",
        )


def _new_model(name: str, vae: Vae, folder: Path) -> DiTAR:
    from ditar_studio.model.config import PRESETS
    from ditar_studio.model.ditar import DiTAR
    from ditar_studio.model.weights import load_reader, load_speaker
    from ditar_studio.text import symbols

    preset = PRESETS.get(name)
    if preset is None:
        raise StudioError(f"There is no preset “{name}”.", f"Choose one of {', '.join(PRESETS)}.")
    config = dataclasses.replace(
        preset, vae=vae.config, symbols=len(symbols.SYMBOLS), symbol_version=symbols.VERSION
    )
    model = DiTAR(config)
    if config.pointer:
        model.reader = load_reader(folder / READER_FILE)
    if config.speaker:
        model.speaker = load_speaker(folder / SPEAKER_FILE)
    return model


def _model_to_continue(arguments: argparse.Namespace) -> DiTAR | None:
    """Return the model that `--from` names."""
    from ditar_studio.model.weights import load_ditar

    return load_ditar(Path(arguments.from_model)) if arguments.from_model else None


def _times(arguments: argparse.Namespace, sources: list[str]) -> list[int]:
    """Return how often each clip is drawn, by its source and `--repeat`."""
    times = dict(arguments.repeat)
    unknown = sorted(times.keys() - set(sources))
    if unknown:
        raise StudioError(
            f"There is no source “{unknown[0]}” in the corpus.",
            f"Choose among {', '.join(sorted(set(sources)))}.",
        )
    return [times.get(source, 1) for source in sources]


def _train(
    loop: Loop,
    result: Callable[[Any], DiTAR | Vae | PhoneticReader | SpeakerEncoder],
    file: str,
    arguments: argparse.Namespace,
    console: Console,
    probe: Callable[[Any], dict[str, float]] | None = None,
) -> dict[str, Any]:
    """Run a loop from where it was broken off, and save the result of what it trained."""
    from ditar_studio.engine import integrity
    from ditar_studio.model.weights import save_model

    out = Path(arguments.out)
    loop.resume()
    average = loop.run(_reporter(console, arguments.steps), probe)
    (out / integrity.MANIFEST).unlink(missing_ok=True)  # of the weights before
    save_model(result(average), out / file)
    integrity.record(out, [file])
    return {"step": loop.step, "hours": round(loop.seconds_seen / 3600, 3), "out": str(out)}


def _corpus(arguments: argparse.Namespace) -> PreparedCorpus:
    from ditar_studio.training.corpus import PreparedCorpus

    excluded: frozenset[str] = frozenset()
    if arguments.exclude:
        try:
            excluded = frozenset(read_text(Path(arguments.exclude)).split())
        except (OSError, ValueError) as error:
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
        save_minutes=arguments.save_minutes,
        bf16=arguments.bf16,
        workers=arguments.workers,
    )


def _reporter(console: Console, steps: int) -> Callable[[dict[str, Any]], None]:
    def report(row: dict[str, Any]) -> None:
        text = f"step {row['step']}, loss {row['loss']:.4f}, {row['hours']:.2f} h heard"
        console.progress(row["step"] / steps, text)

    return report
