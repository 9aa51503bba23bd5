"""`ditar-studio benchmark`: speed and memory by steps and threads, side by side in one run.

Absolute figures of a busy machine mean little; so every configuration is interleaved with all
others, the best of its rounds counts, and ratios are reported too.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ditar_studio.cli.console import Console
from ditar_studio.cli.speaking import load, model_values, peak_memory
from ditar_studio.errors import StudioError
from ditar_studio.services.generation_settings import BOUNDS, MOST_THREADS

if TYPE_CHECKING:
    from ditar_studio.engine.speech_model import SpeechModel
    from ditar_studio.engine.voice import Reference, VoiceCache

_ROUNDS = 3
_SENTENCE = "The quick brown fox jumps over the lazy dog, and then it runs back to the river. "
_SHORT = 10.0


@dataclass(frozen=True)
class Row:
    """One configuration's best round.

    Attributes:
        steps: network evaluations per patch.
        threads: number of torch's threads.
        rtf: real-time factor.
        first_patch_seconds: with a cached voice.
        relative: how many times the time of the first row it takes.
        memory_mb: resident size afterwards.
    """

    steps: int
    threads: int
    rtf: float
    first_patch_seconds: float
    relative: float
    memory_mb: float | None


def run(arguments: argparse.Namespace) -> int:
    """Measure, and print a table."""
    console = Console.of(arguments)
    from ditar_studio.engine.device import cores
    from ditar_studio.engine.voice import Reference, VoiceCache
    from ditar_studio.sample_voices import sample_voices

    threads = arguments.threads or sorted({1, cores()})
    _check(arguments.steps, *BOUNDS["steps"], "steps")
    _check(threads, 1, MOST_THREADS, "threads")
    for seconds in (arguments.seconds, arguments.long):
        if seconds is not None and not 0.5 <= seconds <= 3600:
            raise StudioError("The measured length is out of range.", "Choose 0.5 to 3600 s.")
    sample = sample_voices()[0]
    voice = Reference(sample.path, sample.transcript)
    arguments.threads = None
    model = load(arguments)
    voices = VoiceCache(model)
    pairs = [(steps, count) for steps in arguments.steps for count in threads]
    rows = _measure(model, voices, voice, pairs, arguments.seconds, console)
    values: dict[str, Any] = {
        "model": model_values(model),
        "rows": [asdict(row) for row in rows],
        "peak_rss_mb": peak_memory(),
    }
    lines = ["steps  threads    RTF  first patch  relative  memory"]
    for row in rows:
        memory = "?" if row.memory_mb is None else f"{row.memory_mb:.0f} MB"
        lines.append(
            f"{row.steps:5}  {row.threads:7}  {row.rtf:5.3f}  {row.first_patch_seconds:9.3f} s"
            f"  {row.relative:8.2f}  {memory}"
        )
    if arguments.long is not None:
        ratio = _long(model, voices, voice, arguments.long, console)
        values["long_ratio"] = ratio
        lines.append(f"RTF over {arguments.long:.0f} s is {ratio:.2f} times that over 10 s")
    if len(model.info.precisions) > 1:
        found, words = _precision(model, arguments)
        values.update(found)
        lines += words
    console.result(values, "\n".join(lines))
    return 0


def _precision(
    model: SpeechModel, arguments: argparse.Namespace
) -> tuple[dict[str, Any], list[str]]:
    """Return a VoxCPM's precision and why, what is in int8, and what that costs each module."""
    from ditar_studio.engine.voxcpm import VoxCPMModel

    assert isinstance(model, VoxCPMModel)
    chosen = model.precision
    errors: dict[str, float] = {}
    if chosen.name != "fp32":
        exact = load(argparse.Namespace(**{**vars(arguments), "precision": "fp32"}))
        assert isinstance(exact, VoxCPMModel)
        errors = {name: round(error, 6) for name, error in model.errors(exact).items()}
    counts = model.int8_counts()
    words = [f"{chosen.name}: {chosen.reason}"]
    for name, error in errors.items():
        held = (
            "" if name not in counts else "  ({} of {} projections in int8)".format(*counts[name])
        )
        words.append(f"error of {name}: {100 * error:.2f} %{held}")
    tried = [choice for choice in model.choices if choice.error is not None]
    if tried:
        worst = max(tried, key=lambda choice: choice.error or 0.0)
        kept = sum(not choice.int8 for choice in tried)
        words.append(
            f"{kept} of {len(tried)} projections stay exact; int8 costs {worst.place} most, "
            f"{100 * (worst.error or 0.0):.2f} %"
        )
    values = {
        "precision": words[0],
        "errors": errors,
        "int8": {
            choice.place: {"error": choice.error, "int8": choice.int8} for choice in model.choices
        },
    }
    return values, words


