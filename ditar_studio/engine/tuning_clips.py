"""Aligned clips from the recordings of a voice, however long they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.engine.native import NativeModel
from ditar_studio.engine.tuning_data import AlignedClip
from ditar_studio.engine.voice import LONGEST, Reference, trim_and_level
from ditar_studio.errors import StudioError
from ditar_studio.model.alignment import align

MOST_SECONDS = 600.0
"""Of speech that is used."""

_PIECE = 15.0  # seconds
_FRAME = 0.1  # seconds in which loudness is measured
_LEAST = 0.8  # seconds


def speech_of(model: NativeModel, references: Sequence[Reference]) -> list[AlignedClip]:
    """Align a voice's clips, up to `MOST_SECONDS`.

    Clips in which no speech can be made out are passed over, but for the first.

    Raises:
        StudioError: the first can't be used.
    """
    found: list[AlignedClip] = []
    left = MOST_SECONDS
    for reference in references:
        try:
            clip, transcript = trim_and_level(reference.clip()), reference.transcript
            if clip.seconds > left:
                clip, transcript = _beginning(clip, left), ""
            found += _aligned_clips(model, clip, transcript)
        except StudioError:
            if reference is references[0]:
                raise
            continue
        left -= clip.seconds
        if left < _LEAST:
            break
    return found


@torch.inference_mode()
def _aligned_clips(model: NativeModel, clip: Clip, transcript: str) -> list[AlignedClip]:
    if clip.seconds <= LONGEST:
        prompt = model.encode(clip, transcript).voice.prompt
        assert prompt.units is not None
        return [AlignedClip(prompt.symbols, prompt.latents, prompt.units)]
    pieces = at_pauses(clip.resample(model.info.sample_rate), model.info.patch_samples)
    if transcript.strip():
        return [_aligned(model, pieces, transcript)]
    found = []
    for piece in pieces:
        try:
            found += _aligned_clips(model, piece, "")
        except StudioError:  # no speech in it
            continue
    return found


def _aligned(model: NativeModel, pieces: Sequence[Clip], transcript: str) -> AlignedClip:
    """Return a long clip, encoded piece by piece; the transcript is of all."""
    network = model.runtime.model
    assert network.reader is not None
    symbols = model.symbols(transcript)
    waves = [torch.tensor(piece.samples)[None] for piece in pieces]
    latents = torch.cat([network.vae.encode(wave)[0] for wave in waves])
    reading = torch.cat([network.reader(wave)[0] for wave in waves])
    units, _ = align(reading, symbols[symbols != network.boundary])
    return AlignedClip(symbols, latents, units)


def at_pauses(clip: Clip, patch_samples: int) -> list[Clip]:
    """Return a clip in pieces of 7.5 to 15 s and of whole patches, cut where it is quietest; what
    is left over at the end is dropped.
    """
    rate = clip.sample_rate
    whole = clip.samples[: len(clip.samples) // patch_samples * patch_samples]
    patches = whole.reshape(-1, patch_samples)
    around = max(1, round(_FRAME * rate / patch_samples))
    power = np.convolve(np.square(patches).mean(1), np.ones(around), "same")
    longest = round(_PIECE * rate / patch_samples)
    pieces, start = [], 0
    while len(patches) - start > longest:
        earliest = start + longest // 2
        end = earliest + int(power[earliest : start + longest].argmin())
        pieces.append(patches[start:end])
        start = end
    return [Clip(piece.ravel(), rate) for piece in (*pieces, patches[start:]) if len(piece)]


def _beginning(clip: Clip, seconds: float) -> Clip:
    return Clip(clip.samples[: int(seconds * clip.sample_rate)], clip.sample_rate)
