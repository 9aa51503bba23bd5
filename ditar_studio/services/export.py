"""Export: a project's takes as sound files, with subtitles, tags and recipes.

Two passes over the takes: one measures loudness and peaks for the one gain that the whole project
gets, one writes. Each take is read, stretched, resampled and let go again, so an audiobook needs no
more memory than its longest line. All files of an export appear together at its end, or none.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ditar_studio.audio.clip import Clip
from ditar_studio.audio.io import read_clip
from ditar_studio.audio.loudness import integrated
from ditar_studio.audio.speed import stretch
from ditar_studio.audio.watermark import PEAK_DB
from ditar_studio.errors import StudioError
from ditar_studio.services import metadata, naming, subtitles
from ditar_studio.services.encoding import (
    ENCODINGS,
    Format,
    encode,
    native_rate,
    resampled,
    true_peak,
)
from ditar_studio.store import files
from ditar_studio.store.recipe import Recipe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ditar_studio.store.library import Library
    from ditar_studio.store.project import Line
    from ditar_studio.store.takes import Take

Layout = Literal["one_file", "per_line", "stems"]
Subtitles = Literal["srt", "vtt"]

CEILING_DB = -1.0
"""Highest true peak after the loudness gain, in dBTP."""


@dataclass(frozen=True)
class ExportSettings:
    """How to export.

    Args:
        format: of the sound files; FLAC has 24 bits.
        sample_rate: in Hz; None keeps the takes' own. Formats that lack it get the next higher one.
        layout: everything in one file, a file for each line, or one file as long as the whole for
            each speaker.
        subtitles: files to be written beside the sound.
        loudness: target in LUFS for the whole project; None leaves it as it is.
        speed: tempo with the pitch kept.
        name: template of the file names, see `naming.FIELDS`.
        replace: whether files of the same name are replaced; else a number is put behind the name.
        watermark: whether the inaudible watermark is put into the sound.
    """

    format: Format = "wav24"
    sample_rate: int | None = None
    layout: Layout = "one_file"
    subtitles: tuple[Subtitles, ...] = ()
    loudness: float | None = None
    speed: float = 1.0
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
        if self.loudness is not None and not -50 <= self.loudness <= -5:
            raise StudioError(
                f"A loudness of {self.loudness} LUFS cannot be exported.",
                "Choose one between -50 and -5; -16 is usual for speech.",
            )


@dataclass(frozen=True)
class Piece:
    """One line's take, to be exported.

    Args:
        number: of the line, from 1.
        path: its sound.
        pause_seconds: silence after it.
    """

    number: int
    path: Path
    text: str
    speaker: str
    pause_seconds: float
    recipe: Recipe


@dataclass(frozen=True)
class Plan:
    """What a project's export would hold, and the lines it would lack or have out of date."""

    project: str
    pieces: tuple[Piece, ...]
    missing: tuple[Line, ...]
    stale: tuple[Line, ...]


@dataclass(frozen=True)
class Exported:
    """What was written.

    Args:
        files: all files, sound first; empty when cancelled.
        gain_db: the one gain of the project.
        loudness: of the result in LUFS; minus infinity for silence.
        limited: whether the peaks kept the gain below what the target asked for.
        cancelled: whether it was cancelled; nothing was written then.
    """

    files: tuple[Path, ...]
    gain_db: float
    loudness: float
    limited: bool
    cancelled: bool = False


def plan(library: Library, project_id: str) -> Plan:
    """What an export of a project would hold: for each line the take that stands for it."""
    project = library.projects.get(project_id)
    takes = {take.id: take for take in library.takes.of_project(project_id)}
    voices = {voice.id: voice.name for voice in library.voices.all()}
    lines = library.projects.lines(project_id)
    pieces = []
    for number, line in enumerate(lines, start=1):
        if line.take_id is not None:
            take = takes[line.take_id]
            voice = voices.get(line.voice_id or project.settings.voice_id or "", "")
            pieces.append(_piece(take, number, line.speaker or voice, line.pause_seconds))
    return Plan(
        project=project.name,
        pieces=tuple(pieces),
        missing=tuple(line for line in lines if line.take_id is None),
        stale=tuple(line for line in lines if line.take_id and line.state != "rendered"),
    )


