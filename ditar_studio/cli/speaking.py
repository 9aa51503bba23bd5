"""What `speak`, `batch` and `demo` share: options to settings, and a generation into a WAV."""

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
from typing import TYPE_CHECKING, Any

from ditar_studio.cli.models import located
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.errors import StudioError

if TYPE_CHECKING:
    from types import FrameType

    from ditar_studio.audio.io import Subtype
    from ditar_studio.cli.console import Console
    from ditar_studio.engine.events import GenerationStats, SentenceHeard
    from ditar_studio.engine.generate import GenerationRequest
    from ditar_studio.engine.speech_model import ModelInfo, SpeechModel
    from ditar_studio.engine.voice import VoiceCache
    from ditar_studio.text.lexicon import Lexicon

MARK = "Synthetic speech, made with DiTAR Studio"

_OPTIONS = {
    "temperature": "temperature",
    "guidance": "guidance",
    "steps": "steps",
    "seed": "seed",
    "max_seconds": "max_seconds",
    "stop_threshold": "stop_threshold",
    "pause": "pause_seconds",
    "mode": "mode",
    "style": "style",
    "patches": "exact_patches",
    "candidates": "candidates",
    "verify": "verify",
}


@dataclass(frozen=True)
class Spoken:
    """What became of a generation.

    Attributes:
        stats: what it took, without encoding the voice.
        voice_seconds: time that encoding the voice took.
        warnings: what was warned of.
        cancelled: whether it was interrupted.
        heard: what the model heard of each sentence, where it was asked to listen.
    """

    stats: GenerationStats
    voice_seconds: float
    warnings: list[str]
    cancelled: bool
    heard: list[SentenceHeard]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
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
                    "sounds_wrong": round(each.hearing.error_rate, 4),
                    "likeness": each.hearing.likeness and round(each.hearing.likeness, 4),
                    "candidates": each.candidates,
                }
                for each in self.heard
            ],
        }


def settings_of(arguments: argparse.Namespace, default: GenerationSettings) -> GenerationSettings:
    """The model's default settings, changed by the options that were given.

    Raises:
        StudioError: a value is out of its range.
    """
    given = {
        name: getattr(arguments, option)
        for option, name in _OPTIONS.items()
        if getattr(arguments, option, None) is not None
    }
    return dataclasses.replace(default, **given)


def idle_options(settings: GenerationSettings, info: ModelInfo) -> list[tuple[str, str]]:
    """What was asked for that a model passes over: messages with remedies."""
    found = []
    if settings.mode is not None and not info.modes:
        found.append((f"{info.name} uses a voice in one way only.", "Leave the mode out."))
    if settings.style and not info.supports_style:
        found.append((f"{info.name} takes no style.", "VoxCPM 2 does."))
    elif settings.style and "continuation" in (settings.mode or ""):
        found.append(("What goes on from a reference takes no style.", "Use the mode reference."))
    return found


def load(arguments: argparse.Namespace) -> SpeechModel:
    """The model that the options name, with their threads and precision.

    Raises:
        StudioError: there is no such model, or it can't be loaded.
    """
    threads = getattr(arguments, "threads", None)
    if threads is not None and not 1 <= threads <= 256:
        raise StudioError(f"{threads} threads can't be used.", "Choose a number from 1 to 256.")
    from ditar_studio.engine.device import default_threads, use_threads
    from ditar_studio.engine.load import Adapter, load_model

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


def lexicon_of(arguments: argparse.Namespace) -> Lexicon | None:
    """The user's pronunciations, if a file was given.

    Raises:
        StudioError: it can't be read.
    """
    if arguments.lexicon is None:
        return None
    from ditar_studio.text import lexicon

    return lexicon.load(Path(arguments.lexicon))


def check_output(path: Path) -> None:
    """Refuse an output file that could not be written, before any work is done.

    Raises:
        StudioError: it is a folder, lies in none, or isn't a WAV.
    """
    try:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            path.stat()
    except (OSError, ValueError) as error:
        raise StudioError(
            f"“{path.name[:40]}” can't be a file's name here.", "Choose a shorter, simpler one."
        ) from error
    if path.is_dir():
        raise StudioError(f"“{path}” is a folder.", "Name the WAV file to write.")
    if path.suffix.lower() != ".wav":
        raise StudioError(f"“{path.name}” is not a WAV file's name.", "Let it end in “.wav”.")
    if not path.parent.is_dir():
        raise StudioError(f"There is no folder “{path.parent}”.", "Make it first.")


def speak_into(
    path: Path,
    model: SpeechModel,
    request: GenerationRequest,
    voices: VoiceCache,
    cancel: threading.Event,
    console: Console,
    subtype: Subtype = "PCM_16",
) -> Spoken:
    """Speak a request into a WAV that grows as patches arrive.

    The file is made when the first patch is there, and holds all that was made, whatever happens.

    Raises:
        StudioError: it failed.
    """
    from ditar_studio.audio.io import StreamingWavWriter
    from ditar_studio.engine.events import (
        Cancelled,
        Done,
        Failed,
        PatchReady,
        Progress,
        SentenceHeard,
        Warned,
    )
    from ditar_studio.engine.generate import stream
    from ditar_studio.engine.voice import OtherModelError

    start = time.perf_counter()
    if request.voice is not None:
        with contextlib.suppress(OtherModelError):  # of which the stream tells
            voices.get(request.voice)
    voice_seconds = time.perf_counter() - start
    warnings: list[str] = []
    heard: list[SentenceHeard] = []
    with contextlib.ExitStack() as stack:
        writer: StreamingWavWriter | None = None
        for event in stream(model, request, cancel, voices):
            match event:
                case PatchReady():
                    if writer is None:
                        rate = model.info.sample_rate
                        writer = stack.enter_context(
                            StreamingWavWriter(path, rate, subtype, comment=MARK)
                        )
                    writer.append(event.samples)
                case Progress():
                    console.progress(
                        event.fraction,
                        f"{event.generated_seconds:.1f} s of speech, RTF {event.rtf:.2f}",
                    )
                case SentenceHeard():
                    heard.append(event)
                case Warned():
                    warnings.append(event.message)
                    console.warn(event.message, event.remedy)
                case Failed():
                    raise StudioError(event.message, event.remedy)
                case Done() | Cancelled():
                    stopped = isinstance(event, Cancelled)
                    return Spoken(event.stats, voice_seconds, warnings, stopped, heard)
                case _:
                    pass
    raise RuntimeError("the generation ended without a word")


def model_values(model: SpeechModel) -> dict[str, Any]:
    """What JSON results say of the model."""
    info = model.info
    return {"name": info.name, "version": info.version, "weights_hash": info.weights_hash}


def peak_memory() -> float | None:
    """Largest resident size of this process so far, in MB; None where it isn't known."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


@contextlib.contextmanager
def stop_on_interrupt() -> Iterator[threading.Event]:
    """An event that the first Ctrl+C sets; the second one interrupts as usual."""
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
