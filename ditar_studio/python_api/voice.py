"""Voices as the Python API knows them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ditar_studio.python_api.audio import Audio
from ditar_studio.services.clips import Clip
from ditar_studio.services.references import Reference
from ditar_studio.services.sound_file import SUFFIXES
from ditar_studio.services.voice_library import known_voices, reference_named


@dataclass(frozen=True, eq=False)
class Voice:
    """A voice: a recording, what is said in it, and what the voice was fine-tuned to, if it was.

    Made by `Model.voice` or `Voice.of`; works with every model.

    Attributes:
        name: as it was given: of the library's voice, or of the file.
        reference: recording of the voice.
    """

    name: str
    reference: Reference

    @classmethod
    def of(cls, source: VoiceSource, transcript: str = "") -> Voice:
        """Return a voice from a recording, or one of the library.

        Args:
            source: a sound file of 1 to 30 s; `Audio`; or the name of a voice of the studio's
                library or of a sample voice. A string that names an existing file is a file.
            transcript: the words spoken in a recording. The built-in model reads them itself.

        Raises:
            StudioError: there is no such file or voice, or it can't be read.
        """
        if isinstance(source, Voice):
            return source
        if isinstance(source, Audio):
            return cls("", Reference(Clip(source.samples, source.rate), transcript))
        if isinstance(source, str) and not _is_file(source):
            return cls(source, reference_named(source))
        path = Path(source).expanduser()
        reference = Reference(path, transcript)
        reference.clip()
        return cls(path.stem, reference)

    @property
    def transcript(self) -> str:
        """The words spoken in the recording, as far as they are known."""
        return self.reference.transcript

    @property
    def fine_tuned(self) -> bool:
        """Whether the voice was fine-tuned to its recordings; else it is an instant voice."""
        return self.reference.adapter is not None

    def __repr__(self) -> str:
        kind = "fine-tuned" if self.fine_tuned else "instant"
        return f"<Voice “{self.name}”, {kind}>"


VoiceSource: TypeAlias = Voice | Audio | str | os.PathLike[str]


def voice_names() -> list[str]:
    """Return the names that `Voice.of` knows: the library's and the sample voices'.

    Raises:
        StudioError: the library can't be read.
    """
    return [voice.name for voice in known_voices()]


def _is_file(text: str) -> bool:
    """Return whether a string is meant as a file: one that exists, or that looks like a sound
    file's.
    """
    if os.path.exists(os.path.expanduser(text)):
        return True
    return os.sep in text or "/" in text or Path(text).suffix.lower() in (*SUFFIXES, ".ogg")
