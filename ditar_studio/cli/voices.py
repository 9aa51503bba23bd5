"""`ditar-studio voices`: the voices of the library that the studio shows, too."""

from __future__ import annotations

import argparse
import contextlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ditar_studio.cli.console import Console
from ditar_studio.cli.speaking import load, stop_on_interrupt
from ditar_studio.cli.tuning import OFF, cancelled_by, followed
from ditar_studio.errors import StudioError
from ditar_studio.installation import program
from ditar_studio.services.fine_tuning import InstantKept, TuningCancelled, VoiceTuned
from ditar_studio.services.hub_voices import voice_file
from ditar_studio.services.library import Library
from ditar_studio.services.voice_library import VOICE_SUFFIX, NewSample, Voice

if TYPE_CHECKING:
    from ditar_studio.services.fine_tuning import Level

INTERRUPTED = 130


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked; exit code 0, or 130 when a fine-tuning was interrupted."""
    console = Console.of(arguments)
    samples = _samples(arguments) if arguments.action == "add" else []
    with contextlib.ExitStack() as ends:
        # Fetched before the library is opened, which others may need meanwhile.
        importing = arguments.action == "import"
        bundle = ends.enter_context(voice_file(arguments.path)) if importing else Path()
        library = ends.enter_context(Library())
        if library.damaged is not None:
            console.warn(library.damaged.message, library.damaged.remedy)
        match arguments.action:
            case "add":
                return _add(library, arguments, samples, console)
            case "show":
                voice = _find(library, arguments.name)
                console.result(_values(voice), _described(voice))
            case "fine-tune":
                return _fine_tune(library, _find(library, arguments.name), arguments, console)
            case "mix":
                return _mix(library, arguments, console)
            case "export":
                _export(library, arguments, console)
            case "export-lora":
                _export_lora(library, arguments, console)
            case "import":
                voice = library.voices.import_bundle(bundle).value
                console.result(_values(voice), f"The voice “{voice.name}” is in the library.")
            case "remove":
                voice = _find(library, arguments.name)
                library.voices.delete(voice.id)
                console.result(
                    {"removed": voice.name},
                    f"The voice “{voice.name}” is in the bin; the studio can restore it.",
                )
            case _:
                voices = library.voices.all()
                text = "\n".join(_line(voice) for voice in voices)
                console.result(
                    {"voices": [_values(voice) for voice in voices]},
                    text or "The library has no voice yet.",
                )
    return 0


def _samples(arguments: argparse.Namespace) -> list[NewSample]:
    """Return the recordings of a new voice.

    Raises:
        StudioError: there are more transcripts than recordings, or one can't be used.
    """
    from ditar_studio.services.voice_library import new_samples

    references: Sequence[str] = arguments.reference
    transcripts: Sequence[str] = arguments.transcript or []
    if len(transcripts) > len(references):
        raise StudioError(
            "There are more transcripts than recordings.", "Give one for each, in the same order."
        )
    missing = [""] * (len(references) - len(transcripts))
    return new_samples(zip(map(Path, references), [*transcripts, *missing], strict=True))


def _add(
    library: Library, arguments: argparse.Namespace, samples: list[NewSample], console: Console
) -> int:
    from ditar_studio.services.voice_library import save_voice

    voice = save_voice(
        library,
        arguments.name,
        samples,
        consent=arguments.consent,
        tags=arguments.tag or (),
        note=arguments.note,
    )
    if arguments.fine_tune != OFF:
        arguments.level = arguments.fine_tune
        return _fine_tune(library, voice, arguments, console)
    console.result(_values(voice), f"The voice “{voice.name}” is in the library.")
    return 0


def _fine_tune(
    library: Library, voice: Voice, arguments: argparse.Namespace, console: Console
) -> int:
    """Fine-tune a voice, or make it instant again."""
    from ditar_studio.services.fine_tuning import tune_voice

    level: Level | str = arguments.level
    if level == OFF:
        voice = library.voices.make_instant(voice.id).value
        console.result(_values(voice), f"“{voice.name}” is an instant voice.")
        return 0
    with stop_on_interrupt() as interrupted, cancelled_by(interrupted) as control:
        model = load(arguments)
        chosen: Level = "thorough" if level == "thorough" else "quick"
        end = followed(tune_voice(library, voice.id, model, chosen, control), console)
    voice = library.voices.get(voice.id)
    values = {**_values(voice), "tuned": isinstance(end, VoiceTuned)}
    if isinstance(end, TuningCancelled):
        console.result(values, f"Stopped; “{voice.name}” is as it was.")
        return INTERRUPTED
    if isinstance(end, InstantKept):
        values |= {"reason": end.reason, "before": end.before, "after": end.after}
    console.result(values, _described(voice))
    return 0


def _export(library: Library, arguments: argparse.Namespace, console: Console) -> None:
    voice = _find(library, arguments.name)
    path = Path(arguments.path)
    if path.suffix != VOICE_SUFFIX:
        raise StudioError(
            f"“{path.name}” is not a voice file's name.", f"Let it end in “{VOICE_SUFFIX}”."
        )
    if path.exists() and not arguments.force:
        raise StudioError(f"There is a file “{path}” already.", "Choose another, or use --force.")
    library.voices.export_bundle(voice.id, path)
    console.result({"name": voice.name, "path": str(path)}, f"“{voice.name}” is in {path}.")


def _export_lora(library: Library, arguments: argparse.Namespace, console: Console) -> None:
    from ditar_studio.services.fine_tuning import export_lora

    voice, folder = _find(library, arguments.name), Path(arguments.dir).expanduser()
    export_lora(voice, folder)
    console.result(
        {"name": voice.name, "path": str(folder)}, f"The LoRA of “{voice.name}” is in {folder}."
    )


def _find(library: Library, name: str) -> Voice:
    voice = library.voices.find(name)
    if voice is None:
        raise StudioError(
            f"There is no voice “{name}” in the library.",
            f"“{program()} voices list” names those that are there.",
        )
    return voice


def _mix(library: Library, arguments: argparse.Namespace, console: Console) -> int:
    """Make a voice between voices."""
    from ditar_studio.services.mixing import Ingredient, mix_voice, shares

    ingredients = []
    for part in arguments.of:
        name, equals, share = part.rpartition("=")
        ingredients.append(
            Ingredient(_find(library, name if equals else part), _share(share, part))
        )
    shares(ingredients)
    with stop_on_interrupt() as cancel:
        made = mix_voice(library, load(arguments), arguments.name, ingredients, cancel)
    if made is None:
        console.result({"mixed": None}, "Stopped; no voice was made.")
        return INTERRUPTED
    console.result(_values(made), f"The voice “{made.name}” is made of {made.mixture}.")
    return 0


def _share(written: str, part: str) -> float:
    try:
        share = float(written.rstrip("%"))
    except ValueError:
        share = math.nan
    if not 0 < share <= 1000:
        raise StudioError(f"“{part}” names no voice and share.", "Write it as Emma=60.")
    return share


def _values(voice: Voice) -> dict[str, Any]:
    tuned = dict(voice.adapter.card) if voice.adapter else None
    return {
        "name": voice.name,
        "kind": "fine-tuned" if tuned else "instant",
        "samples": [
            {
                "path": str(sample.path),
                "transcript": sample.transcript,
                "seconds": round(sample.seconds, 3),
            }
            for sample in voice.samples
        ],
        "tags": list(voice.tags),
        "note": voice.note,
        "consent": voice.consent,
        "fine_tuning": tuned,
        "made_of": dict(voice.made_of),
    }


def _line(voice: Voice) -> str:
    kind = "fine-tuned" if voice.adapter else "instant"
    seconds = sum(sample.seconds for sample in voice.samples)
    return f"{voice.name}  {kind}, {seconds:.0f} s of speech"


def _described(voice: Voice) -> str:
    lines = [_line(voice)]
    lines += [
        f"  {sample.path}  {sample.seconds:.1f} s  {sample.transcript or 'no transcript'}"
        for sample in voice.samples
    ]
    if voice.adapter is not None:
        card = voice.adapter.card
        before, after = card.get("before", {}), card.get("after", {})
        if "error_rate" in before and "error_rate" in after:
            lines.append(
                "  fine-tuned: sounds that the model's reader finds wrong "
                f"{before['error_rate']:.0%} -> {after['error_rate']:.0%}"
            )
    if voice.made_of:
        lines.append(f"  made of {voice.mixture}")
    lines += [f"  {text}" for text in (voice.note, voice.consent) if text]
    return "\n".join(lines)
