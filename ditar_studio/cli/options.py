"""The commands and their options."""

from __future__ import annotations

import argparse
from typing import Any, get_args

from ditar_studio.cli.book_options import add_book_options
from ditar_studio.cli.generation_options import (
    FINE_TUNE_LEVELS,
    add_fine_tune_option,
    add_generation_options,
    add_model_option,
    add_threads_option,
    add_watermark_option,
)
from ditar_studio.cli.parsing import REAL, WHOLE, Parser, add_common, examples
from ditar_studio.cli.training_options import add_benchmark, add_evaluate, add_train
from ditar_studio.installation import program
from ditar_studio.services.export_settings import Layout, Subtitles
from ditar_studio.services.formats import ENCODINGS
from ditar_studio.version import __version__

PIPE_FORMATS = ("wav", "raw", "flac", "mp3", "opus")
EXPORT_FORMATS = tuple(ENCODINGS)
EXPORT_LAYOUTS = get_args(Layout)
EXPORT_SUBTITLES = get_args(Subtitles)
SHELLS = ("bash", "zsh", "fish", "powershell")

_DEFAULT = "default: %(default)s"


def build_parser() -> argparse.ArgumentParser:
    """Build the whole command line."""
    parser = Parser(
        prog=program(),
        description="Clone a voice on your own computer. Without a command the studio opens, or, "
        "where there is no display, a demonstration is spoken into demo.wav.",
    )
    parser.add_argument("-V", "--version", action="version", version=f"DiTAR Studio {__version__}")
    add_common(parser, first=True)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    common = Parser(add_help=False)
    add_common(common, first=False)

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
    _add_speak(
        command(
            "speak",
            "speak a text in a voice, into a sound file or a pipe",
            epilog=examples(
                'ditar-studio speak "Hello there." --voice Emma --out hello.mp3',
                "ditar-studio speak --text-file book.txt --reference me.wav --out book.flac",
                "echo Hello. | ditar-studio speak - --voice Emma --out - | aplay",
            ),
        )
    )
    _add_batch(command("batch", "speak many texts, one WAV file each; can be resumed"))
    book = command("book", "speak a document as an audiobook with chapters; can be resumed")
    add_book_options(book)
    add_watermark_option(book)
    add_generation_options(book)
    demo = command("demo", "clone the bundled sample voice into demo.wav")
    demo.add_argument("--out", metavar="OUT.wav", help="default: demo.wav, or another free name")
    _add_force(demo)
    add_model_option(demo)
    add_benchmark(command("benchmark", "measure speed and memory by steps and threads"))
    serve = command("serve", "offer speech to other programs on this machine, OpenAI-compatible")
    serve.add_argument(
        "--port", type=WHOLE, default=8765, metavar="N", help="0 to 65535; default: %(default)s"
    )
    add_model_option(serve)
    add_watermark_option(serve)
    mcp = command(
        "mcp",
        "let agents speak, over the Model Context Protocol",
        epilog=examples(
            "claude mcp add ditar-studio -- ditar-studio mcp",
            "ditar-studio mcp --http        # tells its address and a token",
        ),
    )
    mcp.add_argument(
        "--http",
        action="store_true",
        help="over streamable HTTP on this machine, instead of stdin and stdout",
    )
    mcp.add_argument(
        "--port", type=WHOLE, default=8766, metavar="N", help="of --http; default: %(default)s"
    )
    add_model_option(mcp)
    add_watermark_option(mcp)
    wyoming = command("wyoming", "speak for Home Assistant, over the Wyoming protocol")
    wyoming.add_argument(
        "--uri",
        default="tcp://127.0.0.1:10200",
        help="where to serve: tcp://HOST:PORT or unix://PATH; default: %(default)s",
    )
    wyoming.add_argument(
        "--voice", metavar="NAME", help="who speaks where Home Assistant names nobody"
    )
    add_model_option(wyoming)
    add_watermark_option(wyoming)
    module = command("speech-dispatcher", "speak for screen readers, as Speech Dispatcher's module")
    module.add_argument(
        "--print-config", action="store_true", help="print the line for speechd.conf instead"
    )
    module.add_argument("--voice", metavar="NAME", help="who speaks until another one is chosen")
    add_model_option(module)
    add_evaluate(command("evaluate", "speak a list of jobs and let independent judges listen"))
    add_train(command("train", "train a VAE or a DiTAR on a corpus of your own"), common)
    _add_models(command("models", "list, download, check, move and remove models"), common)
    _add_voices(command("voices", "keep voices in the library, and fine-tune them"), common)
    command("projects", "list the studio's projects")
    _add_export(
        command(
            "export",
            "write a project as sound files",
            epilog=examples(
                'ditar-studio export "My book" --out-dir book --format mp3 --layout per_line',
                'ditar-studio export "My book" --out-dir book --speak --subtitles srt',
            ),
        )
    )
    import_ = command(
        "import", "take a voice, or a project from an exported sound, into the library"
    )
    import_.add_argument("path", metavar="FILE", help="a .ditarvoice file, or an exported sound")
    import_.add_argument("--name", help="of the project; default: the file's")
    import_.add_argument("--voice", metavar="NAME", help="who speaks lines that name nobody")
    verify = command("verify", "tell whether sound files are speech that this program made")
    verify.add_argument("files", nargs="+", metavar="FILE", help="WAV, FLAC, MP3, Opus and others")
    command("doctor", "tell what works on this machine, and why not")
    _add_config(command("config", "keep your own defaults of options in a file"), common)
    completion = command(
        "completion",
        "print what has a shell complete commands and options",
        epilog=examples(
            'eval "$(ditar-studio completion bash)"     # in ~/.bashrc; zsh: in ~/.zshrc',
            "ditar-studio completion fish | source      # in ~/.config/fish/config.fish",
            "ditar-studio completion powershell | Out-String | Invoke-Expression  # in $PROFILE",
        ),
    )
    completion.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))
    return parser