def plan_takes(takes: Sequence[Take], project: str) -> Plan:
    """What an export of single takes would hold: those being dragged out, or compared."""
    pieces = [_piece(take, number, "", 0.0) for number, take in enumerate(takes, start=1)]
    return Plan(project, tuple(pieces), (), ())


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


def _piece(take: Take, number: int, speaker: str, pause_seconds: float) -> Piece:
    speaker = speaker or take.recipe.voice_name
    return Piece(number, take.path, take.text, speaker, pause_seconds, take.recipe)


class _CancelledError(Exception):
    pass


@dataclass(frozen=True)
class _Track:
    """A sound file to be written: pieces and when each begins, in seconds."""

    name: str
    title: str
    parts: tuple[tuple[float, Piece], ...]
    seconds: float


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

    def export(self) -> Exported:
        rate = self._rate()
        gain, loudness, limited = self._measure(rate)
        tracks = self._tracks()
        self._check_space(tracks, rate)
        written: list[Path] = []
        captions: list[Path] = []
        with contextlib.ExitStack() as stack:
            for track, path in zip(tracks, self._paths(tracks), strict=True):
                partial = stack.enter_context(files.replacing(path))
                recipes = [piece.recipe for _, piece in track.parts]
                embedded = self._write(track, partial, rate, gain, recipes)
                written.append(path)
                texts = [
                    (f".{kind}", self._captions(track, kind)) for kind in self._settings.subtitles
                ]
                for suffix, text in texts:
                    captions.append(_beside(stack, path.with_suffix(suffix), text))
                if not embedded:
                    sidecar = path.with_name(path.name + metadata.SIDECAR)
                    captions.append(_beside(stack, sidecar, metadata.recipes_json(recipes)))
        self._progress(1.0)
        return Exported((*written, *captions), 20 * math.log10(gain), loudness, limited)

    # --- measuring

    def _rate(self) -> int:
        wanted = self._settings.sample_rate
        if wanted is None:
            wanted = max(native_rate(piece.path) for piece in self._what.pieces)
        allowed = self._encoding.rates
        if not allowed:
            return wanted
        return next((rate for rate in allowed if rate >= wanted), allowed[-1])

    def _measure(self, rate: int) -> tuple[float, float, bool]:
        """The gain as a factor, the loudness after it, and whether peaks held it back."""
        peak = 0.0

        def spoken() -> Iterator[NDArray[np.float32]]:
            nonlocal peak
            for piece in self._what.pieces:
                clip = self._clip(piece, rate)
                self._lengths[piece.number] = clip.seconds
                peak = max(peak, true_peak(clip))
                yield clip.samples
                if piece is not self._what.pieces[-1]:
                    yield np.zeros(round(piece.pause_seconds * rate), np.float32)

        present = integrated(_overlapping(spoken(), rate))
        target = self._settings.loudness
        if target is None or not math.isfinite(present):
            wanted, ceiling = 1.0, 1.0
        else:
            wanted, ceiling = 10 ** ((target - present) / 20), 10 ** (self._ceiling_db / 20)
        gain = min(wanted, ceiling / peak) if peak else wanted
        return gain, present + 20 * math.log10(gain), gain < wanted

    @property
    def _ceiling_db(self) -> float:
        """Highest true peak before the watermark."""
        return CEILING_DB - (PEAK_DB if self._settings.watermark else 0.0)

    def _clip(self, piece: Piece, rate: int) -> Clip:
        """A piece as it is written but for the gain: at its speed and the file's rate."""
        if self._cancel is not None and self._cancel.is_set():
            raise _CancelledError
        clip = stretch(read_clip(piece.path), self._settings.speed)
        self._steps += 1
        self._progress(min(0.99, self._steps / (2 * len(self._what.pieces))))
        return Clip(resampled(clip.samples, clip.sample_rate, rate), rate)

    # --- arranging

    def _tracks(self) -> list[_Track]:
        pieces = self._what.pieces
        project = self._what.project
        if self._settings.layout == "per_line":
            return [
                _Track(
                    self._name(piece, naming.DEFAULT_TEMPLATE),
                    " ".join(piece.text.split())[:100],
                    ((0.0, piece),),
                    self._lengths[piece.number],
                )
                for piece in pieces
            ]
        at = 0.0
        timeline: list[tuple[float, Piece]] = []
        for piece in pieces:
            timeline.append((at, piece))
            end = at + self._lengths[piece.number]
            at = end + piece.pause_seconds
        if self._settings.layout == "one_file":
            name = self._name(pieces[0], "{project}", whole=True)
            return [_Track(name, project, tuple(timeline), end)]
        speakers = dict.fromkeys(piece.speaker for piece in pieces)
        tracks = []
        for number, speaker in enumerate(speakers, start=1):
            parts = tuple(part for part in timeline if part[1].speaker == speaker)
            name = self._name(parts[0][1], "{project} {speaker}", stem=number)
            tracks.append(_Track(name, f"{project} – {speaker}", parts, end))
        return tracks

    def _name(self, piece: Piece, template: str, *, whole: bool = False, stem: int = 0) -> str:
        width = max(2, len(str(self._what.pieces[-1].number)))
        number = stem or piece.number
        values = {
            "project": self._what.project,
            "number": "" if whole else f"{number:0{width}d}",
            "speaker": "" if whole else piece.speaker,
            "text": "" if whole or stem else " ".join(piece.text.split()[:6]),
            "date": date.today().isoformat(),
            "seed": str(piece.recipe.settings.get("seed", "")),
        }
        return naming.fill(self._settings.name or template, values)

    def _paths(self, tracks: Sequence[_Track]) -> list[Path]:
        taken: set[str] = set()
        if not self._settings.replace and self._folder.is_dir():
            taken = {path.stem.casefold() for path in self._folder.iterdir()}
        paths = []
        for track in tracks:
            name = naming.free(track.name, taken)
            taken.add(name.casefold())
            paths.append(self._folder / f"{name}{self._encoding.suffix}")
        return paths

    def _captions(self, track: _Track, kind: Subtitles) -> str:
        shown = [
            cue
            for at, piece in track.parts
            for cue in subtitles.cues(at, self._lengths[piece.number], piece.text, piece.speaker)
        ]
        return subtitles.srt(shown) if kind == "srt" else subtitles.vtt(shown)

    # --- writing

    def _check_space(self, tracks: Sequence[_Track], rate: int) -> None:
        width = {"PCM_16": 2, "PCM_24": 3, "FLOAT": 4}.get(self._encoding.subtype, 1)
        seconds = [track.seconds for track in tracks]
        if self._encoding.container == "WAV" and max(seconds) * rate * width > 0xF0000000:
            raise StudioError(
                "A WAV file of more than 4 GB cannot be written.",
                "Export as FLAC, or a file for each line.",
            )
        place = next(p for p in (self._folder, *self._folder.absolute().parents) if p.exists())
        needed = sum(seconds) * rate * width if self._encoding.container == "WAV" else 0
        if shutil.disk_usage(place).free < needed:
            raise StudioError(
                f"The export needs {needed / 1e6:.0f} MB; the disk has less.",
                "Make room, choose another folder, or export as MP3.",
            )

    def _write(
        self, track: _Track, path: Path, rate: int, gain: float, recipes: Sequence[Recipe]
    ) -> bool:
        """Write one sound file; whether the recipe went into it."""
        comment = metadata.comment(recipes)
        embedded = (
            self._encoding.container != "OGG" or len(comment) <= metadata.LONGEST_OPUS_COMMENT
        )
        voices = ", ".join(dict.fromkeys(piece.speaker for _, piece in track.parts))
        title = track.title or "Untitled"
        tags = metadata.Tags(title, voices, comment if embedded else metadata.mark())
        samples = self._samples(track, rate, gain)
        encode(path, self._encoding, rate, tags, samples, watermark=self._settings.watermark)
        return embedded

    def _samples(self, track: _Track, rate: int, gain: float) -> Iterator[NDArray[np.float32]]:
        """The track from beginning to end: silence up to each piece, then the piece."""
        written = 0
        for at, piece in track.parts:
            silence = max(0, round(at * rate) - written)
            yield np.zeros(silence, np.float32)
            samples = self._clip(piece, rate).samples * np.float32(gain)
            written += silence + len(samples)
            yield samples
        yield np.zeros(max(0, round(track.seconds * rate) - written), np.float32)


def _beside(stack: contextlib.ExitStack, path: Path, text: str) -> Path:
    stack.enter_context(files.replacing(path)).write_text(text, "utf-8")
    return path


def _overlapping(parts: Iterable[NDArray[np.float32]], rate: int) -> Iterator[Clip]:
    """Consecutive sound as clips that share 0.3 s: each block of 0.4 s is in one of them."""
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
