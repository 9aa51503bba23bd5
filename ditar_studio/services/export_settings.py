"""The settings of an export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ditar_studio.errors import StudioError
from ditar_studio.services.formats import ENCODINGS, Format
from ditar_studio.text_file import read_bytes

Layout = Literal["one_file", "per_line", "per_chapter", "stems"]
Subtitles = Literal["srt", "vtt", "json"]
Standard = Literal["", "acx"]


@dataclass(frozen=True)
class ExportSettings:
    """Settings of an export.

    Args:
        format: of the sound files; FLAC has 24 bits.
        sample_rate: in Hz; None keeps the takes' own. Formats that lack it get the next higher one.
        layout: everything in one file, a file for each line or each chapter, or one file as long
            as the whole for each speaker.
        subtitles: files to be written beside the sound.
        by_word: whether subtitles show word by word, where their times are known.
        loudness: target in LUFS for the whole project; None leaves it as it is.
        standard: "acx" makes what ACX demands of audiobooks, instead of `loudness`.
        title, author: of the whole, for the tags; the project's name where empty.
        cover: path of a picture, JPEG or PNG, for the tags; empty for none.
        speed: tempo with the pitch kept.
        fit_times: whether lines begin when their subtitles do, faster where they would not be done
            by the next one.
        name: template of the file names, see `naming.FIELDS`.
        replace: whether files of the same name are replaced; else a number is put behind the name.
        watermark: whether the inaudible watermark is put into the sound.
    """

    format: Format = "wav24"
    sample_rate: int | None = None
    layout: Layout = "one_file"
    subtitles: tuple[Subtitles, ...] = ()
    by_word: bool = False
    loudness: float | None = None
    standard: Standard = ""
    title: str = ""
    author: str = ""
    cover: str = ""
    speed: float = 1.0
    fit_times: bool = False
    name: str = ""
    replace: bool = False
    watermark: bool = True

    def __post_init__(self) -> None:
        if self.format not in ENCODINGS:
            raise StudioError(
                f"“{self.format}” is not an export format.",
                f"Choose one of {', '.join(ENCODINGS)}.",
            )
        if self.sample_rate is not None and not 8000 <= self.sample_rate <= 192_000:
            raise StudioError(
                f"A sample rate of {self.sample_rate} Hz cannot be exported.",
                "Choose one between 8000 and 192000 Hz.",
            )
        if self.standard == "acx" and self.format not in ("mp3", "wav16", "wav24", "flac"):
            raise StudioError("ACX takes MP3 only.", "Choose MP3, or WAV or FLAC to work on.")
        if self.loudness is not None and not -50 <= self.loudness <= -5:
            raise StudioError(
                f"A loudness of {self.loudness} LUFS cannot be exported.",
                "Choose one between -50 and -5; -16 is usual for speech.",
            )

    def cover_picture(self) -> bytes:
        """Return the picture for the tags; empty without one.

        Raises:
            StudioError: it can't be read, or is neither JPEG nor PNG.
        """
        if not self.cover:
            return b""
        try:
            content = read_bytes(Path(self.cover).expanduser())
        except (OSError, ValueError) as error:
            raise StudioError(
                f"The cover “{self.cover}” can't be read.", "Choose another picture, or none."
            ) from error
        if not content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n")):
            raise StudioError(
                f"The cover “{self.cover}” is neither a JPEG nor a PNG picture.",
                "Choose another picture.",
            )
        return content
