"""Sound files of every export format, and what they need: a rate they know, a peak in bounds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.watermark import Watermarker
from ditar_studio.errors import StudioError
from ditar_studio.services import credentials, m4b, metadata
from ditar_studio.services.formats import Encoding

if TYPE_CHECKING:
    from numpy.typing import NDArray


def encode(
    path: Path,
    encoding: Encoding,
    rate: int,
    tags: metadata.Tags,
    blocks: Iterator[NDArray[np.float32]],
    *,
    kilobits: int | None = None,
    watermark: bool = True,
) -> None:
    """Write a sound file with its marks, and make sure that all of it arrived on the disk.

    Every file of speech that leaves the program is written here, or sent by a `SoundStream`.

    Args:
        path: is written over.
        encoding: of the file.
        rate: of the samples in Hz, one that the encoding knows.
        tags: the statement that it is synthetic, what it was made from, chapters and cover.
        blocks: samples [n] of one sound.
        kilobits: a second, of an MP3 of constant rate; None for one of a rate that varies.
        watermark: whether the inaudible watermark is put into it.

    Raises:
        StudioError: it can't be written, or the disk is full.
    """
    if watermark:
        blocks = _watermarked(blocks, rate)
    if encoding.container == "MP4":
        m4b.write_m4b(path, rate, tags, blocks)
        credentials.sign(path, encoding.container)
        return
    frames = 0
    options: dict[str, Any] = {}
    if kilobits is not None and encoding.container == "MP3":
        options = {"bitrate_mode": "CONSTANT", "compression_level": (320 - kilobits) / 288}
    try:
        with soundfile.SoundFile(
            path, "w", rate, 1, subtype=encoding.subtype, format=encoding.container, **options
        ) as file:
            if encoding.container in ("FLAC", "OGG"):
                file.title, file.comment = tags.title, tags.comment
                if tags.voice:  # libsndfile refuses an empty one
                    file.artist = tags.voice
            for block in blocks:
                for first in range(0, len(block), rate):
                    file.write(block[first : first + rate])
                frames += len(block)
        if encoding.container == "WAV":
            metadata.tag_wav(path, tags)
        elif encoding.container == "MP3":
            path.write_bytes(metadata.id3(tags, frames / rate) + path.read_bytes())
        arrived = int(soundfile.info(str(path)).frames)
    except (soundfile.SoundFileError, AssertionError) as error:
        # soundfile asserts that libsndfile wrote as much as it was given
        raise _not_written(path) from error
    if arrived < frames:
        raise _not_written(path)
    credentials.sign(path, encoding.container)


def _watermarked(blocks: Iterator[NDArray[np.float32]], rate: int) -> Iterator[NDArray[np.float32]]:
    marker = Watermarker(rate)
    for block in blocks:
        yield marker.feed(block)
    yield marker.finish()


def _not_written(path: Path) -> StudioError:
    return StudioError(
        f"The sound file could not be written to {path.parent}.",
        "Check the free space on the disk and the rights to the folder, or choose another.",
    )


def native_rate(path: Path) -> int:
    """Return the sample rate of a sound file in Hz."""
    try:
        return int(soundfile.info(str(path)).samplerate)
    except soundfile.SoundFileError as error:
        raise StudioError(
            f"A take cannot be read: {path.name}.", "Speak its line again, then export."
        ) from error


def resampled(samples: NDArray[np.float32], source: int, target: int) -> NDArray[np.float32]:
    """Resample samples [n] to another rate in Hz, without torch."""
    if source == target:
        return samples
    import soxr

    return np.asarray(soxr.resample(samples, source, target, quality="VHQ"), np.float32)


def true_peak(clip: Clip) -> float:
    """Return the highest value between the samples too, by fourfold oversampling (BS.1770
    annex 2).
    """
    if clip.peak == 0.0:
        return 0.0
    over = resampled(clip.samples, clip.sample_rate, 4 * clip.sample_rate)
    return max(clip.peak, float(np.abs(over).max()))
