"""`ditar-studio speak`: a text in a voice, into a sound file or a pipe."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ditar_studio.cli.console import Console
from ditar_studio.cli.output import Inputs, Output
from ditar_studio.cli.recording import PIPE, Recording, StandardOutput, pipe_format
from ditar_studio.cli.speaking import (
    check_letters,
    files_read,
    idle_options,
    lexicon_of,
    load,
    model_values,
    peak_memory,
    settings_of,
    speak_into,
    stop_on_interrupt,
)
from ditar_studio.cli.streams import read_input
from ditar_studio.cli.tuning import OFF, References
from ditar_studio.errors import StudioError
from ditar_studio.installation import program
from ditar_studio.services.generation_settings import GenerationSettings
from ditar_studio.text.ssml import read_marked
from ditar_studio.text_file import read_text

if TYPE_CHECKING:
    from ditar_studio.cli.recording import Target
    from ditar_studio.services.references import Reference

INTERRUPTED = 130


def run(arguments: argparse.Namespace) -> int:
    """Speak; return exit code 0, or 130 when interrupted."""
    piped = arguments.out == str(PIPE)
    if piped and arguments.json:
        raise StudioError(
            "Sound and JSON can't both go to the standard output.",
            "Leave out --json, or name a file.",
        )
    console = Console.of(arguments, output_taken=piped)
    for name in ("words", "text", "transcript", "style", "voice"):
        check_letters(getattr(arguments, name), "TEXT" if name == "words" else f"--{name}")
    text = _text(arguments)
    settings_of(arguments, GenerationSettings())
    reference, voice_name = _reference(arguments)
    read = files_read(arguments)
    if reference is not None and isinstance(reference.source, Path):
        read.append(reference.source)
    target = _target(arguments, read, console)
    if reference is not None:
        reference.clip()
    lexicon = lexicon_of(arguments)
    from ditar_studio.services.loaded_model import VoiceCache
    from ditar_studio.services.speaking import GenerationRequest, SpokenLine
    from ditar_studio.services.voice_library import others_named

    with stop_on_interrupt() as cancel:
        model = load(arguments)
        settings = settings_of(arguments, model.info.default_settings)
        for message, remedy in idle_options(settings, model.info):
            console.warn(message, remedy)
        if reference is None and model.info.needs_voice:
            reference, voice_name = _sample_voice()
        if reference is not None:
            reference = References(model, arguments.fine_tune, cancel, console).get(reference)
        others = others_named([text])
        request = GenerationRequest((SpokenLine(text),), reference, settings, lexicon, others)
        voices = VoiceCache(model)
        spoken = speak_into(target, model, request, voices, cancel, console, voice_name)
    values = {
        **spoken.as_dict(),
        "peak_rss_mb": peak_memory(),
        "sample_rate": model.info.sample_rate,
        "settings": settings.as_dict(),
        "model": model_values(model),
    }
    stopped = "Stopped; what was made is kept. " if spoken.cancelled else ""
    place = target.name if piped else spoken.path
    console.result(
        values,
        f"{stopped}{place}: {spoken.stats.seconds:.1f} s of speech, "
        f"RTF {spoken.stats.rtf:.2f}, first patch after {spoken.stats.first_patch_seconds:.2f} s"
        if spoken.path
        else "Stopped before anything was made.",
    )
    return INTERRUPTED if spoken.cancelled else 0


def _target(arguments: argparse.Namespace, read: list[Path], console: Console) -> Target:
    """Return where the sound goes."""
    if arguments.out == str(PIPE):
        return StandardOutput(pipe_format(arguments.format), arguments.watermark)
    if arguments.format is not None:
        raise StudioError(
            "The file's name tells its format.", "Leave --format out, or send it to --out -."
        )
    from ditar_studio.services.sound_file import SUFFIXES

    output = Output(
        Path(arguments.out).expanduser(), Inputs(read), arguments.force, suffixes=SUFFIXES
    )
    return Recording(output, console, arguments.subtype, arguments.watermark)


def _text(arguments: argparse.Namespace) -> str:
    given = [arguments.words, arguments.text, arguments.text_file]
    if sum(each is not None for each in given) != 1:
        raise StudioError("Give the text once.", "As TEXT, by --text or by --text-file.")
    text: str | None = arguments.words if arguments.text is None else arguments.text
    if text is None or text == str(PIPE):
        text = _read(arguments.text_file or str(PIPE))
    if not text.strip():
        raise StudioError("There is nothing to say.", "Give some text.")
    return read_marked(text)


def _read(file: str) -> str:
    try:
        return read_input() if file == str(PIPE) else read_text(Path(file).expanduser())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise StudioError(
            f"The text in “{file}” can't be read: {reason}.",
            "Give a plain text file in UTF-8, or - for the standard input.",
        ) from error


def _reference(arguments: argparse.Namespace) -> tuple[Reference | None, str]:
    """Return who is asked to speak, and the voice's name."""
    from ditar_studio.services.references import Reference

    if arguments.reference and arguments.voice:
        raise StudioError("Both a reference and a voice are given.", "Leave one of them out.")
    if arguments.reference:
        path = Path(arguments.reference).expanduser()
        return Reference(path, arguments.transcript), path.stem
    if arguments.fine_tune != OFF:
        raise StudioError(
            "Only a reference can be fine-tuned while it speaks.",
            f"Use --reference, or “{program()} voices fine-tune” for a voice.",
        )
    name = arguments.voice or getattr(arguments, "default_voice", None)
    if name:
        from ditar_studio.services.voice_library import reference_named

        return reference_named(name), name
    if arguments.transcript:
        raise StudioError(
            "There is a transcript but no reference.", "Give the clip that it belongs to."
        )
    return None, ""


def _sample_voice() -> tuple[Reference, str]:
    """Return who speaks where nobody was named and the model has no voice of its own."""
    from ditar_studio.sample_voices import sample_voices
    from ditar_studio.services.references import Reference

    sample = sample_voices()[0]
    return Reference(sample.path, sample.transcript), sample.name
