"""Sound as the Python API gives and takes it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ditar_studio.errors import StudioError
from ditar_studio.services.clips import Clip, read_clip

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from ditar_studio.services.sound_stream import Format
    from ditar_studio.services.takes import Recipe


@dataclass(frozen=True)
class Word:
    """A word that was said.

    Attributes:
        text: as it was written.
        start: seconds from the beginning of the sound.
        seconds: how long it takes.
    """

    text: str
    start: float
    seconds: float


@dataclass(frozen=True, eq=False)
class Audio:
    """Mono sound. Immutable.

    Attributes:
        samples: float32 [n], nominally within -1..1; read-only.
        rate: samples per second.
        warnings: what the user should know of how it was spoken.
        words: when each word is said; empty for models that don't know, and for parts of a stream.
        recipe: what it was made from, for the file's metadata; None where that isn't known.

    Raises:
        StudioError: the samples aren't one row of finite numbers, or the rate is not a real one.
    """

    samples: NDArray[np.float32]
    rate: int
    warnings: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()
    recipe: Recipe | None = None

    def __post_init__(self) -> None:
        clip = Clip(self.samples, self.rate)
        object.__setattr__(self, "samples", clip.samples)
        object.__setattr__(self, "rate", clip.sample_rate)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Audio:
        """Read a sound file, mixed down to one channel, at its own rate.

        Raises:
            StudioError: it can't be read.
        """
        clip = read_clip(path)
        return cls(clip.samples, clip.sample_rate)

    @classmethod
    def join(cls, parts: Iterable[Audio]) -> Audio:
        """Put parts of one rate one after the other.

        Raises:
            StudioError: there are none, or their rates differ.
        """
        each = list(parts)
        rates = {part.rate for part in each}
        if len(rates) != 1:
            raise StudioError("Only sounds of one rate can be joined.", "Give at least one.")
        warnings = tuple(dict.fromkeys(text for part in each for text in part.warnings))
        recipe = each[0].recipe
        if any(part.recipe != recipe for part in each):
            recipe = None
        words: list[Word] = []
        begin = 0.0
        for part in each:
            words += [replace(word, start=word.start + begin) for word in part.words]
            begin += part.seconds
        samples = np.concatenate([part.samples for part in each])
        return cls(samples, rates.pop(), warnings, tuple(words), recipe)

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate

    def save(
        self, path: str | os.PathLike[str], *, overwrite: bool = False, watermark: bool = True
    ) -> Path:
        """Write a sound file: WAV (16 bits), FLAC (24 bits), MP3 or Opus, as its name ends.

        The file says in its metadata that it is synthetic speech, and how it was made.

        Args:
            path: ends in ``.wav``, ``.flac``, ``.mp3`` or ``.opus``.
            overwrite: whether a file that is there already is replaced.
            watermark: whether the sound gets the inaudible watermark. Without it nobody can tell
                that the speech is synthetic once the metadata are gone, and you may have to say so.

        Returns:
            The path.

        Raises:
            StudioError: the name has another ending, the file is there already, or can't be
                written.
        """
        from ditar_studio.services.sound_file import write_sound

        place = Path(path).expanduser()
        recipes = [self.recipe] if self.recipe is not None else []
        clip = Clip(self.samples, self.rate)
        write_sound(place, clip, recipes, overwrite=overwrite, watermark=watermark)
        return place

    def encode(self, form: Format = "wav", *, watermark: bool = True) -> bytes:
        """Return the bytes of a sound file: mp3, opus, flac, wav, or pcm (16 bits, little endian,
        24 kHz).

        Args:
            form: of the file.
            watermark: as in `save`.

        Raises:
            StudioError: the format can't be encoded on this installation.
        """
        from ditar_studio.services.sound_stream import SoundStream, formats

        if form not in formats():
            raise StudioError(
                f"“{form}” can't be encoded here.", f"Choose one of {', '.join(formats())}."
            )
        voice = self.recipe.voice_name if self.recipe is not None else ""
        stream = SoundStream(form, self.rate, voice, True, watermark)
        return stream.feed(self.samples) + stream.finish()

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> NDArray[np.generic]:
        """Return the samples, for numpy's functions."""
        return np.array(self.samples, dtype=dtype) if copy else np.asarray(self.samples, dtype)

    def __len__(self) -> int:
        return len(self.samples)

    def __repr__(self) -> str:
        return f"<Audio of {self.seconds:.2f} s at {self.rate} Hz>"
