"""The user's voices, for programs that only speak in them or add one.

They are read without opening the library, so that this works beside the studio; adding one opens it
for a moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ditar_studio.engine.voice import Reference, check_length, trim_and_level
from ditar_studio.errors import StudioError
from ditar_studio.installation import program
from ditar_studio.sample_voices import sample_voices
from ditar_studio.services.references import others_in, reference_of
from ditar_studio.store.bundle import SUFFIX
from ditar_studio.store.files import default_root
from ditar_studio.store.library import DATABASE, Library
from ditar_studio.store.reading import read_voices
from ditar_studio.store.voice import NewSample as NewSample
from ditar_studio.store.voice import Sample as Sample
from ditar_studio.store.voice import Voice as Voice

VOICE_SUFFIX = SUFFIX
"""Of files with a voice that another library can take."""


@dataclass(frozen=True)
class KnownVoice:
    """A voice that can be named.

    Attributes:
        name: of the voice.
        reference: what it speaks from.
        fine_tuned: whether it was fine-tuned to its recordings.
        sample: whether it comes with the program and is not in the library.
    """

    name: str
    reference: Reference
    fine_tuned: bool = False
    sample: bool = False


def known_voices() -> list[KnownVoice]:
    """Return the library's voices that can speak, and the sample voices, by name.

    Raises:
        StudioError: the library can't be read.
    """
    found = [
        KnownVoice(voice.name, reference_of(voice), voice.adapter is not None)
        for voice in _library_voices()
        if voice.reference is not None
    ]
    names = {voice.name.casefold() for voice in found}
    found += [
        KnownVoice(sample.name, Reference(sample.path, sample.transcript), sample=True)
        for sample in sample_voices()
        if sample.name.casefold() not in names
    ]
    return sorted(found, key=lambda voice: voice.name.casefold())


def reference_named(name: str) -> Reference:
    """Return what a voice of the user's library, or else a sample voice, speaks from.

    Args:
        name: of the voice, letter case aside.

    Raises:
        StudioError: there is none of this name, or the library can't be read.
    """
    wanted = name.strip().casefold()
    for voice in known_voices():
        if voice.name.casefold() == wanted:
            return voice.reference
    names = ", ".join(sample.name for sample in sample_voices())
    raise StudioError(
        f"There is no voice “{name}”.",
        f"“{program()} voices list” names the library's; sample voices are {names}.",
    )


def others_named(texts: Iterable[str]) -> dict[str, Reference]:
    """Return the voices that marks in texts name, of the user's library and the sample voices.

    Raises:
        StudioError: the library can't be read.
    """
    return others_in(texts, lambda: [(voice.name, voice.reference) for voice in known_voices()])


def new_samples(recordings: Iterable[tuple[Path, str]]) -> list[NewSample]:
    """Check recordings and what is said in them, before they become a voice's samples.

    Raises:
        StudioError: one can't be read or is silent, or the first is too short or too long.
    """
    samples: list[NewSample] = []
    for path, transcript in recordings:
        clip = trim_and_level(Reference(path, transcript).clip())
        if not samples:
            check_length(clip)
        samples.append(NewSample(path, transcript))
    return samples


def save_voice(
    library: Library,
    name: str,
    samples: Sequence[NewSample],
    *,
    consent: str = "",
    tags: Iterable[str] = (),
    note: str = "",
) -> Voice:
    """Save a voice under a name that no other has.

    Raises:
        StudioError: there is a voice of this name, or it can't be saved.
    """
    if library.voices.find(name) is not None:
        raise StudioError(
            f"There is a voice “{name}” already.", "Choose another name, or remove it."
        )
    made = library.voices.create(name, samples, consent=consent, tags=tags, note=note)
    return made.value


def _library_voices() -> list[Voice]:
    database = default_root() / DATABASE
    voices = read_voices(database)
    if voices is None:
        if not database.exists():
            return []
        with Library() as library:
            voices = library.voices.all()
    return voices