def _add_speak(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words", nargs="?", metavar="TEXT", help="what to say; - reads the standard input"
    )
    parser.add_argument("--text", help="the same as an option")
    parser.add_argument("--text-file", metavar="FILE", help="read the text from a file; - is stdin")
    parser.add_argument("--reference", metavar="CLIP", help="a recording of the voice, 1 to 30 s")
    parser.add_argument(
        "--transcript", default="", help="the words spoken in it; the built-in voice needs none"
    )
    parser.add_argument(
        "--voice", metavar="NAME", help="a voice of the library, or a sample voice, instead"
    )
    add_fine_tune_option(parser)
    parser.add_argument(
        "-o",
        "--out",
        required=True,
        metavar="OUT",
        help="the file to write: .wav, .flac, .mp3 or .opus; until it is whole, OUT~growing.wav; "
        "- sends the sound to the standard output while it is made",
    )
    parser.add_argument(
        "--format",
        choices=PIPE_FORMATS,
        metavar="FORMAT",
        help=f"with --out -: {', '.join(PIPE_FORMATS)}; raw is 16 bits, little endian, mono, "
        "24 kHz, without a head; default: wav",
    )
    _add_force(parser)
    add_watermark_option(parser)
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
    add_watermark_option(parser)
    add_generation_options(parser)


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("project", metavar="PROJECT", help="its name; see “projects”")
    parser.add_argument("--out-dir", required=True, metavar="DIR", help="the folder to write into")
    parser.add_argument(
        "--speak", action="store_true", help="speak first what was never spoken or has changed"
    )
    parser.add_argument("--format", choices=EXPORT_FORMATS, default="wav24", help=_DEFAULT)
    parser.add_argument("--layout", choices=EXPORT_LAYOUTS, default="one_file", help=_DEFAULT)
    parser.add_argument(
        "--subtitles", choices=EXPORT_SUBTITLES, action="append", help="may be given several times"
    )
    parser.add_argument(
        "--fit-times",
        action="store_true",
        help="begin lines of imported subtitles when these do, faster where they would be late",
    )
    parser.add_argument(
        "--loudness", type=REAL, metavar="LUFS", help="-50 to -5; default: as it is; -16 is usual"
    )
    parser.add_argument(
        "--speed",
        type=REAL,
        default=1.0,
        metavar="X",
        help="with the pitch kept; 0.25 to 4, default: 1",
    )
    parser.add_argument(
        "--sample-rate", type=WHOLE, metavar="HZ", help="8000 to 192000; default: as spoken"
    )
    parser.add_argument(
        "--name",
        metavar="TEMPLATE",
        help="of the files, of {project} {number} {speaker} {text} {date} {seed}",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="replace files of the same names, instead of numbering the new ones",
    )
    add_watermark_option(parser)
    add_model_option(parser)
    add_threads_option(parser)


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
    action("download", "fetch a model, or the rest of it").add_argument(
        "name", help="as listed, or hf://OWNER/NAME of a model hub"
    )
    publish = action("publish", "make the folder of a model that a model hub expects")
    publish.add_argument("name", help="a model or its folder; builtin is the built-in one")
    publish.add_argument("path", metavar="DIR", help="the folder to make")
    publish.add_argument(
        "--licence",
        default="apache-2.0",
        metavar="ID",
        help="as the hub names it; default: %(default)s",
    )
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
        add_model_option(made)
        add_threads_option(made)

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
        choices=FINE_TUNE_LEVELS,
        default="quick",
        help="off makes it an instant voice again; quick takes a quarter of a minute, thorough "
        "minutes; a VoxCPM measures first how long it takes, and says so; default: %(default)s",
    )
    tuning_options(tune)
    mix = action("mix", "make a new voice between voices", "NAME")
    mix.add_argument(
        "--of",
        action="append",
        required=True,
        metavar="VOICE=SHARE",
        help="a voice of the library and its share, as Emma=60; give two or more",
    )
    tuning_options(mix)
    _add_force(action("export", "write a voice into one file", "NAME", "PATH"))
    action("export-lora", "write what a voice of VoxCPM learnt as its LoRA folder", "NAME", "DIR")
    action("import", "add the voice of a file or, as hf://OWNER/NAME, of a model hub", "PATH")
    action("remove", "put a voice into the bin", "NAME")


def _add_config(parser: argparse.ArgumentParser, common: Parser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", parser_class=Parser)

    def action(name: str, text: str, *names: str) -> None:
        made = actions.add_parser(
            name, help=text, description=f"{text[0].upper()}{text[1:]}.", parents=[common]
        )
        for each in names:
            made.add_argument(each.lower(), metavar=each)

    action("show", "tell where the file is and what it holds")
    action("set", "set the default of an option, named without its dashes", "NAME", "VALUE")
    action("unset", "go back to the program's own default of an option", "NAME")
