"""The phonemes of a sentence or of a clip, as the built-in model is given them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ditar_studio.audio.clips.resample import import_torchaudio
from ditar_studio.errors import StudioError
from ditar_studio.model.alignment import read
from ditar_studio.text import symbols
from ditar_studio.text.phonemes import phonemize

if TYPE_CHECKING:
    import torch

    from ditar_studio.text.lexicon import Lexicon

LEAST_SOUNDS = 4
"""Fewer are no speech."""


def sounds_of(text: str, lexicon: Lexicon | None) -> list[str]:
    """Return phonemes of a sentence, which always ends with a mark."""
    return ended(phonemize(text, lexicon))


def recognised(reading: torch.Tensor | None) -> list[str]:
    """Return the sounds of a clip whose words nobody wrote down. Almost half of a real speaker's
    are read wrongly, but in the right places, and that is as good a prompt as the words.
    """
    sounds = [] if reading is None else symbols.decode(read(reading[0]))
    if timed(sounds) < LEAST_SOUNDS:
        raise StudioError(
            "No speech can be made out in the reference.",
            "Choose a clip with clear speech, or write down what is said in it.",
        )
    return ended(sounds)


def unstressed(sounds: list[str]) -> list[str]:
    """Return the phonemes alone, without marks, boundaries and stress."""
    bare = (sound.lstrip("ˈˌ") for sound in sounds if sound not in symbols.PUNCTUATION)
    return [sound for sound in bare if sound != symbols.BOUNDARY]


def misheard(log_probs: torch.Tensor, sounds: list[str]) -> tuple[int, int]:
    """Return how many of some sounds there are, and how many a reader got wrong.

    Args:
        log_probs: [T, symbols] by the reader.
        sounds: that were to be said.
    """
    wanted, heard = unstressed(sounds), unstressed(symbols.decode(read(log_probs)))
    return len(wanted), import_torchaudio().functional.edit_distance(wanted, heard)


def ended(sounds: list[str]) -> list[str]:
    """Put a mark at the end, if there is none."""
    return sounds if sounds[-1] in symbols.PUNCTUATION else [*sounds, "."]


def timed(sounds: list[str]) -> int:
    """Return how many of them take time; marks take about as long as a sound."""
    return sum(sound != symbols.BOUNDARY for sound in sounds)
