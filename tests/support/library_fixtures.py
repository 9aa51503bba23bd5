"""What tests of the library put into it, and a clock that they turn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from ditar_studio.store.recipe import Recipe


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def write_tone(path: Path, seconds: float) -> Path:
    times = np.arange(int(16000 * seconds)) / 16000
    soundfile.write(path, 0.1 * np.sin(2 * np.pi * 220 * times), 16000)
    return path


def recipe(text: str = "Hello there.", **changes: object) -> Recipe:
    values: dict[str, object] = {
        "model_name": "builtin",
        "model_hash": "m",
        "voice_id": None,
        "voice_name": "",
        "voice_hash": "",
        "text": text,
        "settings": {"seed": 7},
    }
    return Recipe(**{**values, **changes})  # type: ignore[arg-type]