def _check(values: list[int], low: float, high: float, what: str) -> None:
    for value in values:
        if not low <= value <= high:
            raise StudioError(
                f"{value} {what} can't be measured.", f"Choose numbers from {low} to {high}."
            )


def _measure(
    model: SpeechModel,
    voices: VoiceCache,
    voice: Reference,
    pairs: list[tuple[int, int]],
    seconds: float,
    console: Console,
) -> list[Row]:
    from ditar_studio.engine.device import use_threads
    from ditar_studio.engine.generate import generate
    from ditar_studio.engine.request import GenerationRequest

    info = model.info
    patches = max(1, math.ceil(seconds * info.sample_rate / info.patch_samples))
    text = _SENTENCE * max(1, round(seconds / 5))
    found: dict[tuple[int, int], Row] = {}
    voices.get(voice)
    for turn in range(_ROUNDS):
        for number, (steps, threads) in enumerate(pairs):
            done = (turn * len(pairs) + number) / (_ROUNDS * len(pairs))
            console.progress(done, f"{steps} steps, {threads} threads")
            use_threads(threads)
            settings = dataclasses.replace(
                info.default_settings, steps=steps, exact_patches=patches
            )
            request = GenerationRequest.of(text, voice, settings)
            stats = generate(model, request, voices=voices).stats
            best = found.get((steps, threads))
            if best is None or stats.rtf < best.rtf:
                found[steps, threads] = Row(
                    steps,
                    threads,
                    round(stats.rtf, 4),
                    round(stats.first_patch_seconds, 4),
                    1.0,
                    _resident(),
                )
    base = next(iter(found.values())).rtf
    return [dataclasses.replace(row, relative=round(row.rtf / base, 3)) for row in found.values()]


def _long(
    model: SpeechModel, voices: VoiceCache, voice: Reference, seconds: float, console: Console
) -> float:
    """Return the RTF of a long text relative to that of 10 s, which is measured before and after
    it.
    """
    from ditar_studio.engine.device import default_threads, use_threads
    from ditar_studio.engine.events import Done, Failed, PatchReady, Progress
    from ditar_studio.engine.generate import stream
    from ditar_studio.engine.request import GenerationRequest

    use_threads(default_threads(model.info.parameters, beside_interface=False))

    def measure(wanted: float) -> float:
        text = _SENTENCE * math.ceil(wanted / 4)
        request = GenerationRequest.of(text, voice, model.info.default_settings)
        rtf = 0.0
        for event in stream(model, request, voices=voices):
            if isinstance(event, Failed):
                raise StudioError(event.message, event.remedy)
            if isinstance(event, Progress | Done):
                rtf = event.rtf if isinstance(event, Progress) else event.stats.rtf
            if isinstance(event, PatchReady) and event.at_seconds >= wanted:
                break
            if isinstance(event, Progress):
                console.progress(min(1.0, event.generated_seconds / wanted), f"RTF {rtf:.2f}")
        return rtf

    before = measure(_SHORT)
    long = measure(seconds)
    after = measure(_SHORT)
    return round(2 * long / (before + after), 3)


def _resident() -> float | None:
    """Return resident size in MB, where the system tells it."""
    path = Path("/proc/self/status")
    if not path.exists():
        return None
    for line in path.read_text().splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024, 1)
    return None
