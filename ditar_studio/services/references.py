"""Voices of the library as a model is given them."""

from __future__ import annotations

from ditar_studio.engine.voice import Reference
from ditar_studio.errors import StudioError
from ditar_studio.installation import program
from ditar_studio.sample_voices import sample_voices
from ditar_studio.store.files import default_root
from ditar_studio.store.library import DATABASE, Library
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


def reference_named(name: str) -> Reference:
    """What a voice of the user's library, or else a sample voice, speaks from.

    The library is open only for a moment.

    Args:
        name: of the voice, letter case aside.

    Raises:
        StudioError: there is none of this name, or the library can't be opened.
    """
    shipped = {voice.name.casefold(): voice for voice in sample_voices()}
    sample = shipped.get(name.strip().casefold())
    if (default_root() / DATABASE).exists():
        try:
            with Library() as library:
                voice = library.voices.find(name)
        except StudioError:
            if sample is None:
                raise
            voice = None
        if voice is not None:
            return reference_of(voice)
    if sample is None:
        names = ", ".join(each.name for each in shipped.values())
        raise StudioError(
            f"There is no voice “{name}”.",
            f"“{program()} voices list” names the library's; sample voices are {names}.",
        )
    return Reference(sample.path, sample.transcript)
