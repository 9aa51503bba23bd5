"""MP4 sound files with chapters, tags and a cover, as audiobook players read them (M4B).

Written sample by sample as they are encoded: the media data first, then the `moov` box that tells
where everything is. Chapters stand in it twice, as Nero's `chpl` list and as QuickTime's text
track, because players know one or the other. Source: ISO/IEC 14496-12 and -14, QuickTime File
Format Specification.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Final

from ditar_studio.services.metadata import Tags

_TEXT_SCALE: Final = 1000
_PER_CHUNK: Final = 64
_MATRIX: Final = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_AUDIOBOOK: Final = 2
"""Of the tag `stik`, which tells what kind of media a file is."""
_MOST_NERO: Final = 255


@dataclass(frozen=True)
class Stream:
    """The content of a file's sound track.

    Attributes:
        rate: samples a second.
        packet: samples in one packet.
        priming: samples at the beginning that a player passes over.
        entry: the sample entry box, see `aac_entry` and `alac_entry`.
    """

    rate: int
    packet: int
    priming: int
    entry: bytes


def box(kind: bytes, *parts: bytes) -> bytes:
    """Return a box of parts."""
    size = 8 + sum(map(len, parts))
    return b"".join((struct.pack(">I", size), kind, *parts))


def full_box(kind: bytes, flags: int, *parts: bytes, version: int = 0) -> bytes:
    """Return a box with version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def aac_entry(rate: int, config: bytes, bit_rate: int) -> bytes:
    """Return the sample entry of AAC, with its AudioSpecificConfig."""
    specific = _descriptor(5, config)
    decoder = _descriptor(
        4, struct.pack(">BBBHII", 0x40, 0x15, 0, 6144, bit_rate, bit_rate) + specific
    )
    whole = _descriptor(3, struct.pack(">HB", 0, 0) + decoder + _descriptor(6, b"\2"))
    return box(b"mp4a", _sound_entry(rate, 16), full_box(b"esds", 0, whole))


def alac_entry(rate: int, config: bytes, bits: int) -> bytes:
    """Return the sample entry of Apple Lossless, with its ALACSpecificConfig of 24 bytes."""
    return box(b"alac", _sound_entry(rate, bits), full_box(b"alac", 0, config))


def _sound_entry(rate: int, bits: int) -> bytes:
    return struct.pack(">6xHHHIHHHHI", 1, 0, 0, 0, 1, bits, 0, 0, rate << 16)


def _descriptor(tag: int, content: bytes) -> bytes:
    length = len(content)
    sizes = bytes(0x80 | length >> shift & 0x7F for shift in (21, 14, 7)) + bytes([length & 0x7F])
    return bytes([tag]) + sizes + content


class Mp4Writer:
    """Writes one file, packet by packet; `finish` makes it whole.

    Args:
        path: is written over.
        stream: description of the sound track.
    """

    def __init__(self, path: Path, stream: Stream) -> None:
        self._stream = stream
        self._sizes: list[int] = []
        self._file = path.open("wb")
        self._file.write(box(b"ftyp", b"M4B \0\0\2\0", b"M4B M4A mp42isom"))
        self._mdat = self._file.tell()
        self._file.write(struct.pack(">I4sQ", 1, b"mdat", 0))

    def __enter__(self) -> Mp4Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def write(self, packet: bytes) -> None:
        """Add the next packet of the sound."""
        self._file.write(packet)
        self._sizes.append(len(packet))

    def finish(self, samples: int, tags: Tags) -> None:
        """Write what tells what is where.

        Args:
            samples: of sound, without priming and what fills the last packet.
            tags: title, author, cover and chapters.
        """
        texts = [_text_sample(chapter.title) for chapter in tags.chapters]
        text_at = self._file.tell()
        for text in texts:
            self._file.write(text)
        end = self._file.tell()
        self._file.write(self._movie(samples, tags, texts, text_at))
        self._file.seek(self._mdat + 8)
        self._file.write(struct.pack(">Q", end - self._mdat))

    def _movie(self, samples: int, tags: Tags, texts: Sequence[bytes], text_at: int) -> bytes:
        stream = self._stream
        length = round(samples * _TEXT_SCALE / stream.rate)
        starts = [round(chapter.start * _TEXT_SCALE) for chapter in tags.chapters]
        durations = [max(1, end - start) for start, end in pairwise([*starts, length])]
        head = full_box(
            b"mvhd",
            0,
            struct.pack(">IIIII", 0, 0, _TEXT_SCALE, length, 0x10000),
            struct.pack(">HH8x", 0x100, 0),
            _MATRIX,
            bytes(24),
            struct.pack(">I", 3),
        )
        tracks = [self._sound_track(samples, length, bool(texts))]
        if texts:
            tracks.append(_text_track(durations, texts, text_at, length))
        return box(b"moov", head, *tracks, _user_data(tags, starts))

    def _sound_track(self, samples: int, length: int, chaptered: bool) -> bytes:
        stream, count = self._stream, len(self._sizes)
        first = self._mdat + 16
        offsets = []
        for start in range(0, count, _PER_CHUNK):
            offsets.append(first)
            first += sum(self._sizes[start : start + _PER_CHUNK])
        runs = [(1, min(count, _PER_CHUNK))]
        if count > _PER_CHUNK and count % _PER_CHUNK:
            runs.append((len(offsets), count % _PER_CHUNK))
        total = count * stream.packet
        edit = full_box(b"elst", 0, struct.pack(">IIiI", 1, length, stream.priming, 0x10000))
        reference = [box(b"tref", box(b"chap", struct.pack(">I", 2)))] if chaptered else []
        table = box(
            b"stbl",
            full_box(b"stsd", 0, struct.pack(">I", 1), stream.entry),
            full_box(b"stts", 0, struct.pack(">III", 1, count, stream.packet)),
            _chunk_runs(runs),
            full_box(b"stsz", 0, struct.pack(f">II{count}I", 0, count, *self._sizes)),
            _chunk_places(offsets),
        )
        media = box(
            b"mdia",
            _media_head(stream.rate, total),
            _handler(b"soun", b"SoundHandler"),
            box(b"minf", full_box(b"smhd", 0, bytes(4)), _data_here(), table),
        )
        return box(b"trak", _track_head(1, 7, length, 0x100), box(b"edts", edit), *reference, media)


