"""Export: a project's takes as sound files, with subtitles, tags and recipes.

Two passes over the takes: one measures loudness and peaks for the one gain that the whole project
gets, one writes. Each take is read, stretched, resampled and freed, so an audiobook needs no
more memory than its longest line. All files of an export appear together at its end, or none.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ditar_studio.audio.clips.clip import Clip
from ditar_studio.audio.clips.limiter import limit
from ditar_studio.audio.clips.loudness import integrated
from ditar_studio.audio.clips.speed import stretch
from ditar_studio.audio.clips.watermark import PEAK_DB
from ditar_studio.errors import StudioError
from ditar_studio.services import acx, metadata
from ditar_studio.services.encoding import encode, native_rate, resampled, true_peak
from ditar_studio.services.export_plan import Piece, Plan
from ditar_studio.services.export_settings import ExportSettings
from ditar_studio.services.export_tracks import Arrangement, Track, rooms
from ditar_studio.services.formats import ENCODINGS
from ditar_studio.services.take_sound import read_sound
from ditar_studio.store import files
from ditar_studio.store.recipe import Recipe

if TYPE_CHECKING:
    from numpy.typing import NDArray


CEILING_DB = -1.0
"""Highest true peak after the loudness gain, in dBTP."""

FASTEST = 1.5
"""So many times as fast a line may be spoken to be done before the next one of the subtitles."""

FASTEST_OF_ALL = 2.0
"""Limit of the tempo in all."""

MOST_LIMITED_DB = 6.0
"""So far peaks are turned down for the sake of a loudness; what needs more stays quieter."""


@dataclass(frozen=True)
class Exported:
    """The result of an export.

    Args:
        files: all files, sound first; empty when cancelled.
        gain_db: the one gain of the project.
        loudness: of the result in LUFS; minus infinity for silence.
        limited: whether the peaks kept the gain below what the target asked for.
        checks: of each sound file what its standard demands, where one was asked for.
        cancelled: whether it was cancelled; nothing was written then.
        late: how many lines begin later than their subtitles, which they were to be fitted to.
    """

    files: tuple[Path, ...]
    gain_db: float
    loudness: float
    limited: bool
    cancelled: bool = False
    checks: tuple[tuple[Path, tuple[acx.Check, ...]], ...] = ()
    late: int = 0


def export(
    what: Plan,
    folder: Path,
    settings: ExportSettings,
    *,
    progress: Callable[[float], None] | None = None,
    cancel: threading.Event | None = None,
) -> Exported:
    """Write a plan's pieces into a folder.

    Args:
        progress: called with the fraction done, 0..1, on the calling thread.
        cancel: set it to stop; nothing is written then.

    Raises:
        StudioError: nothing to export, the disk is full, the folder cannot be written to.
    """
    if not what.pieces:
        raise StudioError("There is nothing to export yet.", "Speak at least one line first.")
    run = _Run(what, folder, settings, progress or (lambda fraction: None), cancel)
    try:
        return run.export()
    except _CancelledError:
        return Exported((), 0.0, -math.inf, False, cancelled=True)
    except OSError as error:
        raise StudioError(
            f"Nothing could be exported to {folder}: {error.strerror or error}.",
            "Check the rights to the folder, or choose another.",
        ) from error


class _CancelledError(Exception):
    pass


class _Run:
    def __init__(
        self,
        what: Plan,
        folder: Path,
        settings: ExportSettings,
        progress: Callable[[float], None],
        cancel: threading.Event | None,
    ) -> None:
        self._what = what
        self._folder = folder
        self._settings = settings
        self._encoding = ENCODINGS[settings.format]
        self._progress = progress
        self._cancel = cancel
        self._steps = 0
        self._lengths: dict[int, float] = {}
        self._speeds: dict[int, float] = {}
        self._rooms = rooms(what.pieces) if settings.fit_times else {}
        self._ceiling = 1.0
        self._cover = settings.cover_picture()

    def export(self) -> Exported:
        rate = self._rate()
        gain, loudness, limited = self._measure(rate)
        arranged = Arrangement(self._what, self._settings, self._lengths, self._speeds)
        tracks = arranged.tracks()
        paths = arranged.paths(tracks, self._folder, self._encoding.suffix)
        self._check_space(tracks, rate)
        written: list[Path] = []
        checks: list[tuple[Path, tuple[acx.Check, ...]]] = []
        captions: list[Path] = []
        with contextlib.ExitStack() as stack:
            for track, path in zip(tracks, paths, strict=True):
                partial = stack.enter_context(files.replacing(path))
                recipes = [piece.recipe for _, piece in track.parts]
                embedded = self._write(track, len(tracks), partial, rate, gain, recipes)
                written.append(path)
                if self._settings.standard == "acx":
                    checks.append((path, acx.check(partial)))
                for kind in self._settings.subtitles:
                    text = arranged.captions(track, kind)
                    captions.append(_beside(stack, path.with_suffix(f".{kind}"), text))
                if not embedded:
                    sidecar = path.with_name(path.name + metadata.SIDECAR)
                    captions.append(_beside(stack, sidecar, metadata.recipes_json(recipes)))
        self._progress(1.0)
        gain_db = 20 * math.log10(gain)
        files_made = (*written, *captions)
        return Exported(
            files_made, gain_db, loudness, limited, checks=tuple(checks), late=arranged.late
        )

    # --- measuring

    def _rate(self) -> int:
        wanted = self._settings.sample_rate
        if self._settings.standard == "acx":
            wanted = acx.RATE
        if wanted is None:
            wanted = max(native_rate(piece.path) for piece in self._what.pieces)
        allowed = self._encoding.rates
        if not allowed:
            return wanted
        return next((rate for rate in allowed if rate >= wanted), allowed[-1])

    def _measure(self, rate: int) -> tuple[float, float, bool]:
        """Measure the gain as a factor, the loudness after it, and whether peaks held it back."""
        peak = 0.0
        power = 0.0
        length = 0

        def spoken() -> Iterator[NDArray[np.float32]]:
            nonlocal peak, power, length
            for piece in self._what.pieces:
                clip = self._clip(piece, rate)
                self._lengths[piece.number] = clip.seconds
                peak = max(peak, true_peak(clip))
                power += float(np.sum(np.square(clip.samples, dtype=np.float64)))
                length += len(clip.samples) + round(piece.pause_seconds * rate)
                yield clip.samples
                if piece is not self._what.pieces[-1]:
                    yield np.zeros(round(piece.pause_seconds * rate), np.float32)

        present = integrated(_overlapping(spoken(), rate))
        target = self._settings.loudness
        if self._settings.standard == "acx" and power:
            level = 10 * math.log10(power / length)
            wanted, self._ceiling = (
                _factor(acx.RMS_DB - level),
                _factor(acx.PEAK_DB - 0.3 - self._mark_db),
            )
        elif target is None or not math.isfinite(present):
            wanted, self._ceiling = 1.0, 1.0
            gain = min(wanted, 1.0 / peak) if peak else wanted
            return gain, present + 20 * math.log10(gain), gain < wanted
        else:
            wanted, self._ceiling = _factor(target - present), _factor(CEILING_DB - self._mark_db)
        most = self._ceiling / peak * _factor(MOST_LIMITED_DB) if peak else wanted
        gain = min(wanted, most)
        return gain, present + 20 * math.log10(gain), gain < wanted

    @property
    def _mark_db(self) -> float:
        """Decibels by which the watermark may raise the peaks."""
        return PEAK_DB if self._settings.watermark else 0.0

    def _clip(self, piece: Piece, rate: int) -> Clip:
        """Return a piece as it is written but for the gain: at its speed and the file's rate."""
        if self._cancel is not None and self._cancel.is_set():
            raise _CancelledError
        sound, speed = read_sound(piece.path, piece.edit), self._settings.speed
        clip = stretch(sound, speed)
        room = self._rooms.get(piece.number)
        if room is not None and clip.seconds > room:
            speed = min(speed * min(clip.seconds / max(room, 0.1), FASTEST), FASTEST_OF_ALL)
            clip = stretch(sound, speed)
        self._speeds[piece.number] = speed
        self._steps += 1
        self._progress(min(0.99, self._steps / (2 * len(self._what.pieces))))
        return Clip(resampled(clip.samples, clip.sample_rate, rate), rate)

    # --- writing

    def _check_space(self, tracks: Sequence[Track], rate: int) -> None:
        width = {"PCM_16": 2, "PCM_24": 3, "FLOAT": 4}.get(self._encoding.subtype, 1)
        seconds = [track.seconds for track in tracks]
        if self._encoding.container == "WAV" and max(seconds) * rate * width > 0xF0000000:
            raise StudioError(
                "A WAV file of more than 4 GB cannot be written.",
                "Export as FLAC, or a file for each line.",
            )
        place = next(p for p in (self._folder, *self._folder.absolute().parents) if p.exists())
        needed = sum(seconds) * rate * width if self._encoding.container == "WAV" else 0
        free = shutil.disk_usage(place).free
        if free < needed:
            raise StudioError(
                f"The export needs {needed / 1e6:.1f} MB; only {free / 1e6:.1f} MB are free.",
                "Make room, choose another folder, or export as MP3.",
            )

    def _write(
        self,
        track: Track,
        tracks: int,
        path: Path,
        rate: int,
        gain: float,
        recipes: Sequence[Recipe],
    ) -> bool:
        """Write one sound file; return whether the recipe went into it."""
        comment = metadata.comment(recipes)
        embedded = (
            self._encoding.container != "OGG" or len(comment) <= metadata.LONGEST_OPUS_COMMENT
        )
        voices = ", ".join(dict.fromkeys(piece.speaker for _, piece in track.parts))
        title = track.title or "Untitled"
        chaptered = self._encoding.chaptered and len(track.chapters) > 1
        tags = metadata.Tags(
            title,
            voices,
            comment if embedded else metadata.mark(),
            author=self._settings.author,
            album=self._settings.title or self._what.project,
            track=(track.number, tracks) if track.number else None,
            cover=self._cover if self._encoding.chaptered else b"",
            chapters=track.chapters if chaptered else (),
        )
        kilobits = acx.BIT_RATE if self._settings.standard == "acx" else None
        samples = self._samples(track, rate, gain)
        encode(
            path,
            self._encoding,
            rate,
            tags,
            samples,
            kilobits=kilobits,
            watermark=self._settings.watermark,
        )
        return embedded

    def _samples(self, track: Track, rate: int, gain: float) -> Iterator[NDArray[np.float32]]:
        """Return the track from beginning to end: silence up to each piece, then the piece."""
        written = 0
        for at, piece in track.parts:
            silence = max(0, round(at * rate) - written)
            yield np.zeros(silence, np.float32)
            samples = self._clip(piece, rate).samples * np.float32(gain)
            if self._ceiling < 1.0:
                samples = limit(samples, rate, self._ceiling)
            written += silence + len(samples)
            yield samples
        yield np.zeros(max(0, round(track.seconds * rate) - written), np.float32)


def _factor(db: float) -> float:
    return float(10 ** (db / 20))


def _beside(stack: contextlib.ExitStack, path: Path, text: str) -> Path:
    stack.enter_context(files.replacing(path)).write_text(text, "utf-8")
    return path


def _overlapping(parts: Iterable[NDArray[np.float32]], rate: int) -> Iterator[Clip]:
    """Yield consecutive sound as clips that share 0.3 s: each block of 0.4 s is in one of them."""
    step = rate // 10
    kept = np.zeros(0, np.float32)
    short = True
    for part in parts:
        kept = np.concatenate([kept, part])
        steps = len(kept) // step
        if steps >= 4:
            short = False
            yield Clip(kept[: steps * step], rate)
            kept = kept[(steps - 3) * step :]
    if short:
        yield Clip(kept, rate)
