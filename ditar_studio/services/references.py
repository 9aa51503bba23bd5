"""Voices of the library as a model is given them."""

from __future__ import annotations

from ditar_studio.engine.voice import Reference
from ditar_studio.errors import StudioError
from ditar_studio.store.voice import Voice


def reference_of(voice: Voice) -> Reference:
    """What a voice of the library speaks from, and what it was fine-tuned to.

    Raises:
        StudioError: it has no sample.
    """
    if voice.reference is None:
        raise StudioError(f"The voice “{voice.name}” has no recording.", "Add one.")
    first, *others = voice.samples
    if voice.adapter is not None:
        return Reference(first.path, first.transcript, voice.adapter.path)
    further = tuple(Reference(sample.path, sample.transcript) for sample in others)
    return Reference(first.path, first.transcript, further=further)
