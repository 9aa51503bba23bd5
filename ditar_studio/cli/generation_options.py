"""Options of generation, with the ranges and defaults of their settings."""

from __future__ import annotations

import argparse
import json
from functools import cache
from typing import Any

from ditar_studio.assets import asset
from ditar_studio.cli.parsing import REAL, WHOLE
from ditar_studio.services.generation_settings import (
    BOUNDS,
    MODES,
    MOST_THREADS,
    PRECISIONS,
    GenerationSettings,
)

SUBTYPES = ("PCM_16", "PCM_24", "FLOAT")
FINE_TUNE_LEVELS = ("off", "quick", "thorough")


def add_generation_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that settings and models have in common.

    An option's `dest` is the name of its field in `GenerationSettings`.
    """
    add_model_option(parser)
    group = parser.add_argument_group(
        "settings", "How to speak. Defaults are the built-in model's; others have their own."
    )

    def setting(option: str, name: str, kind: Any, metavar: str, text: str) -> None:
        help_text = f"{text}; {_range(name)}{_default(name)}"
        group.add_argument(option, dest=name, type=kind, metavar=metavar, help=help_text)

    setting(
        *("--temperature", "temperature", REAL, "T"),
        "0 speaks the same every time, 1 is the most varied",
    )
    setting("--guidance", "guidance", REAL, "W", "how strictly the text is followed; 0 is off")
    setting("--steps", "steps", WHOLE, "N", "network evaluations per patch")
    setting("--seed", "seed", WHOLE, "N", "the same seed gives the same sound")
    setting("--max-seconds", "max_seconds", REAL, "S", "no sentence gets longer than this")
    setting(
        "--stop-threshold", "stop_threshold", REAL, "P", "when the model's end mark is believed"
    )
    setting("--pause", "pause_seconds", REAL, "S", "silence between sentences, in seconds")
    setting(
        *("--candidates", "candidates", WHOLE, "N"),
        "speak each sentence N times and keep what the model itself hears best",
    )
    setting(
        *("--retries", "retries", WHOLE, "N"),
        "speak a sentence up to N times more while the model hears other words than the text's",
    )
    group.add_argument(
        "--verify",
        action="store_true",
        default=None,
        help="let the model hear each sentence, and warn where words may be missing",
    )
    group.add_argument(
        "--mode",
        choices=MODES,
        metavar="MODE",
        help=f"how VoxCPM uses the reference: {', '.join(MODES)}",
    )
    group.add_argument("--style", help="a description of the way of speaking, for VoxCPM 2")
    group.add_argument(
        "--lexicon", metavar="FILE", help="your own pronunciations, “word = how it is said” a line"
    )
    group.add_argument(
        "--patches",
        dest="exact_patches",
        type=WHOLE,
        metavar="N",
        help="make exactly N patches, without splitting the text or watching over it",
    )
    group.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="of the model's numbers; default: what suits the model",
    )
    add_lora_options(group)
    add_threads_option(group)
    parser.add_argument(
        "--subtype",
        choices=SUBTYPES,
        default="PCM_16",
        help="of a WAV's samples; default: %(default)s",
    )


def add_model_option(parser: argparse.ArgumentParser) -> None:
    """Add the option of which model speaks."""
    parser.add_argument(
        "--model", metavar="NAME|PATH", help="a model or its folder; default: the built-in one"
    )


def add_threads_option(parser: argparse._ActionsContainer) -> None:
    """Add the option of how many cores are used."""
    parser.add_argument(
        "--threads",
        type=WHOLE,
        metavar="N",
        help=f"cores to use, 1 to {MOST_THREADS}; default: all, up to 8",
    )


def add_lora_options(parser: argparse._ActionsContainer) -> None:
    """Add the options of a LoRA and its strength."""
    parser.add_argument(
        "--lora", metavar="DIR", help="a folder with a LoRA to merge into a VoxCPM model"
    )
    parser.add_argument(
        "--lora-alpha",
        type=REAL,
        metavar="X",
        help="the LoRA's alpha, if its folder has no lora_config.json",
    )


def add_watermark_option(parser: argparse.ArgumentParser) -> None:
    """Add the option of whether speech gets the watermark."""
    parser.add_argument(
        "--watermark",
        action=argparse.BooleanOptionalAction,
        help="on by default: an inaudible mark of synthetic speech. Without it nobody can tell "
        "once the tags are gone, and you may have to say so yourself, as by Article 50 of the "
        "EU's AI Act",
    )
    parser.set_defaults(watermark=True)


def add_fine_tune_option(parser: argparse.ArgumentParser) -> None:
    """Add the option of how far a voice is fine-tuned to its recording before it speaks."""
    parser.add_argument(
        "--fine-tune",
        choices=FINE_TUNE_LEVELS,
        default="off",
        help="make the voice closer to its recording first: quick takes a quarter of a minute, "
        "thorough minutes; default: %(default)s",
    )


def _range(name: str) -> str:
    low, high = BOUNDS[name]
    return "0 or more" if name == "seed" else f"{low:g} to {high:g}"


def _default(name: str) -> str:
    built_in = _built_in_settings()
    return f", default: {built_in.get(name, getattr(GenerationSettings(), name)):g}"


@cache
def _built_in_settings() -> dict[str, Any]:
    try:
        card = json.loads(asset("models", "builtin", "model.json").read_text(encoding="utf-8"))
        return dict(card["default_settings"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
