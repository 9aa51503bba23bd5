"""Sound files: reading any format that libsndfile knows, and writing a WAV that is always whole."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ditar_studio.audio.clips import mp4
from ditar_studio.audio.clips.clip import HIGHEST_RATE, LOWEST_RATE, Clip
from ditar_studio.errors import StudioError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from numpy.typing import NDArray

Subtype = Literal["PCM_16", "PCM_24", "FLOAT"]

_LONGEST = 4 * 3600.0
_BYTES = {"PCM_16": 2, "PCM_24": 3, "FLOAT": 4}


def read_clip(path: str | os.PathLike[str], *, max_seconds: float = _LONGEST) -> Clip:
    """Read a sound file, mixed down to one channel, at its own rate.

    Args:
        path: WAV, FLAC, OGG Vorbis or Opus, MP3, AIFF, ...; M4A and AAC where PyAV is installed.
        max_seconds: longer files are refused before their samples are read.

    Raises:
        StudioError: missing, unreadable, empty, too long, or holding values that are not numbers.
    """
    import soundfile

    path = Path(path)
    try:
        if path.is_dir():
            raise StudioError(f"“{path}” is a folder.", "Choose a sound file inside it.")
        if not path.exists():
            raise StudioError(f"There is no file “{path}”.", "Check the path.")
        if not path.is_file():
            raise StudioError(f"“{path}” is not an ordinary file.", "Choose a sound file.")
        if path.stat().st_size == 0:
            raise StudioError(f"The file “{path.name}” is empty.", "Choose another sound file.")
        name = path if sys.platform == "win32" else os.fsencode(path)  # of any bytes
        if mp4.is_mp4(path):
            return mp4.read(path, max_seconds)
        with soundfile.SoundFile(name) as file:
            rate = int(file.samplerate)
            if not LOWEST_RATE <= rate <= HIGHEST_RATE:
                raise StudioError(
                    f"The file “{path.name}” says that its sample rate is {rate} Hz.",
                    "Export it again at 24000 or 48000 Hz.",
                )
            seconds = file.frames / rate
            if seconds > max_seconds:
                raise StudioError(
                    f"The file “{path.name}” is {_duration(seconds)} long; "
                    f"at most {_duration(max_seconds)} can be used.",
                    "Cut out the part that you need.",
                )
            samples = file.read(dtype="float32", always_2d=True)
    except StudioError:
        raise
    except PermissionError as error:
        raise StudioError(
            f"The file “{path.name}” may not be read.", "Check its permissions."
        ) from error
    except MemoryError as error:
        raise StudioError(
            f"The file “{path.name}” does not fit into memory.", "Cut out the part that you need."
        ) from error
    except (soundfile.SoundFileError, OSError, TypeError, ValueError) as error:
        raise StudioError(
            f"The file “{path.name}” can't be read as sound.",
            "It may be damaged or of another format: convert it to WAV or FLAC.",
        ) from error
    if not len(samples):
        raise StudioError(f"The file “{path.name}” holds no sound.", "Choose another sound file.")
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            mono = samples.mean(axis=1, dtype=np.float32)
        return Clip(mono, rate)
    except StudioError as error:
        raise StudioError(
            error.message.replace("The sound", f"The file “{path.name}”", 1), error.remedy
        ) from error


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


class StreamingWavWriter:
    """A mono WAV file whose header is right after every `append`.

    Samples are written first and the lengths in the header after them, so that the file can be
    played while it grows and is whole after a `kill -9`. Use as a context manager.

    Args:
        path: where to write; an existing file is replaced.
        sample_rate: of the file, in Hz.
        subtype: `PCM_16`, `PCM_24` (both clipped at full scale) or `FLOAT`.
        comment: a text that goes into the file's metadata.

    Raises:
        StudioError: the file can't be made, the disk is full, or 4 GiB are exceeded.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        sample_rate: int,
        subtype: Subtype = "PCM_16",
        comment: str = "",
    ) -> None:
        if subtype not in _BYTES:
            raise StudioError(
                f"“{subtype}” is not a WAV sample format.", f"Choose one of {', '.join(_BYTES)}."
            )
        self.path = Path(path)
        self.sample_rate = sample_rate
        self.subtype: Subtype = subtype
        self.frames = 0
        self._information = _information(comment) if comment else b""
        try:
            self._file = open(self.path, "wb", buffering=0)  # noqa: SIM115 - closed by close()
        except OSError as error:
            raise StudioError(
                f"The file “{self.path}” can't be written: {error.strerror}.",
                "Choose another place to save it.",
            ) from error
        self._write(0, self._header())

    @property
    def seconds(self) -> float:
        """Seconds written so far."""
        return self.frames / self.sample_rate

    def append(self, samples: NDArray[np.float32]) -> None:
        """Write float samples [n] at the end of the file."""
        data = _encode(np.asarray(samples, np.float32), self.subtype)
        start = len(self._header())
        if start + self.frames * _BYTES[self.subtype] + len(data) > 0xFFFFFFF0:
            raise StudioError("A WAV file can't be larger than 4 GiB.", "Split the text in two.")
        self._write(start + self.frames * _BYTES[self.subtype], data)
        self.frames += len(samples)
        self._write(0, self._header())

    def close(self) -> None:
        """Close the file; it is whole already."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self, position: int, data: bytes) -> None:
        try:
            self._file.seek(position)
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            raise StudioError(
                f"Writing “{self.path.name}” failed: {error.strerror}.",
                "Make room on the disk or save to another one.",
            ) from error

    def _header(self) -> bytes:
        width = _BYTES[self.subtype]
        floating = self.subtype == "FLOAT"
        length = self.frames * width
        format_chunk = struct.pack(
            "<HHIIHH",
            3 if floating else 1,
            1,
            self.sample_rate,
            self.sample_rate * width,
            width,
            width * 8,
        )
        chunks = b"fmt " + struct.pack("<I", len(format_chunk)) + format_chunk
        if floating:
            chunks += b"fact" + struct.pack("<II", 4, self.frames)
        chunks += self._information
        chunks += b"data" + struct.pack("<I", length)
        return b"RIFF" + struct.pack("<I", 4 + len(chunks) + length) + b"WAVE" + chunks


def _information(comment: str) -> bytes:
    """Return a LIST chunk with the comment, its text padded to an even length."""
    text = comment.encode() + b"\0"
    text += b"\0" * (len(text) % 2)
    body = b"INFOICMT" + struct.pack("<I", len(text)) + text
    return b"LIST" + struct.pack("<I", len(body)) + body


def _encode(samples: NDArray[np.float32], subtype: Subtype) -> bytes:
    if subtype == "FLOAT":
        return samples.astype("<f4").tobytes()
    bits = 8 * _BYTES[subtype]
    full = float(1 << (bits - 1))
    whole = np.clip(np.rint(samples.astype(np.float64) * full), -full, full - 1).astype("<i4")
    if subtype == "PCM_16":
        return whole.astype("<i2").tobytes()
    return whole.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
