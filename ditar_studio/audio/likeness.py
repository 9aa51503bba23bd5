"""How like two voices are, by an independent judge: Resemblyzer, an optional extra.

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
    from numpy.typing import NDArray

    from ditar_studio.audio.clip import Clip

LIKENESS = Extra("Likeness to the reference", "evaluation", ("resemblyzer", "librosa", "webrtcvad"))
RATE: Final = 16000
"""The rate in Hz at which it listens."""

_SHORTEST: Final = 0.1  # seconds of speech

Embed = Callable[["NDArray[np.float32]"], "NDArray[np.float32]"]
"""Samples float32 [n] at `RATE` -> the voice as a unit vector [256]; zeros where nobody speaks."""


def speaker_encoder() -> Embed:
    """Load the judge. Takes seconds: not for the GUI thread.

    Raises:
        StudioError: it is not installed or does not work.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it deprecates is not our user's concern
            package = import_module("resemblyzer")
    except (ImportError, OSError) as error:
        raise StudioError(
            f"Comparing voices needs the package “resemblyzer”, which can't be used: {error}.",
            "Install it with: pip install 'ditar-studio[evaluation]' and then "
            "pip install --no-deps Resemblyzer==0.1.4",
        ) from error
    encoder = package.VoiceEncoder("cpu", verbose=False)

    def embed(samples: NDArray[np.float32]) -> NDArray[np.float32]:
        voiced = package.preprocess_wav(samples) if np.any(samples) else samples[:0]
        if len(voiced) < int(_SHORTEST * RATE):
            return np.zeros(256, dtype=np.float32)
        embedding: NDArray[np.float32] = encoder.embed_utterance(voiced)
        return embedding

    return embed


def likeness(embed: Embed, one: Clip, other: Clip) -> float:
    """Cosine of two clips' voices; 0 where nobody speaks."""
    voices = [embed(np.clip(clip.resample(RATE).samples, -1.0, 1.0)) for clip in (one, other)]
    return float(voices[0] @ voices[1])