def _text_track(durations: Sequence[int], texts: Sequence[bytes], at: int, length: int) -> bytes:
    """Make QuickTime's chapters: a track that isn't shown, of one text a chapter."""
    count = len(texts)
    times = b"".join(struct.pack(">II", 1, duration) for duration in durations)
    entry = box(
        b"text",
        struct.pack(">6xH", 1),
        struct.pack(">II", 1, 0),
        bytes(43),
    )
    table = box(
        b"stbl",
        full_box(b"stsd", 0, struct.pack(">I", 1), entry),
        full_box(b"stts", 0, struct.pack(">I", count), times),
        _chunk_runs([(1, count)]),
        full_box(b"stsz", 0, struct.pack(f">II{count}I", 0, count, *map(len, texts))),
        _chunk_places([at]),
    )
    generic = box(
        b"gmhd",
        full_box(b"gmin", 0, struct.pack(">HHHHhH", 0x40, 0x8000, 0x8000, 0x8000, 0, 0)),
        box(b"text", _MATRIX),
    )
    media = box(
        b"mdia",
        _media_head(_TEXT_SCALE, sum(durations)),
        _handler(b"text", b"ChapterHandler"),
        box(b"minf", generic, _data_here(), table),
    )
    return box(b"trak", _track_head(2, 2, length, 0), media)


def _text_sample(title: str) -> bytes:
    data = title.encode()[:60_000]
    return struct.pack(">H", len(data)) + data + box(b"encd", struct.pack(">I", 0x100))


def _track_head(number: int, flags: int, length: int, volume: int) -> bytes:
    return full_box(
        b"tkhd",
        flags,
        struct.pack(">IIIII8x", 0, 0, number, 0, length),
        struct.pack(">HHHH", 0, 0, volume, 0),
        _MATRIX,
        bytes(8),
    )


def _media_head(rate: int, length: int) -> bytes:
    times = struct.pack(">QQIQ", 0, 0, rate, length)
    return full_box(b"mdhd", 0, times, struct.pack(">HH", 0x55C4, 0), version=1)


def _handler(kind: bytes, name: bytes) -> bytes:
    return full_box(b"hdlr", 0, struct.pack(">I4s12x", 0, kind), name + b"\0")


def _data_here() -> bytes:
    entry = full_box(b"url ", 1)
    return box(b"dinf", full_box(b"dref", 0, struct.pack(">I", 1), entry))


def _chunk_runs(runs: Sequence[tuple[int, int]]) -> bytes:
    entries = b"".join(struct.pack(">III", chunk, count, 1) for chunk, count in runs)
    return full_box(b"stsc", 0, struct.pack(">I", len(runs)), entries)


def _chunk_places(offsets: Sequence[int]) -> bytes:
    return full_box(b"co64", 0, struct.pack(f">I{len(offsets)}Q", len(offsets), *offsets))


def _user_data(tags: Tags, starts: Sequence[int]) -> bytes:
    items = [
        _text_item(b"\xa9nam", tags.title),
        _text_item(b"\xa9alb", tags.album or tags.title),
        _text_item(b"\xa9ART", tags.author or tags.voice),
        _text_item(b"aART", tags.author),
        _text_item(b"\xa9wrt", tags.voice if tags.author else ""),
        _text_item(b"\xa9gen", "Audiobook"),
        _text_item(b"\xa9too", tags.program),
        _text_item(b"\xa9cmt", tags.comment),
        box(b"stik", _data(21, bytes([_AUDIOBOOK]))),
    ]
    if tags.track:
        number, count = tags.track
        items.append(box(b"trkn", _data(0, struct.pack(">HHHH", 0, number, count, 0))))
    if tags.cover:
        kind = 14 if tags.cover.startswith(b"\x89PNG") else 13
        items.append(box(b"covr", _data(kind, tags.cover)))
    meta = full_box(
        b"meta", 0, full_box(b"hdlr", 0, struct.pack(">I4s4s8xB", 0, b"mdir", b"appl", 0)),
        box(b"ilst", *items),
    )  # fmt: skip
    parts = [meta]
    if tags.chapters:
        listed = list(zip(tags.chapters, starts, strict=True))[:_MOST_NERO]
        entries = b""
        for chapter, start in listed:
            title = chapter.title.encode()[:255]
            entries += struct.pack(">QB", start * 10_000, len(title)) + title
        parts.append(full_box(b"chpl", 0, struct.pack(">IB", 0, len(listed)), entries, version=1))
    return box(b"udta", *parts)


def _text_item(kind: bytes, text: str) -> bytes:
    return box(kind, _data(1, text.encode())) if text else b""


def _data(kind: int, content: bytes) -> bytes:
    return box(b"data", struct.pack(">II", kind, 0), content)
