"""The formats of exported sound files: what each is called, and the rates it knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Format = Literal["wav16", "wav24", "wav32f", "flac", "mp3", "opus", "m4b"]

_MPEG_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


@dataclass(frozen=True)
class Encoding:
    """The encoding of a format, by libsndfile or, of the container MP4, by `m4b`.

    Attributes:
        suffix: of the files' names.
        container, subtype: as libsndfile calls them.
        rates: in Hz, all that it knows; empty for any.
        chaptered: whether one file tells where its chapters begin.
    """

    suffix: str
    container: str
    subtype: str
    rates: tuple[int, ...] = ()
    chaptered: bool = False


ENCODINGS: dict[Format, Encoding] = {
    "wav16": Encoding(".wav", "WAV", "PCM_16"),
    "wav24": Encoding(".wav", "WAV", "PCM_24"),
    "wav32f": Encoding(".wav", "WAV", "FLOAT"),
    "flac": Encoding(".flac", "FLAC", "PCM_24"),
    "mp3": Encoding(".mp3", "MP3", "MPEG_LAYER_III", _MPEG_RATES, chaptered=True),
    "opus": Encoding(".opus", "OGG", "OPUS", (8000, 12000, 16000, 24000, 48000)),
    "m4b": Encoding(".m4b", "MP4", "AAC", _MPEG_RATES, chaptered=True),
}
