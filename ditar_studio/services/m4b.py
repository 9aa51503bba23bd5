"""Audiobooks in MP4: AAC where PyAV is installed, else Apple Lossless by libsndfile.

PyAV's wheels bring an FFmpeg with x264 and x265 in it, which are under the GPL; so PyAV is used
where a user has installed it and never shipped. Apple Lossless needs nothing more, plays wherever
Apple's formats do, and is about five times as large.
"""

from __future__ import annotations

import importlib
import importlib.util
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import soundfile

from ditar_studio.services.mp4 import Mp4Writer, Stream, aac_entry, alac_entry

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ditar_studio.services.metadata import Tags

_BIT_RATE, _BIT_RATE_BELOW_32_KHZ = 96_000, 64_000
"""Of AAC; at 64 kbit/s what is decoded of speech at 24 kHz correlates with it by 0.997."""
_ALAC_PACKET: Final = 4096
_ALAC_BITS: Final = 16


def has_aac() -> bool:
    """Return whether AAC can be made on this installation."""
    return importlib.util.find_spec("av") is not None


def write_m4b(
    path: Path, rate: int, tags: Tags, blocks: Iterator[NDArray[np.float32]], lossless: bool = False
) -> int:
    """Write an audiobook; returns how many samples of sound went in.

    Args:
        path: of the file.
        rate: one that the format knows, in Hz.
        tags: title, author, cover, chapters.
        blocks: mono samples [n], in order.
        lossless: Apple Lossless even where AAC can be made.
    """
    if has_aac() and not lossless:
        return _write_aac(path, rate, tags, blocks)
    return _write_alac(path, rate, tags, blocks)


def _write_aac(path: Path, rate: int, tags: Tags, blocks: Iterator[NDArray[np.float32]]) -> int:
    av: Any = importlib.import_module("av")
    codec = av.CodecContext.create("aac", "w")
    codec.sample_rate, codec.layout, codec.format = rate, "mono", "fltp"
    codec.bit_rate = _BIT_RATE if rate >= 32000 else _BIT_RATE_BELOW_32_KHZ
    codec.open()
    size = codec.frame_size
    entry = aac_entry(rate, bytes(codec.extradata), codec.bit_rate)
    samples = 0
    with Mp4Writer(path, Stream(rate, size, size, entry)) as writer:
        for block in _evenly(blocks, size):
            frame = av.AudioFrame.from_ndarray(block[None], format="fltp", layout="mono")
            frame.sample_rate, frame.pts = rate, samples
            samples += len(block)
            for packet in codec.encode(frame):
                writer.write(bytes(packet))
        for packet in codec.encode(None):
            writer.write(bytes(packet))
        writer.finish(samples, tags)
    return samples


def _evenly(blocks: Iterator[NDArray[np.float32]], size: int) -> Iterator[NDArray[np.float32]]:
    """Return the same samples in blocks of one size, but for the last."""
    kept = np.zeros(0, np.float32)
    for block in blocks:
        kept = np.concatenate([kept, block])
        whole = len(kept) // size * size
        for start in range(0, whole, size):
            yield np.ascontiguousarray(kept[start : start + size])
        kept = kept[whole:]
    if len(kept):
        yield kept


def _write_alac(path: Path, rate: int, tags: Tags, blocks: Iterator[NDArray[np.float32]]) -> int:
    """Write ALAC by way of a CAF file, of which the packets are taken over."""
    samples = 0
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".alac-") as folder:
        caf = Path(folder) / "sound.caf"
        with soundfile.SoundFile(caf, "w", rate, 1, subtype="ALAC_16", format="CAF") as file:
            for block in blocks:
                file.write(block)
                samples += len(block)
        config, packets = _caf_packets(caf)
        entry = alac_entry(rate, config, _ALAC_BITS)
        with Mp4Writer(path, Stream(rate, _ALAC_PACKET, 0, entry)) as writer:
            for packet in packets:
                writer.write(packet)
            writer.finish(samples, tags)
    return samples


def _caf_packets(path: Path) -> tuple[bytes, Iterator[bytes]]:
    """Return the decoder's configuration and the packets of a CAF file (Apple's Core
    Audio Format).
    """
    places: dict[bytes, tuple[int, int]] = {}
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(8)
        while len(head := file.read(12)) == 12:
            kind, length = struct.unpack(">4sq", head)
            begin = file.tell()
            length = size - begin if length < 0 else length
            places[kind] = (begin, length)
            file.seek(begin + length)
        file.seek(places[b"kuki"][0])
        cookie = file.read(places[b"kuki"][1])
        file.seek(places[b"pakt"][0])
        table = file.read(places[b"pakt"][1])
    mark = cookie.find(b"alac", 4)  # older cookies stand in two boxes
    config = cookie[mark + 8 : mark + 32] if mark >= 0 else cookie[:24]
    return config, _read_packets(path, places[b"data"][0] + 4, _packet_sizes(table))


def _packet_sizes(table: bytes) -> list[int]:
    """Return sizes of the packets, each in groups of seven bits."""
    (count,) = struct.unpack_from(">q", table)
    sizes: list[int] = []
    value = 0
    for byte in table[24:]:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            sizes.append(value)
            value = 0
    return sizes[:count]


def _read_packets(path: Path, start: int, sizes: list[int]) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        for size in sizes:
            yield file.read(size)
