"""Targets of a command's samples as they are made: a file that grows, or a pipe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ditar_studio.cli import streams
from ditar_studio.cli.console import Console
from ditar_studio.errors import StudioError
from ditar_studio.services import metadata

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ditar_studio.cli.output import Output
    from ditar_studio.services.clips import StreamingWavWriter, Subtype, Watermarker
    from ditar_studio.services.sound_stream import Format, SoundStream
    from ditar_studio.services.takes import Recipe

PIPE = Path("-")


class Target(Protocol):
    """Takes the sound of one command."""

    @property
    def path(self) -> Path | None:
        """Where the sound is; None until there is any."""

    @property
    def name(self) -> str:
        """Name of what is being written, for people."""

    def begin(self, sample_rate: int, recipe: Recipe) -> None:
        """Prepare for samples at a rate in Hz, made by a recipe."""

    def append(self, samples: NDArray[np.float32]) -> None:
        """Take float samples [n]."""

    def close(self) -> None:
        """End the recording; nothing more comes."""

    def finish(self) -> None:
        """Give the recording its name: all of it came, and it is closed."""


class Recording:
    """A file beside its place that grows from the first samples on, whatever ends the command.

    It grows as a WAV, watermarked already; at the end it becomes what its name asks for.

    Args:
        output: the file's place.
        subtype: of a WAV's samples.
        watermark: whether the sound gets it.
    """

    def __init__(
        self,
        output: Output,
        console: Console,
        subtype: Subtype = "PCM_16",
        watermark: bool = True,
    ) -> None:
        self.path: Path | None = None
        self._output = output
        self._wav = output.path.suffix.lower() == ".wav"
        self._subtype: Subtype = subtype if self._wav else "FLOAT"
        self._watermark = watermark
        self._console = console
        self._writer: StreamingWavWriter | None = None
        self._marker: Watermarker | None = None
        self._rate = 0
        self._recipe: Recipe | None = None

    @property
    def name(self) -> str:
        """Name of the file that grows."""
        return self.path.name if self.path is not None else "nothing yet"

    def begin(self, sample_rate: int, recipe: Recipe) -> None:
        """Note the rate and the recipe of the samples to come."""
        self._rate, self._recipe = sample_rate, recipe

    def append(self, samples: NDArray[np.float32]) -> None:
        """Write float samples [n]."""
        from ditar_studio.services.clips import StreamingWavWriter, Watermarker

        if self._writer is None or self._marker is None:
            self.path = self._output.begin()
            self._console.note(
                f"Speaking into {self.path}, which becomes {self._output.path.name} at the end."
            )
            comment = metadata.comment([self._recipe]) if self._recipe else metadata.mark()
            self._writer = StreamingWavWriter(self.path, self._rate, self._subtype, comment)
            self._marker = Watermarker(self._rate, self._watermark)
        self._writer.append(self._marker.feed(samples))

    def close(self) -> None:
        """Close the file; one that holds nothing is removed."""
        if self._writer is not None and self._marker is not None:
            marker, self._marker = self._marker, None
            try:
                self._writer.append(marker.finish())
            finally:
                self._writer.close()
        if self.path is not None and (self._writer is None or not self._writer.frames):
            self.path.unlink(missing_ok=True)
            self.path = None

    def finish(self) -> None:
        """Give the file its name and form.

        Raises:
            StudioError: that can't be done; what grew stays.
        """
        if self.path is None:
            return
        if self._wav:
            self._output.finish(self.path)
        else:
            self._convert(self.path)
        self.path = self._output.path

    def _convert(self, grown: Path) -> None:
        from ditar_studio.services.clips import read_clip
        from ditar_studio.services.sound_file import write_sound

        recipes = [self._recipe] if self._recipe else []
        path, force = self._output.path, self._output.force
        try:
            write_sound(path, read_clip(grown), recipes, overwrite=force, watermark=False)
        except StudioError as error:
            kept = f"All that was made is in “{grown}”."
            raise StudioError(error.message, f"{error.remedy} {kept}".strip()) from error
        grown.unlink(missing_ok=True)


class StandardOutput:
    """The standard output, which gets the sound while it is made.

    Args:
        form: of the sound; FLAC comes at the end, all the others piece by piece.
        watermark: whether the sound gets it.
    """

    def __init__(self, form: Format, watermark: bool = True) -> None:
        self.path: Path | None = None
        self.name = "the standard output"
        self._form: Format = form
        self._watermark = watermark
        self._stream: SoundStream | None = None

    def begin(self, sample_rate: int, recipe: Recipe) -> None:
        """Prepare to encode for the standard output."""
        from ditar_studio.services.sound_stream import SoundStream

        whole = self._form == "flac"
        self._stream = SoundStream(
            self._form, sample_rate, recipe.voice_name, whole, self._watermark
        )

    def append(self, samples: NDArray[np.float32]) -> None:
        """Send float samples [n].

        Raises:
            BrokenPipeError: nobody reads them any more.
            StudioError: they can't be written.
        """
        assert self._stream is not None, "it has begun"
        self.path = PIPE
        streams.deliver_bytes(self._stream.feed(samples))

    def close(self) -> None:
        """Send the rest, where there was any sound."""
        if self.path is not None and self._stream is not None:
            stream, self._stream = self._stream, None
            streams.deliver_bytes(stream.finish())

    def finish(self) -> None:
        """Do nothing: all of it was written."""


def pipe_format(name: str | None) -> Format:
    """Return what `--format` means.

    Raises:
        StudioError: the standard output is a terminal.
    """
    if streams.output_is_terminal():
        raise StudioError(
            "The sound would be written to the terminal.",
            "Send it to a program or into a file: … --out - | aplay",
        )
    forms: dict[str, Format] = {"wav": "wav", "raw": "pcm", "flac": "flac", "mp3": "mp3"}
    forms["opus"] = "opus"
    return forms[name or "wav"]
