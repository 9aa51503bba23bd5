"""A small deterministic speech model: tones instead of words, faults on demand."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.engine import load
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.engine.speech_model import ModelInfo, PatchOutput, Verification
from ditar_studio.engine.word_times import WordTime
from ditar_studio.errors import OtherModelError, StudioError
from ditar_studio.services import loaded_model

RATE, PATCH, AHEAD = 24000, 2400, 600


def use_model(monkeypatch: pytest.MonkeyPatch, model: FakeModel) -> None:
    """Have this model loaded, whatever is asked for."""
    for module in (load, loaded_model):
        monkeypatch.setattr(module, "load_model", lambda name=None, precision=None: model)


class FakeUtterance:
    """Four patches a word. Words that do something: runaway, silent, loop, nan, loud, gap."""

    def __init__(
        self, text: str, voice: object, settings: GenerationSettings, generator: torch.Generator
    ) -> None:
        self.text = text
        self.words = text.lower().strip(".!? ").split()
        self.expected_patches = 4 * len(self.words)
        self.max_patches = 3 * self.expected_patches + 10
        self.settings, self.generator = settings, generator
        name = f"{text} {voice} {settings.guidance} {settings.steps}"
        self.pitch = 100 + int(hashlib.sha256(name.encode()).hexdigest()[:4], 16) % 300
        self.made = 0
        self.held = np.zeros(0, np.float32)
        self.wavers = False

    @property
    def word_times(self) -> list[WordTime]:
        """The words that are whole by now."""
        spans = [match.span() for match in re.finditer(r"[^\s.!?]+", self.text)]
        whole = self.made // 4
        seconds = 4 * PATCH / RATE
        return [WordTime(*span, n * seconds, seconds) for n, span in enumerate(spans[:whole])]

    def step(self) -> PatchOutput:
        noise = torch.randn(PATCH, generator=self.generator).numpy()
        if not self.made:
            self.wavers = "sometimes" in self.words and bool(noise[0] < 0)
        time = (np.arange(PATCH) + self.made * PATCH) / RATE
        word = self.words[min(self.made // 4, len(self.words) - 1)]
        turn = hashlib.sha256(b"%d" % self.made).digest()[0] / 255
        glide = self.pitch * (1 + turn + 0.3 * np.sin(7 * time))
        wave = 0.2 * np.sin(2 * np.pi * np.cumsum(glide) / RATE + self.made)
        wave += 0.02 * self.settings.temperature * noise * (1 + 3 * (self.made % 3))
        stop = float(self.made + 1 >= self.expected_patches)
        if "runaway" in self.words or "loop" in self.words or "silent" in self.words:
            stop = 0.0
        if "silent" in self.words and self.made >= 2:
            wave = np.zeros(PATCH)
        if "loop" in self.words:
            wave = 0.2 * np.sin(2 * np.pi * 200 * np.arange(PATCH) / RATE)
        if word == "gap":
            wave = np.zeros(PATCH)
        if word == "loud":
            wave = wave * 8
        if word == "nan" and self.made > 4:
            wave = wave * np.nan
        self.made += 1
        all_held = np.concatenate([self.held, wave.astype(np.float32)])
        self.held = all_held[-AHEAD:]
        return PatchOutput(all_held[:-AHEAD], stop)

    def finish(self) -> np.ndarray:
        return self.held

    def verify(self, samples: np.ndarray) -> Verification:
        """Hear four sounds a word; how many are wrong is in the sound; of "mumble" all are.

        The word "sometimes" is heard otherwise where the first number that was drawn is negative.
        """
        sounds = 4 * len(self.words)
        errors = int(np.abs(samples).sum() * 1e4) % (sounds // 2)
        differing = []
        if "mumble" in self.words:
            errors = sounds
            differing.append("mumble")
        if self.wavers:
            differing.append("sometimes")
        spans = [m.span() for w in differing for m in re.finditer(w, self.text.lower())]
        return Verification(sounds, errors, 0.75, tuple(spans))


class FakeModel:
    """Implements `SpeechModel`; counts what is asked of it."""

    def __init__(self, **changes: object) -> None:
        values = {
            "name": "Fake",
            "version": "1",
            "sample_rate": RATE,
            "patch_samples": PATCH,
            "weights_hash": "0" * 64,
            "parameters": 1,
            "can_verify": True,
            "reads_phonemes": True,
            "times_words": True,
        }
        self.info = ModelInfo(**{**values, **changes})  # type: ignore[arg-type]
        self.prepared: list[tuple[Clip, str]] = []
        self.begun: list[str] = []
        self.sayings: list[tuple[str, str]] = []

    def prepare_voice(self, clip: Clip, transcript: str, adapter: Path | None = None) -> Any:
        if adapter is not None and adapter.stem == "other":
            raise OtherModelError("The voice was fine-tuned for another model.", "Do it again.")
        self.prepared.append((clip, transcript))
        return (round(clip.rms, 4), transcript)

    def begin(self, text, voice, settings, generator=None, lexicon=None, sayings=()):  # type: ignore[no-untyped-def]
        if not any(letter.isalnum() for letter in text):
            raise StudioError(f"“{text}” holds nothing that can be read.", "Type some words.")
        self.begun.append(text)
        self.sayings += [(text[s.start : s.end], s.pronunciation) for s in sayings]
        return FakeUtterance(text, voice, settings, generator)


def speech_like(seconds: float = 3.0, rate: int = RATE, level: float = 0.1) -> Clip:
    """Make syllables of noise and tone, for references."""
    time = np.arange(int(seconds * rate)) / rate
    envelope = np.clip(np.sin(2 * np.pi * 3 * time), 0, 1) + 0.02
    tone = np.sin(2 * np.pi * 150 * time) + 0.3 * np.sin(2 * np.pi * 1200 * time)
    return Clip((level * envelope * tone).astype(np.float32), rate)
