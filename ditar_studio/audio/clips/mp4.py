"""M4A, M4B and AAC files, which libsndfile doesn't read: by PyAV, where that is installed."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.errors import StudioError

SUFFIXES = (".m4a", ".m4b", ".mp4", ".aac")


def is_readable() -> bool:
    """Return whether such files can be read on this installation."""
    return importlib.util.find_spec("av") is not None


def is_mp4(path: Path) -> bool:
    """Return whether a file is of this kind, by its name and by how it begins."""
    if path.suffix.lower() == ".aac":
        return True
    with path.open("rb") as file:
        return file.read(12)[4:8] == b"ftyp"


def read(path: Path, max_seconds: float) -> Clip:
    """Read the sound of a file, mixed down to one channel.

    Raises:
        StudioError: it can't be read here, is damaged, has no sound, or is longer than
            `max_seconds`.
    """
    if not is_readable():
        raise StudioError(
            f"The file “{path.name}” holds AAC or ALAC sound, which can't be read here.",
            "Convert it to WAV or FLAC, or install DiTAR Studio with the extra “aac”.",
        )
    av: Any = importlib.import_module("av")
    blocks: list[np.ndarray[Any, np.dtype[np.float32]]] = []
    rate, samples = 0, 0
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise StudioError(
                    f"The file “{path.name}” holds no sound.", "Choose another sound file."
                )
            to_mono = av.AudioResampler(format="fltp", layout="mono")
            for frame in container.decode(audio=0):
                rate = rate or int(frame.sample_rate)
                blocks += [part.to_ndarray()[0] for part in to_mono.resample(frame)]
                samples += int(frame.samples)
                if samples > max_seconds * rate:
                    raise StudioError(
                        f"The file “{path.name}” is longer than {max_seconds:.0f} s.",
                        "Cut out the part that you need.",
                    )
    except (av.FFmpegError, ValueError, OSError) as error:
        raise StudioError(
            f"The file “{path.name}” can't be read as sound.",
            "It may be damaged or of another format: convert it to WAV or FLAC.",
        ) from error
    if not blocks:
        raise StudioError(f"The file “{path.name}” holds no sound.", "Choose another sound file.")
    return Clip(np.concatenate(blocks).astype(np.float32), rate)
