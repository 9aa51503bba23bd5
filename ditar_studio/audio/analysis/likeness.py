"""The likeness of two voices by an independent judge: Resemblyzer, an optional extra.

Source: generalised end-to-end speaker embeddings, Wan et al. 2018 (arXiv 1710.10467). Two
recordings of one person reach about 0.88, those of two people about 0.56.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Final

import numpy as np

from ditar_studio.audio.extras import Extra
from ditar_studio.errors import StudioError

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    from ditar_studio.audio.clips.clip import Clip

LIKENESS = Extra("Likeness to the reference", "evaluation", ("resemblyzer", "librosa", "webrtcvad"))
RATE: Final = 16000
"""The rate in Hz at which it listens."""

_SHORTEST: Final = 0.1  # seconds

Embed = Callable[["NDArray[np.float32]"], "NDArray[np.float32]"]
"""Samples float32 [n] at `RATE` -> the voice as a unit vector [256]; zeros where nobody speaks."""


def import_judge(module: str) -> ModuleType:
    """Import a package of the `evaluation` extra without the warnings about what it uses.

    Raises:
        StudioError: it is not installed or does not work.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return import_module(module)
    except (ImportError, OSError) as error:
        raise StudioError(
            f"Evaluation needs the package “{module.partition('.')[0]}”, which can't be used: "
            f"{error}.",
            LIKENESS.how_to_get,
        ) from error


def judged(clip: Clip) -> NDArray[np.float32]:
    """Return the samples of `clip` as judges hear them: float32 [n] at `RATE`, within -1..1."""
    samples = clip.resample(RATE).samples
    shortest = int(_SHORTEST * RATE)
    if len(samples) < shortest:
        samples = np.pad(samples, (0, shortest - len(samples)))
    return np.clip(samples, -1.0, 1.0).astype(np.float32)


def speaker_encoder() -> Embed:
    """Load the judge. Takes seconds: not for the GUI thread.

    Raises:
        StudioError: it is not installed or does not work.
    """
    package = import_judge("resemblyzer")
    encoder = package.VoiceEncoder("cpu", verbose=False)

    def embed(samples: NDArray[np.float32]) -> NDArray[np.float32]:
        voiced = package.preprocess_wav(samples) if np.any(samples) else samples[:0]
        if len(voiced) < int(_SHORTEST * RATE):
            return np.zeros(256, dtype=np.float32)
        embedding: NDArray[np.float32] = encoder.embed_utterance(voiced)
        return embedding

    return embed


def likeness(embed: Embed, one: Clip, other: Clip) -> float:
    """Return the cosine of two clips' voices; 0 where nobody speaks."""
    return float(embed(judged(one)) @ embed(judged(other)))
