"""Corpora on disk: a JSONL manifest beside audio files or tars, prepared once into flat arrays.

A manifest row has `audio`, `text`, `speaker` and `seconds`, optionally `source` and `speed`.
`audio` names a file beside the manifest, or, where `SOURCE.tar` lies beside it, a member of that
tar. Any format that libsndfile decodes will do. A `speed` other than 1 plays the clip so many times
as fast, pitch and timbre with it, which makes another speaker of it. `prepare` decodes everything
once to 24 kHz; training then reads slices from memory maps.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from ditar_studio.errors import StudioError

SAMPLE_RATE = 24_000
PITCH_HOP = 150  # samples between pitch values: 6.25 ms
_MIN_SECONDS, _MAX_SECONDS = 0.4, 30.0
_SLOWEST, _FASTEST = 0.5, 2.0


@dataclass(frozen=True)
class Row:
    """One clip of a manifest."""

    audio: str
    text: str
    speaker: str
    source: str
    speed: float = 1.0

    @property
    def name(self) -> str:
        """Unlike that of any other row."""
        return self.audio if self.speed == 1 else f"{self.audio}@{self.speed:g}"


@dataclass(frozen=True)
class Entry:
    """One prepared clip: where its samples and pitch values lie in the flat arrays."""

    audio: str
    text: str
    speaker: str
    source: str
    start: int
    samples: int

    @property
    def seconds(self) -> float:
        return self.samples / SAMPLE_RATE


def read_manifest(path: Path, report: Callable[[str], None]) -> Iterator[Row]:
    """Yield the good rows of a JSONL manifest; tell `report` of each bad one and go on.

    Raises:
        StudioError: the manifest can't be opened.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise StudioError(
            f"The manifest {path} can't be read ({error}).", "Give a JSONL file in UTF-8."
        ) from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            raw = json.loads(line)
            row = Row(
                raw["audio"],
                raw["text"],
                raw["speaker"],
                raw.get("source", ""),
                raw.get("speed", 1.0),
            )
            strings = (row.audio, row.text, row.speaker, row.source)
            if not all(isinstance(value, str) for value in strings):
                raise TypeError("audio, text, speaker and source must be strings")
            if not _SLOWEST <= row.speed <= _FASTEST:
                raise ValueError(f"speed must be {_SLOWEST:g} to {_FASTEST:g}")
            if not row.text.strip() or not row.audio.strip():
                raise ValueError("audio and text must not be empty")
        except (ValueError, KeyError, TypeError) as error:
            report(f"{path.name}:{number}: row left out: {error!r}")
            continue
        yield row


class _Files:
    """Opens the audio of rows, from tars or from single files."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._tars: dict[str, tarfile.TarFile] = {}

    def read(self, row: Row) -> tuple[NDArray[np.float32], int]:
        tar_path = self._root / f"{row.source}.tar"
        file: Path | io.BytesIO
        if row.source and tar_path.is_file():
            if row.source not in self._tars:
                self._tars[row.source] = tarfile.open(tar_path)  # noqa: SIM115
            member = self._tars[row.source].extractfile(row.audio)
            if member is None:
                raise ValueError(f"{row.audio} is not a file in {tar_path.name}")
            file = io.BytesIO(member.read())
        else:
            file = self._root / row.audio
        samples, rate = sf.read(file, dtype="float32", always_2d=True)
        return samples.mean(axis=1), rate

    def close(self) -> None:
        for tar in self._tars.values():
            tar.close()


def prepare(manifest: Path, out: Path, report: Callable[[str], None]) -> int:
    """Decode a manifest into `out`: `pcm.i16`, `pitch.f32` (Hz, 0: none), `index.jsonl`.

    Returns:
        The number of clips prepared. Clips that can't be decoded are reported and left out.
    """
    from ditar_studio.audio.clip import Clip
    from ditar_studio.training.pitch import track_pitch

    out.mkdir(parents=True, exist_ok=True)
    files = _Files(manifest.parent)
    start = count = 0
    with (
        open(out / "pcm.i16", "wb") as pcm,
        open(out / "pitch.f32", "wb") as pitch,
        open(out / "index.jsonl", "w", encoding="utf-8") as index,
    ):
        for row in read_manifest(manifest, report):
            try:
                samples, rate = files.read(row)
                samples = Clip(samples, round(rate * row.speed)).resample(SAMPLE_RATE).samples
                if not np.isfinite(samples).all():
                    raise ValueError("samples are not finite")
                if not _MIN_SECONDS <= len(samples) / SAMPLE_RATE <= _MAX_SECONDS:
                    raise ValueError(f"{len(samples) / SAMPLE_RATE:.1f} s is too short or too long")
            except (OSError, KeyError, ValueError, RuntimeError, tarfile.TarError) as error:
                report(f"{row.audio}: left out: {error}")
                continue
            samples = samples[: len(samples) // PITCH_HOP * PITCH_HOP]
            pcm.write((samples.clip(-1, 1) * 32767).astype("<i2").tobytes())
            pitch.write(track_pitch(samples, SAMPLE_RATE, PITCH_HOP).astype("<f4").tobytes())
            entry = Entry(row.name, row.text, row.speaker, row.source, start, len(samples))
            index.write(json.dumps(asdict(entry)) + "\n")
            start += len(samples)
            count += 1
    files.close()
    return count


class PreparedCorpus:
    """Read access to what `prepare` wrote.

    Args:
        root: the folder that `prepare` filled.
        exclude: speakers to leave out (a development set).
    """

    def __init__(self, root: Path, exclude: frozenset[str] = frozenset()) -> None:
        if not (root / "index.jsonl").is_file():
            raise StudioError(
                f"{root} is not a prepared corpus.", "Run `ditar-studio train prepare` first."
            )
        self.root = root
        with open(root / "index.jsonl", encoding="utf-8") as file:
            everything = [Entry(**json.loads(line)) for line in file]
        self.entries = [entry for entry in everything if entry.speaker not in exclude]
        self._pcm = np.memmap(root / "pcm.i16", dtype="<i2", mode="r")
        self._pitch = np.memmap(root / "pitch.f32", dtype="<f4", mode="r")

    def samples(
        self, entry: Entry, start: int = 0, count: int | None = None
    ) -> NDArray[np.float32]:
        """Samples [count] of a clip in -1..1, from `start`."""
        stop = entry.samples if count is None else min(start + count, entry.samples)
        piece = self._pcm[entry.start + start : entry.start + stop]
        return (piece / np.float32(32767)).astype(np.float32)

    def pitch(self, entry: Entry, start: int = 0, count: int | None = None) -> NDArray[np.float32]:
        """Pitch values [count / 150] in Hz (0 = unvoiced) of the samples that `samples` would
        give."""
        stop = entry.samples if count is None else min(start + count, entry.samples)
        first, last = entry.start + start, entry.start + stop
        return np.array(self._pitch[first // PITCH_HOP : last // PITCH_HOP])
