"""Options of `train`, `evaluate` and `benchmark`."""

from __future__ import annotations

import argparse
import math

from ditar_studio.cli.generation_options import (
    add_fine_tune_option,
    add_generation_options,
    add_lora_options,
    add_model_option,
)
from ditar_studio.cli.parsing import REAL, WHOLE, Parser, positive
from ditar_studio.services.generation_settings import MOST_THREADS, PRECISIONS


def _seed(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**63:
        raise argparse.ArgumentTypeError(f"a seed is a whole number from 0 to {2**63 - 1}")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError("a share is above 0 and at most 1")
    return value


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    """Add the options of `evaluate`."""
    parser.add_argument(
        "jobs",
        metavar="JOBS.jsonl",
        help='rows of {"id", "text", "reference", "transcript"}; see resources/models/dev',
    )
    parser.add_argument(
        "--out-dir",
        required=True,
        metavar="DIR",
        help="where seed-N/ID.wav, rows.jsonl and summary.json are written; files that were made "
        "by the same weights with the same settings are kept",
    )
    parser.add_argument("--half", choices=["a", "b"], help="judge this half of the list only")
    parser.add_argument(
        "--seeds",
        type=WHOLE,
        nargs="+",
        metavar="N",
        help="speak every row once with each",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="speak all again, as is needed after a change of the program",
    )
    parser.add_argument("--only-judge", action="store_true", help="judge the files that are there")
    parser.add_argument(
        "--recogniser",
        metavar="DIR",
        help="a further Whisper model in CTranslate2's form that hears the words",
    )
    parser.add_argument(
        "--reconstruct",
        action="store_true",
        help="encode and decode the recordings instead: what the VAE alone lets through",
    )
    parser.add_argument(
        "--vae", metavar="FILE", help="with --reconstruct: a VAE in training, not the model's"
    )
    parser.add_argument("--speaker", metavar="FILE", help="with --vae: its speaker encoder")
    add_fine_tune_option(parser)
    add_generation_options(parser)


def add_benchmark(parser: argparse.ArgumentParser) -> None:
    """Add the options of `benchmark`."""
    add_model_option(parser)
    parser.add_argument("--precision", choices=PRECISIONS)
    add_lora_options(parser)
    parser.add_argument(
        "--steps", type=WHOLE, nargs="+", default=[2, 5, 10, 25], help="default: 2 5 10 25"
    )
    parser.add_argument("--threads", type=WHOLE, nargs="+", help="default: 1 and all cores")
    parser.add_argument("--seconds", type=REAL, default=5.0, help="of speech per measurement")
    parser.add_argument(
        "--long",
        type=REAL,
        metavar="SECONDS",
        help="also compare the speed of so long a text with that of 10 s",
    )


def _source_times(text: str) -> tuple[str, int]:
    source, _, times = text.rpartition("=")
    if not source or not times.isascii() or not times.isdigit() or not 1 <= int(times) <= 100:
        raise argparse.ArgumentTypeError("expected SOURCE=N with N from 1 to 100")
    return source, int(times)


def add_train(parser: argparse.ArgumentParser, common: Parser) -> None:
    """Add the steps of `train` and their options."""
    number, whole = positive(float, "number"), positive(int, "whole number")
    threads, dims = (positive(int, "whole number", most) for most in (MOST_THREADS, 1024))
    steps = parser.add_subparsers(dest="step", metavar="STEP", required=True, parser_class=Parser)

    def step(name: str, text: str, default_steps: int = 0) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = steps.add_parser(
            name, help=text, description=f"{text[0].upper()}{text[1:]}.", parents=[common]
        )
        made.add_argument("--out", required=True, metavar="DIR", help="where the results go")
        if default_steps:
            made.add_argument("--steps", type=whole, default=default_steps, metavar="N")
            made.add_argument("--learning-rate", type=number, default=1e-3, metavar="X")
            made.add_argument("--batch-seconds", type=number, default=40.0, metavar="S")
            made.add_argument("--seed", type=_seed, default=0, metavar="N")
            made.add_argument("--save-every", type=whole, default=500, metavar="N")
            made.add_argument(
                "--save-minutes",
                type=number,
                default=math.inf,
                metavar="M",
                help="at least so often",
            )
            made.add_argument("--threads", type=threads, metavar="N")
            made.add_argument(
                "--workers", type=threads, default=0, metavar="N", help="processes that load ahead"
            )
            made.add_argument(
                "--bf16", action="store_true", help="worth it where products in bfloat16 are quick"
            )
        return made

    prepare = step("prepare", "decode a corpus once")
    prepare.add_argument("manifest", metavar="MANIFEST.jsonl")
    vae = step("vae", "train the audio VAE", 20_000)
    vae.add_argument("--latent-dim", type=dims, default=64, metavar="N")
    reader = step("reader", "train the phonetic reader that aligns text and audio", 10_000)
    speaker = step("speaker", "train the speaker encoder", 2_000)
    latents = step("latents", "encode, align and embed a corpus with trained networks")
    latents.add_argument("--vae", metavar="VAE", help="instead of the model's own")
    for each in (vae, latents):
        for part in ("reader", "speaker"):
            each.add_argument(f"--{part}", metavar=part.upper(), help="instead of the model's own")
    decoder = step("decoder", "train the VAE's decoder further, telling it the voice", 10_000)
    for each in (vae, reader, speaker, latents, decoder):
        each.add_argument("--data", required=True, metavar="DATA", help="made by “prepare”")
        each.add_argument("--exclude", metavar="FILE", help="speakers to leave out, one a line")
    ditar = step("ditar", "train a DiTAR on latents", 50_000)
    rollouts = step("rollouts", "let a model speak a corpus again, to train on what it feeds back")
    feeding = step("self-feeding", "train a DiTAR further, on what it feeds back itself", 200)
    for each in (rollouts, feeding):
        each.add_argument("--from", dest="from_model", required=True, metavar="MODEL")
    feeding.add_argument("--rollouts", required=True, metavar="DIR", help="made by “rollouts”")
    feeding.add_argument(
        "--share",
        type=_share,
        default=0.5,
        metavar="X",
        help="of the trained weights in the mean with those before; default: %(default)s",
    )
    rollouts.add_argument("--seed", type=_seed, default=0, metavar="N")
    rollouts.add_argument("--threads", type=threads, metavar="N")
    for each in (decoder, ditar, rollouts):
        each.add_argument("--latents", required=True, metavar="DIR", help="made by “latents”")
    for each in (vae, reader, speaker, latents, ditar):
        each.add_argument(
            "--from", dest="from_model", metavar="MODEL", help="go on with what this model has"
        )
    for each in (vae, reader, decoder, ditar):
        each.add_argument(
            "--repeat",
            type=_source_times,
            action="append",
            default=[],
            metavar="SOURCE=N",
            help="draw the clips of a source N times as often",
        )
    ditar.add_argument(
        "--reward", action="store_true", help="tune by what the model hears of itself"
    )
    ditar.add_argument("--vae", metavar="VAE", help="with a decoder trained further")
    ditar.add_argument("--preset", default="builtin", help="default: %(default)s")
