"""Shared by `speak`, `batch` and `demo`: options to settings, and a generation into a WAV."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from ditar_studio.cli.recording import PIPE
from ditar_studio.errors import OtherModelError, StudioError
from ditar_studio.services.generation_settings import MOST_THREADS, GenerationSettings

if TYPE_CHECKING:
    from types import FrameType

    from ditar_studio.cli.console import Console
    from ditar_studio.cli.recording import Target
    from ditar_studio.services import speech_events as events
    from ditar_studio.services.loaded_model import ModelInfo, SpeechModel, VoiceCache
    from ditar_studio.services.speaking import GenerationRequest, SpeechStream
    from ditar_studio.text.lexicon import Lexicon


@dataclass(frozen=True)
class SpeakResult:
    """The result of a generation.

    Attributes:
        path: what was made; None if nothing was.
        stats: what it took, without encoding the voice.
        voice_seconds: time that encoding the voice took.
        warnings: what was warned of.
        cancelled: whether it was interrupted.
        sentences: how well the model recognised each, where it was asked to verify.
    """

    path: Path | None
    stats: events.GenerationStats
    voice_seconds: float
    warnings: list[str]
    cancelled: bool
    sentences: list[events.SentenceVerified]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "out": str(self.path) if self.path else None,
            "seconds": round(self.stats.seconds, 4),
            "rtf": round(self.stats.rtf, 4),
            "first_patch_seconds": round(self.stats.first_patch_seconds, 4),
            "voice_seconds": round(self.voice_seconds, 4),
            "patches": self.stats.patches,
            "warnings": self.warnings,
            "cancelled": self.cancelled,
            "heard": [
                {
                    "text": each.text,
                    "sounds_wrong": round(each.verification.error_rate, 4),
                    "likeness": each.verification.likeness and round(each.verification.likeness, 4),
                    "candidates": each.candidates,
                    "differing": [each.text[a:b] for a, b in each.verification.differing],
                }
                for each in self.sentences
            ],
        }


def settings_of(arguments: argparse.Namespace, default: GenerationSettings) -> GenerationSettings:
    """Return the model's default settings, changed by the options that were given.

    Raises:
        StudioError: a value is out of its range.
    """
    given = {
        field.name: getattr(arguments, field.name)
        for field in dataclasses.fields(default)
        if getattr(arguments, field.name, None) is not None
    }
    return dataclasses.replace(default, **given)


def check_letters(text: str | None, what: str) -> None:
    """Refuse a text with bytes in it that are no letters.

    Raises:
        StudioError: it can't be written in UTF-8.
    """
    try:
        (text or "").encode()
    except UnicodeEncodeError as error:
        raise StudioError(f"{what} is not a text in UTF-8.", "Type it again.") from error


def idle_options(settings: GenerationSettings, info: ModelInfo) -> list[tuple[str, str]]:
    """Return what was asked for that a model passes over: messages with remedies."""
    found = []
    if settings.mode is not None and not info.modes:
        found.append((f"{info.name} uses a voice in one way only.", "Leave the mode out."))
    if settings.style and not info.supports_style:
        found.append((f"{info.name} takes no style.", "VoxCPM 2 does."))
    elif settings.style and "continuation" in (settings.mode or ""):
        found.append(("What goes on from a reference takes no style.", "Use the mode reference."))
    return found


def threads_of(arguments: argparse.Namespace) -> int | None:
    """Return how many threads an option asks for, if it does.

    Raises:
        StudioError: so many can't be used.
    """
    threads: int | None = getattr(arguments, "threads", None)
    if threads is not None and not 1 <= threads <= MOST_THREADS:
        raise StudioError(
            f"{threads} threads can't be used.", f"Choose a number from 1 to {MOST_THREADS}."
        )
    return threads


def load(arguments: argparse.Namespace) -> SpeechModel:
    """Load the model that the options name, with their threads and precision.

    Raises:
        StudioError: there is no such model, or it can't be loaded.
    """
    from ditar_studio.services.loaded_model import Adapter, load_model
    from ditar_studio.services.machine import default_threads, use_threads
    from ditar_studio.services.models import located

    threads = threads_of(arguments)
    named = located(arguments.model), getattr(arguments, "precision", None)
    folder, alpha = getattr(arguments, "lora", None), getattr(arguments, "lora_alpha", None)
    if folder is not None:
        model = load_model(*named, Adapter(Path(folder).expanduser(), alpha))
    elif alpha is not None:
        raise StudioError("There is an alpha but no LoRA.", "Give the LoRA's folder with --lora.")
    else:
        model = load_model(*named)
    use_threads(threads or default_threads(model.info.parameters, beside_interface=False))
    return model


def files_read(arguments: argparse.Namespace) -> list[Path]:
    """Return the files that options name, none of which may be written over."""
    names = ("reference", "text_file", "lexicon", "model", "lora", "jobs")
    given = (getattr(arguments, name, None) for name in names)
    return [Path(each).expanduser() for each in given if each]


def lexicon_of(arguments: argparse.Namespace) -> Lexicon | None:
    """Return the user's pronunciations, if a file was given.

    Raises:
        StudioError: it can't be read.
    """
    if arguments.lexicon is None:
        return None
    from ditar_studio.text import lexicon

    return lexicon.load(Path(arguments.lexicon))


def speak_into(
    target: Target,
    model: SpeechModel,
    request: GenerationRequest,
    voices: VoiceCache,
    cancel: threading.Event,
    console: Console,
    voice_name: str = "",
) -> SpeakResult:
    """Speak a request into a file or a pipe as patches arrive.

    A file that grows holds all that was made, whatever happens; it takes its own name at the end,
    unless it is interrupted.

    Args:
        voice_name: for the recipe in the file.

    Raises:
        StudioError: it failed; tells where what was made until then is.
    """
    from ditar_studio.services.sound_file import recipe_of
    from ditar_studio.services.speaking import SpeechStream

    start = time.perf_counter()
    if request.voice is not None:
        with contextlib.suppress(OtherModelError):  # which the stream reports
            voices.get(request.voice)
    voice_seconds = time.perf_counter() - start
    target.begin(model.info.sample_rate, recipe_of(model.info, request, voice_name, dated=False))
    try:
        with contextlib.closing(target):
            speech = SpeechStream(model, request, cancel, voices)
            spoken = _follow(speech, target, console)
    except StudioError as error:
        if target.path is None or target.path == PIPE:
            raise
        kept = f"What was made until then is in “{target.path}”."
        raise StudioError(error.message, f"{error.remedy} {kept}".strip()) from error
    if not spoken.cancelled:
        target.finish()
    return dataclasses.replace(spoken, path=target.path, voice_seconds=voice_seconds)


def _follow(speech: SpeechStream, target: Target, console: Console) -> SpeakResult:
    """Write what a generation makes, and show how it goes."""
    from ditar_studio.services import speech_events as events

    for event in speech:
        match event:
            case events.PatchReady():
                target.append(event.samples)
            case events.Progress():
                seconds = f"{event.generated_seconds:.1f} s of speech, RTF {event.rtf:.2f}"
                console.progress(event.fraction, f"{seconds}, in {target.name}")
            case events.Warned():
                console.warn(event.message, event.remedy)
            case (
                events.Started()
                | events.LineStarted()
                | events.LineDone()
                | events.WordSpoken()
                | events.SentenceVerified()
            ):
                pass
            case events.Done() | events.Cancelled() | events.Failed():
                pass  # the summary tells
            case _:
                assert_never(event)
    summary = speech.summary
    warnings = [warned.message for warned in summary.warnings]
    stats, sentences = summary.checked_stats(), list(summary.sentences)
    return SpeakResult(target.path, stats, 0.0, warnings, summary.cancelled, sentences)


def model_values(model: SpeechModel) -> dict[str, Any]:
    """Return what JSON results say of the model."""
    info = model.info
    return {"name": info.name, "version": info.version, "weights_hash": info.weights_hash}


def peak_memory() -> float | None:
    """Return largest resident size of this process so far, in MB; None where it isn't known."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


@contextlib.contextmanager
def stop_on_interrupt() -> Iterator[threading.Event]:
    """Yield an event that the first Ctrl+C sets; the second one interrupts as usual."""
    cancel = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield cancel
        return

    def handle(number: int, frame: FrameType | None) -> None:
        cancel.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield cancel
    finally:
        signal.signal(signal.SIGINT, before)
