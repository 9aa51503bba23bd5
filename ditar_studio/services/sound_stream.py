"""A sound file that is sent while it is made: its bytes come as its samples do."""

from __future__ import annotations

import importlib
import importlib.util
import os
import struct
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

import numpy as np

from ditar_studio.audio.clips.watermark import Watermarker
from ditar_studio.services import metadata
from ditar_studio.services.formats import ENCODINGS

if TYPE_CHECKING:
    from numpy.typing import NDArray

Format = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]

MEDIA_TYPES: dict[Format, str] = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}

PCM_RATE = 24_000
"""Of "pcm" in Hz, which has no header that tells it: OpenAI's clients expect this one."""

_AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_UNKNOWN = 0xFFFFFFFF  # a length in a WAV, as readers of streams understand it

_MP3_COMPRESSION = 0.4  # of soundfile's 0..1; at a constant rate the size alone tells the length

_PAGE_LATENCY, _PAGE_MS = 0x1302, 100.0  # SFC_SET_OGG_PAGE_LATENCY_MS in libsndfile's sndfile.h


def formats() -> tuple[Format, ...]:
    """Return the formats that can be encoded on this installation: AAC only where PyAV is."""
    there = importlib.util.find_spec("av") is not None
    return tuple(kind for kind in get_args(Format) if kind != "aac" or there)


class SoundStream:
    """Encodes mono speech piece by piece.

    Args:
        kind: one of `formats()`.
        source_rate: of the samples that are fed, in Hz.
        voice: the speaker's name, for the file's metadata.
        whole: give everything at the end, with the length in the head. libsndfile cannot read a
            FLAC without.
        watermark: whether the inaudible watermark is put into it.

    Attributes:
        rate: of the encoded sound in Hz: the source's, or the next one that the format knows.
    """

    def __init__(
        self,
        kind: Format,
        source_rate: int,
        voice: str,
        whole: bool = False,
        watermark: bool = True,
    ) -> None:
        self._marker = Watermarker(source_rate, watermark)
        self.rate = _rate(kind, source_rate)
        self._resampler = _resampler(source_rate, self.rate)
        self._whole = whole
        self._sink = _Sink()
        tags = metadata.Tags("Synthetic speech", voice, metadata.mark())
        self._head = _head(kind, self.rate, tags)
        self._encoder: _Encoder
        match kind:
            case "wav" | "pcm":
                self._encoder = _Pcm(self._sink)
            case "aac":
                self._encoder = _Aac(self._sink, self.rate)
            case _:
                self._encoder = _Libsndfile(self._sink, kind, self.rate, tags)

    def feed(self, samples: NDArray[np.float32]) -> bytes:
        """Take samples [n]; return the bytes that are ready, perhaps none."""
        self._encode(samples, last=False)
        return b"" if self._whole else self._taken()

    def finish(self) -> bytes:
        """Return the rest: nothing more comes."""
        self._encode(np.zeros(0, np.float32), last=True)
        self._encoder.close()
        return self._taken()

    def _taken(self) -> bytes:
        head, self._head = self._head, b""
        return head + self._sink.take()

    def _encode(self, samples: NDArray[np.float32], last: bool) -> None:
        samples = self._marker.finish() if last else self._marker.feed(samples)
        if self._resampler is not None:
            samples = np.asarray(self._resampler.resample_chunk(samples, last=last), np.float32)
        if len(samples):
            self._encoder.write(samples)


def _rate(kind: Format, source: int) -> int:
    if kind == "pcm":
        return PCM_RATE
    known = _AAC_RATES if kind == "aac" else () if kind == "wav" else ENCODINGS[kind].rates
    return next((rate for rate in known if rate >= source), known[-1] if known else source)


def _head(kind: Format, rate: int, tags: metadata.Tags) -> bytes:
    """Return what stands before an encoder's first byte."""
    if kind == "mp3":
        return metadata.id3(tags)
    if kind != "wav":
        return b""
    form = struct.pack("<HHIIHH", 1, 1, rate, rate * 2, 2, 16)
    start = struct.pack("<4sI4s4sI", b"RIFF", _UNKNOWN, b"WAVE", b"fmt ", len(form))
    return start + form + metadata.riff_info(tags) + struct.pack("<4sI", b"data", _UNKNOWN)


def _resampler(source: int, target: int) -> Any:
    if source == target:
        return None
    import soxr

    return soxr.ResampleStream(source, target, 1, dtype="float32", quality="VHQ")


class _Sink:
    """A file of which what was taken has gone: corrections of that are lost."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._gone = 0
        self._position = 0

    def take(self) -> bytes:
        data = bytes(self._data)
        self._gone += len(data)
        self._data.clear()
        return data

    def write(self, data: bytes) -> int:
        start = self._position - self._gone
        if start >= 0:
            self._data[start : start + len(data)] = data
        self._position += len(data)
        return len(data)

    def read(self, size: int = -1) -> bytes:
        return b""

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position}
        self._position = offset + base.get(whence, self._gone + len(self._data))
        return self._position


class _Encoder(Protocol):
    def write(self, samples: NDArray[np.float32]) -> None: ...

    def close(self) -> None: ...


class _Pcm:
    def __init__(self, sink: _Sink) -> None:
        self._sink = sink

    def write(self, samples: NDArray[np.float32]) -> None:
        whole = np.clip(np.rint(samples * 32768.0), -32768, 32767)
        self._sink.write(whole.astype("<i2").tobytes())

    def close(self) -> None:
        pass


class _Libsndfile:
    def __init__(
        self, sink: _Sink, kind: Literal["mp3", "opus", "flac"], rate: int, tags: metadata.Tags
    ) -> None:
        import soundfile

        constant: dict[str, Any] = {}
        if kind == "mp3":
            constant = {"bitrate_mode": "CONSTANT", "compression_level": _MP3_COMPRESSION}
        form = ENCODINGS[kind]
        self._file = soundfile.SoundFile(
            sink, "w", rate, 1, form.subtype, format=form.container, **constant
        )
        if kind == "opus":
            # Pages of a second otherwise. soundfile has no name of its own for it.
            latency = soundfile._ffi.new("double *", _PAGE_MS)
            soundfile._snd.sf_command(self._file._file, _PAGE_LATENCY, latency, 8)
        if kind != "mp3":
            self._file.title, self._file.comment = tags.title, tags.comment
            if tags.voice:  # libsndfile refuses an empty one
                self._file.artist = tags.voice

    def write(self, samples: NDArray[np.float32]) -> None:
        self._file.write(samples)

    def close(self) -> None:
        self._file.close()


class _Aac:
    def __init__(self, sink: _Sink, rate: int) -> None:
        self._av: Any = importlib.import_module("av")
        self._rate = rate
        self._container = self._av.open(sink, "w", format="adts")
        self._stream = self._container.add_stream("aac", rate=rate, layout="mono")

    def write(self, samples: NDArray[np.float32]) -> None:
        frame = self._av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = self._rate
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()
