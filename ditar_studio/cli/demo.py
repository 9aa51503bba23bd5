"""`ditar-studio demo`: the main job on a machine without a display."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ditar_studio.cli.console import Console
from ditar_studio.cli.speaking import (
    check_output,
    load,
    model_values,
    peak_memory,
    speak_into,
    stop_on_interrupt,
)
from ditar_studio.errors import StudioError

if TYPE_CHECKING:
    from ditar_studio.engine.voice import Reference

TEXT = "This voice was heard for only a few seconds. Now it can say whatever you type."

INTERRUPTED = 130


def run(arguments: argparse.Namespace) -> int:
    """Clone the sample voice and tell how it went."""
    console = Console.of(arguments)
    out = Path(getattr(arguments, "out", "demo.wav"))
    arguments.model = getattr(arguments, "model", None)
    check_output(out)
    from ditar_studio.engine.generate import GenerationRequest, Line
    from ditar_studio.engine.voice import Reference, VoiceCache
    from ditar_studio.sample_voices import sample_voices

    voice = sample_voices()[0]
    console.say(f"Speaking in the voice of {voice.name}: “{TEXT}”")
    reference = Reference(voice.path, voice.transcript)
    with stop_on_interrupt() as cancel:
        model = load(arguments)
        request = GenerationRequest((Line(TEXT),), reference, model.info.default_settings)
        spoken = speak_into(out, model, request, VoiceCache(model), cancel, console)
    if spoken.cancelled:
        console.say(f"Stopped; what was made is in {out}.")
        return INTERRUPTED
    similarity, why_not = _similarity(reference, out)
    text = (
        f"{out}: {spoken.stats.seconds:.1f} s of speech, RTF {spoken.stats.rtf:.2f}, "
        f"first patch after {spoken.stats.first_patch_seconds:.2f} s\n"
        f"Similarity to the reference: {why_not if similarity is None else f'{similarity:.2f}'}\n"
        "To open the studio, run “ditar-studio studio” (or packaging/run.sh) where there is a "
        "display; “ditar-studio speak --help” tells how to speak your own text."
    )
    values = {
        "out": str(out),
        **spoken.as_dict(),
        "similarity": similarity,
        "peak_rss_mb": peak_memory(),
        "model": model_values(model),
    }
    console.result(values, text)
    return 0


def _similarity(reference: Reference, out: Path) -> tuple[float | None, str]:
    """Cosine of the speaker embeddings, or why there is none."""
    from ditar_studio.audio.io import read_clip
    from ditar_studio.audio.likeness import likeness, speaker_encoder

    try:
        embed = speaker_encoder()
    except StudioError as error:
        return None, f"not measured ({error.message.rstrip('.')})"
    return round(likeness(embed, read_clip(out), reference.clip()), 3), ""
