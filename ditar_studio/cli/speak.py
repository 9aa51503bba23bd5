"""`ditar-studio speak`: a text in the voice of a reference, into a WAV."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ditar_studio.cli.console import Console
from ditar_studio.cli.output import Inputs, Output
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
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.errors import StudioError
from ditar_studio.installation import program
from ditar_studio.text_file import read_text

if TYPE_CHECKING:
    from ditar_studio.engine.voice import Reference

INTERRUPTED = 130


def run(arguments: argparse.Namespace) -> int:
    """Speak; exit code 0, or 130 when interrupted."""
    console = Console.of(arguments)
    for name in ("text", "transcript", "style", "mode", "voice"):
        check_letters(getattr(arguments, name), f"--{name}")
    text = _text(arguments)
    settings_of(arguments, GenerationSettings())
    reference = _reference(arguments)
    read = files_read(arguments)
    if reference is not None and isinstance(reference.source, Path):
        read.append(reference.source)
    output = Output(Path(arguments.out), Inputs(read), arguments.force)
    if reference is not None:
        reference.clip()
    lexicon = lexicon_of(arguments)
    from ditar_studio.engine.generate import GenerationRequest, Line
    from ditar_studio.engine.voice import VoiceCache

    with stop_on_interrupt() as cancel:
        model = load(arguments)
        settings = settings_of(arguments, model.info.default_settings)
        for message, remedy in idle_options(settings, model.info):
            console.warn(message, remedy)
        if reference is not None:
            reference = References(model, arguments.fine_tune, cancel, console).get(reference)
        request = GenerationRequest((Line(text),), reference, settings, lexicon)
        voices = VoiceCache(model)
        spoken = speak_into(output, model, request, voices, cancel, console, arguments.subtype)
    values = {
        **spoken.as_dict(),
        "peak_rss_mb": peak_memory(),
        "sample_rate": model.info.sample_rate,
        "settings": settings.as_dict(),
        "model": model_values(model),
    }
    stopped = "Stopped; what was made is kept. " if spoken.cancelled else ""
    console.result(
        values,
        f"{stopped}{spoken.path}: {spoken.stats.seconds:.1f} s of speech, "
        f"RTF {spoken.stats.rtf:.2f}, first patch after {spoken.stats.first_patch_seconds:.2f} s"
        if spoken.path
        else "Stopped before anything was made.",
    )
    return INTERRUPTED if spoken.cancelled else 0


def _text(arguments: argparse.Namespace) -> str:
    if (arguments.text is None) == (arguments.text_file is None):
        raise StudioError("Give the text once.", "Use --text or --text-file.")
    if arguments.text is not None:
        text: str = arguments.text
    else:
        try:
            if arguments.text_file == "-":
                text = read_input()
            else:
                text = read_text(Path(arguments.text_file))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise StudioError(
                f"The text in “{arguments.text_file}” can't be read: {reason}.",
                "Give a plain text file in UTF-8, or - for the standard input.",
            ) from error
    if not text.strip():
        raise StudioError("There is nothing to say.", "Give some text.")
    return text


def _reference(arguments: argparse.Namespace) -> Reference | None:
    from ditar_studio.engine.voice import Reference

    if arguments.reference and arguments.voice:
        raise StudioError("Both a reference and a voice are given.", "Leave one of them out.")
    if arguments.reference:
        return Reference(Path(arguments.reference), arguments.transcript)
    if arguments.fine_tune != OFF:
        raise StudioError(
            "Only a reference can be fine-tuned while it speaks.",
            f"Use --reference, or “{program()} voices fine-tune” for a voice.",
        )
    if arguments.voice:
        from ditar_studio.services.references import reference_named

        return reference_named(arguments.voice)
    if arguments.transcript:
        raise StudioError(
            "There is a transcript but no reference.", "Give the clip that it belongs to."
        )
    return None
