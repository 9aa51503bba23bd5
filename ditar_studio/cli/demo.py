"""`ditar-studio demo`: the main job on a machine without a display."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ditar_studio.cli.console import Console
from ditar_studio.cli.output import Inputs, Output, free_place
from ditar_studio.cli.recording import Recording
from ditar_studio.cli.speaking import (
    files_read,
    load,
    model_values,
    peak_memory,
    speak_into,
    stop_on_interrupt,
)
from ditar_studio.errors import StudioError
from ditar_studio.installation import kind, program

if TYPE_CHECKING:
    from ditar_studio.services.references import Reference

TEXT = "This voice was heard for only a few seconds. Now it can say whatever you type."

INTERRUPTED = 130


def run(arguments: argparse.Namespace) -> int:
    """Clone the sample voice and report the result."""
    console = Console.of(arguments)
    given = getattr(arguments, "out", None)
    out = Path(given) if given else free_place(Path("demo.wav"))
    arguments.model = getattr(arguments, "model", None)
    from ditar_studio.sample_voices import sample_voices
    from ditar_studio.services.loaded_model import VoiceCache
    from ditar_studio.services.references import Reference
    from ditar_studio.services.speaking import GenerationRequest, SpokenLine

    voice = sample_voices()[0]
    read = Inputs([voice.path, *files_read(arguments)])
    output = Output(out, read, getattr(arguments, "force", False))
    console.say(f"Speaking in the voice of {voice.name}: “{TEXT}”")
    reference = Reference(voice.path, voice.transcript)
    with stop_on_interrupt() as cancel:
        model = load(arguments)
        request = GenerationRequest((SpokenLine(TEXT),), reference, model.info.default_settings)
        target = Recording(output, console)
        spoken = speak_into(target, model, request, VoiceCache(model), cancel, console, voice.name)
    if spoken.cancelled:
        console.result(spoken.as_dict(), f"Stopped; what was made: {spoken.path or 'nothing'}")
        return INTERRUPTED
    similarity, why_not = _similarity(reference, out)
    studio = "bash packaging/run.sh" if kind() == "checkout" else f"{program()} studio"
    text = (
        f"{out}: {spoken.stats.seconds:.1f} s of speech, RTF {spoken.stats.rtf:.2f}, "
        f"first patch after {spoken.stats.first_patch_seconds:.2f} s\n"
        f"Similarity to the reference: {why_not if similarity is None else f'{similarity:.2f}'}\n"
        f"To open the studio, run “{studio}” where there is a display; "
        f"“{program()} speak --help” tells how to speak your own text."
    )
    values = {
        **spoken.as_dict(),
        "similarity": similarity,
        "peak_rss_mb": peak_memory(),
        "model": model_values(model),
    }
    console.result(values, text)
    return 0


def _similarity(reference: Reference, out: Path) -> tuple[float | None, str]:
    """Return cosine of the speaker embeddings, or why there is none."""
    from ditar_studio.services.clips import likeness, read_clip, speaker_encoder

    try:
        embed = speaker_encoder()
    except StudioError as error:
        return None, f"not measured ({error.message.rstrip('.')})"
    return round(likeness(embed, read_clip(out), reference.clip()), 3), ""
