"""The commands and their options."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Any, NoReturn

from ditar_studio.cli import streams
from ditar_studio.cli.book_options import add_book_options
from ditar_studio.engine.settings import MOST_CANDIDATES
from ditar_studio.installation import program
from ditar_studio.version import __version__


class UsageError(Exception):
    """What the options are wrong about, as a sentence with its remedy."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence and where help is; options are written out."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Refuse wrong usage."""
        raise UsageError(
            f"{message[:1].upper()}{message[1:]}.", f"Run “{self.prog} --help” for the options."
        )

    def _print_message(self, message: str, file: Any = None) -> None:
        """What help and version say."""
        streams.deliver(message.rstrip("\n"))


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = Parser(
        prog=program(),
        description="Clone a voice on your own computer. Without a command the studio opens, or, "
        "where there is no display, a demonstration is spoken into demo.wav.",
    )
    parser.add_argument("--version", action="version", version=f"DiTAR Studio {__version__}")
    parser.add_argument("--debug", action="store_true", help="show where a failure happened")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)

    common = Parser(add_help=False)
    common.add_argument(
        "--debug",
        action="store_true",
        default=argparse.SUPPRESS,
        help="show where a failure happened",
    )
    common.add_argument("--json", action="store_true", help="print one JSON object as the result")
    common.add_argument("--quiet", action="store_true", help="say nothing but warnings and errors")

    def command(name: str, text: str, **options: Any) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = commands.add_parser(
            name,
            help=text,
            description=f"{text[0].upper()}{text[1:]}.",
            parents=[common],
            **options,
        )
        return made

    studio = command("studio", "open the studio")
    studio.add_argument("arguments", nargs="*", metavar="PROJECT", help="a project to open")
    _add_speak(command("speak", "speak a text in the voice of a reference clip, into a WAV file"))
    _add_batch(command("batch", "speak many texts, one WAV file each; can be resumed"))
    book = command("book", "speak a document as an audiobook with chapters; can be resumed")
    add_book_options(book)
    add_generation_options(book)
    demo = command("demo", "clone the bundled sample voice into demo.wav")
    demo.add_argument("--out", metavar="OUT.wav", help="default: demo.wav, or another free name")
    _add_force(demo)
    demo.add_argument("--model", metavar="NAME|PATH", help="default: the built-in model")
    _add_benchmark(command("benchmark", "measure speed and memory by steps and threads"))
    serve = command("serve", "offer speech to other programs on this machine, OpenAI-compatible")
    serve.add_argument("--port", type=_number(int, "whole number"), default=8765, metavar="N")
    serve.add_argument("--model", metavar="NAME|PATH", help="default: the built-in model")
    _add_evaluate(command("evaluate", "speak a list of jobs and let independent judges listen"))
    _add_train(command("train", "train a VAE or a DiTAR on a corpus of your own"), common)
    _add_models(command("models", "list, download, check, move and remove models"), common)
    _add_voices(command("voices", "keep voices in the library, and fine-tune them"), common)
    verify = command("verify", "tell whether sound files are speech that this program made")
    verify.add_argument("files", nargs="+", metavar="FILE", help="WAV, FLAC, MP3, Opus and others")
    command("doctor", "tell what works on this machine, and why not")
    return parser


def _number(kind: Callable[[str], Any], name: str) -> Callable[[str], Any]:
    def convert(text: str) -> Any:
        return kind(text)

    convert.__name__ = name
    return convert


def _positive(kind: Callable[[str], Any], name: str, most: float = 1e12) -> Callable[[str], Any]:
    """As `_number`, of numbers above 0 and up to `most`."""

    def convert(text: str) -> Any:
        value = kind(text)
        if not 0 < value <= most:
            raise argparse.ArgumentTypeError(f"“{text}” is no {name} above 0 and up to {most:g}")
        return value

    convert.__name__ = name
    return convert


def _seed(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**63:
        raise argparse.ArgumentTypeError(f"a seed is a whole number from 0 to {2**63 - 1}")
    return value


def add_generation_options(parser: argparse.ArgumentParser) -> None:
    """The options that settings and models have in common."""
    number, whole = _number(float, "number"), _number(int, "whole number")
    parser.add_argument(
        "--model", metavar="NAME|PATH", help="a model or its folder; default: the built-in one"
    )
    parser.add_argument(
        "--temperature",
        type=number,
        metavar="T",
        help="0 speaks the same every time, 1 is the most varied",
    )
    parser.add_argument(
        "--guidance", type=number, metavar="W", help="how strictly the text is followed; 0 is off"
    )
    parser.add_argument("--steps", type=whole, metavar="N", help="network evaluations per patch")
    parser.add_argument(
        "--seed", type=whole, metavar="N", help="the same seed gives the same sound; default: 0"
    )
    parser.add_argument(
        "--max-seconds", type=number, metavar="S", help="no sentence gets longer than this"
    )
    parser.add_argument(
        "--stop-threshold", type=number, metavar="P", help="when the model's end mark is believed"
    )
    parser.add_argument(
        "--pause", type=number, metavar="S", help="silence between sentences, in seconds"
    )
    parser.add_argument(
        "--candidates",
        type=whole,
        metavar="N",
        help=f"speak each sentence N times, up to {MOST_CANDIDATES}, and keep what the "
        "model itself hears best",
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        default=None,
        help="let the model hear each sentence, and warn where words may be missing",
    )
    parser.add_argument("--mode", help="how a model that knows several uses the reference")
    parser.add_argument("--style", help="a description of the way of speaking, for some models")
    parser.add_argument(
        "--precision", choices=["fp32", "bf16", "int8"], help="of the model's numbers"
    )
    add_lora_options(parser)
    parser.add_argument(
        "--threads", type=whole, metavar="N", help="cores to use; default: all, up to 8"
    )
    parser.add_argument("--lexicon", metavar="FILE", help="your own pronunciations")
    parser.add_argument(
        "--subtype",
        choices=["PCM_16", "PCM_24", "FLOAT"],
        default="PCM_16",
        help="of the WAV's samples; default: %(default)s",
    )
    parser.add_argument(
        "--patches",
        type=whole,
        metavar="N",
        help="make exactly N patches, without splitting the text or watching over it",
    )


def add_lora_options(parser: argparse.ArgumentParser) -> None:
    """A LoRA and its strength."""
    parser.add_argument(
        "--lora", metavar="DIR", help="a folder with a LoRA to merge into a VoxCPM model"
    )
    parser.add_argument(
        "--lora-alpha",
        type=_number(float, "number"),
        metavar="X",
        help="the LoRA's alpha, if its folder has no lora_config.json",
    )


def _add_speak(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reference", metavar="CLIP", help="a recording of the voice, 1 to 30 s")
    parser.add_argument(
        "--transcript", default="", help="the words spoken in it; the built-in voice needs none"
    )
    parser.add_argument(
        "--voice", metavar="NAME", help="a voice of the library, or a sample voice, instead"
    )
    add_fine_tune_option(parser)
    parser.add_argument("--text", help="what to say")
    parser.add_argument("--text-file", metavar="FILE", help="read the text from a file; - is stdin")
    parser.add_argument(
        "--out",
        required=True,
        metavar="OUT.wav",
        help="the file to write; until it is whole, OUT~growing.wav",
    )
    _add_force(parser)
    add_generation_options(parser)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
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
        type=_number(int, "whole number"),
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


def _add_force(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--force", action="store_true", help="replace another file of this name, at the end"
    )


def _add_batch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "jobs",
        metavar="JOBS.jsonl",
        help='rows of {"id", "text", "reference", "transcript"}, optionally with "seed", '
        '"temperature", "guidance" and "steps"',
    )
    parser.add_argument("--out-dir", required=True, metavar="DIR", help="where ID.wav are written")
    parser.add_argument("--force", action="store_true", help="speak what is done already again")
    add_fine_tune_option(parser)
    add_generation_options(parser)


def _add_models(parser: argparse.ArgumentParser, common: Parser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION")

    def action(name: str, text: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = actions.add_parser(
            name, help=text, description=text, parents=[common]
        )
        made.add_argument("--folder", metavar="DIR", help="where models are kept")
        return made

    action("list", "what is here and what can be downloaded")
    add = action("add", "use a folder where it lies")
    add.add_argument("path", metavar="DIR")
    add.add_argument("--name", help="default: the folder's")
    action("download", "fetch a model, or the rest of it").add_argument("name")
    action("verify", "check a model's files").add_argument("name")
    move = action("move", "move a model into another folder")
    move.add_argument("name")
    move.add_argument("path", metavar="DIR")
    action("remove", "delete a model, or take an added folder off the list").add_argument("name")
    parser.set_defaults(folder=None)


def _add_voices(parser: argparse.ArgumentParser, common: Parser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION")

    def action(name: str, text: str, *names: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = actions.add_parser(
            name, help=text, description=f"{text[0].upper()}{text[1:]}.", parents=[common]
        )
        for each in names:
            made.add_argument(each.lower(), metavar=each)
        return made

    def tuning_options(made: argparse.ArgumentParser) -> None:
        made.add_argument("--model", metavar="NAME|PATH", help="default: the built-in model")
        made.add_argument("--threads", type=_number(int, "whole number"), metavar="N")

    action("list", "list the voices")
    add = action("add", "save a voice", "NAME")
    add.add_argument(
        "--reference",
        action="append",
        required=True,
        metavar="CLIP",
        help="a recording of the voice; may be given several times, it speaks from the first",
    )
    add.add_argument(
        "--transcript",
        action="append",
        metavar="TEXT",
        help="the words spoken in a recording, in the same order; can be left out",
    )
    add_fine_tune_option(add)
    add.add_argument("--consent", default="", metavar="TEXT", help="who allowed it, and when")
    add.add_argument("--note", default="", metavar="TEXT")
    add.add_argument("--tag", action="append", metavar="TAG", help="may be given several times")
    tuning_options(add)
    action("show", "tell what a voice was made from", "NAME")
    tune = action("fine-tune", "make a voice closer to its recordings", "NAME")
    tune.add_argument(
        "--level",
        choices=["off", "quick", "thorough"],
        default="quick",
        help="off makes it an instant voice again; quick takes a quarter of a minute, thorough "
        "minutes; default: %(default)s",
    )
    tuning_options(tune)
    _add_force(action("export", "write a voice into one file", "NAME", "PATH"))
    action("import", "add the voice that is in a file", "PATH")
    action("remove", "put a voice into the trash", "NAME")


def add_fine_tune_option(parser: argparse.ArgumentParser) -> None:
    """How far a voice is fine-tuned to its recording before it speaks."""
    parser.add_argument(
        "--fine-tune",
        choices=["off", "quick", "thorough"],
        default="off",
        help="make the voice closer to its recording first: quick takes a quarter of a minute, "
        "thorough minutes; default: %(default)s",
    )


def _add_benchmark(parser: argparse.ArgumentParser) -> None:
    whole = _number(int, "whole number")
    parser.add_argument("--model", metavar="NAME|PATH", help="default: the built-in model")
    parser.add_argument("--precision", choices=["fp32", "bf16", "int8"])
    add_lora_options(parser)
    parser.add_argument(
        "--steps", type=whole, nargs="+", default=[2, 5, 10, 25], help="default: 2 5 10 25"
    )
    parser.add_argument("--threads", type=whole, nargs="+", help="default: 1 and all cores")
    parser.add_argument(
        "--seconds", type=_number(float, "number"), default=5.0, help="of speech per measurement"
    )
    parser.add_argument(
        "--long",
        type=_number(float, "number"),
        metavar="SECONDS",
        help="also compare the speed of so long a text with that of 10 s",
    )


def _source_times(text: str) -> tuple[str, int]:
    source, _, times = text.rpartition("=")
    if not source or not times.isascii() or not times.isdigit() or not 1 <= int(times) <= 100:
        raise argparse.ArgumentTypeError("expected SOURCE=N with N from 1 to 100")
    return source, int(times)


def _add_train(parser: argparse.ArgumentParser, common: Parser) -> None:
    number, whole = _positive(float, "number"), _positive(int, "whole number")
    threads, dims = (_positive(int, "whole number", most) for most in (256, 1024))
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
                "--bf16", action="store_true", help="worth it where products in bfloat16 are quick"
            )
        return made

    prepare = step("prepare", "decode a corpus once")
    prepare.add_argument("manifest", metavar="MANIFEST.jsonl")
    vae = step("vae", "train the audio VAE", 20_000)
    vae.add_argument("--latent-dim", type=dims, default=32, metavar="N")
    reader = step("reader", "train the phonetic reader that aligns text and audio", 10_000)
    speaker = step("speaker", "train the speaker encoder", 2_000)
    latents = step("latents", "encode, align and embed a corpus with trained networks")
    for part in ("vae", "reader", "speaker"):
        latents.add_argument(f"--{part}", metavar=part.upper(), help="instead of the model's own")
    decoder = step("decoder", "train the VAE's decoder further, telling it the voice", 10_000)
    for each in (vae, reader, speaker, latents, decoder):
        each.add_argument("--data", required=True, metavar="DATA", help="made by “prepare”")
        each.add_argument("--exclude", metavar="FILE", help="speakers to leave out, one a line")
    ditar = step("ditar", "train a DiTAR on latents", 50_000)
    for each in (decoder, ditar):
        each.add_argument("--latents", required=True, metavar="DIR", help="made by “latents”")
    for each in (reader, speaker, latents, ditar):
        each.add_argument(
            "--from", dest="from_model", metavar="MODEL", help="go on with what this model has"
        )
    for each in (reader, decoder, ditar):
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
