"""Voices of the library as a model is given them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ditar_studio.engine.voice import Reference as Reference
from ditar_studio.errors import StudioError
from ditar_studio.store.voice import Voice
from ditar_studio.text.markup import voices_in


def reference_of(voice: Voice) -> Reference:
    """Return what a voice of the library speaks from, and what it was fine-tuned to.

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


def others_in(
    texts: Iterable[str], voices: Callable[[], Iterable[tuple[str, Reference]]]
) -> dict[str, Reference]:
    """Return the voices that marks in texts name, by their names in lower case, as far as there are
    any.

    Args:
        voices: gives names and what they speak from; only asked where a text names one.
    """
    wanted = {name.casefold() for text in texts for name in voices_in(text)}
    if not wanted:
        return {}
    return {name.casefold(): each for name, each in voices() if name.casefold() in wanted}


def hashes_of(texts: Iterable[str], others: Mapping[str, Reference]) -> dict[str, str]:
    """Return what recipes note of the voices that marks in texts name (see `Recipe.other_voices`).

    Raises:
        StudioError: a recording can't be read.
    """
    names = sorted({name.casefold() for text in texts for name in voices_in(text)})
    return {name: others[name].voice_hash() if name in others else "" for name in names}


def usable(voices: Iterable[Voice]) -> list[tuple[str, Reference]]:
    """Return names of voices that have a recording, and what they speak from."""
    return [(v.name, reference_of(v)) for v in voices if v.reference is not None]
