"""Fine-tunings short enough for tests, of a small model that hears what it is told to hear."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.engine import fine_tuning, lora_tuning, native_tuning, native_utterance
from ditar_studio.engine.speech_model import Verification
from ditar_studio.inference.threads import one_thread

STEPS = 4
BEFORE = Verification(100, 10, 0.5)
CLOSER, FURTHER = replace(BEFORE, likeness=0.6), replace(BEFORE, likeness=0.4)
UNCLEAR = replace(CLOSER, errors=20)


@contextmanager
def short_tunings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take a few steps and one probe sentence; on one thread, as little work takes longest to
    share.
    """
    for tuning in (native_tuning, lora_tuning):
        monkeypatch.setattr(tuning, "_QUICK_STEPS", STEPS)
    monkeypatch.setattr(fine_tuning, "PROBES", ("Two words.",))
    with one_thread():
        yield


def hears(monkeypatch: pytest.MonkeyPatch, *heard: Verification) -> None:
    """Set what the model hears of its probe sentences, one after the other."""
    said = iter(heard)
    monkeypatch.setattr(
        native_utterance.NativeUtterance, "verify", lambda self, samples: next(said)
    )


def ear_hears(monkeypatch: pytest.MonkeyPatch, *heard: Verification) -> None:
    """Set what is heard of a model's probe sentences that can't hear itself."""
    said = iter(heard)

    class Ear:
        def embedding(self, clip: Clip) -> torch.Tensor:
            return torch.ones(1)

        def verification(self, clip: Clip, text: str, speaker: torch.Tensor) -> Verification:
            assert text in fine_tuning.PROBES
            assert clip.seconds > 0
            return next(said)

    monkeypatch.setattr(lora_tuning, "ReaderListener", Ear)
