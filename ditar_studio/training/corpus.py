"""Corpora on disk: a JSONL manifest beside audio files or tars, prepared once into flat arrays.

A manifest row has `audio`, `text`, `speaker` and `seconds`, optionally `source` and `speed`.
`audio` names a file beside the manifest, or, where `SOURCE.tar` lies beside it, a member of that
tar. Any format that libsndfile decodes will do. A `speed` other than 1 plays the clip so many times
as fast, pitch and timbre with it, which makes another speaker of it. A `text` of null is one that
nobody knows: such a clip tells only whose voice it is. `prepare` decodes everything
once to 24 kHz and goes on where it was interrupted; training then reads slices from memory maps.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from ditar_studio.errors import StudioError
from ditar_studio.installation import program
from ditar_studio.text_file import read_text
from ditar_studio.training.files import is_unfinished, unfinished

_PCM, _PITCH, _INDEX = "pcm.i16", "pitch.f32", "index.jsonl"
SAMPLE_RATE = 24_000
PITCH_HOP = 150  # samples between pitch values: 6.25 ms
_MIN_SECONDS, _MAX_SECONDS = 0.4, 30.0
_LARGEST = 1 << 30  # bytes of a manifest
_SLOWEST, _FASTEST = 0.5, 2.0
_LONGEST_PAUSE = 0.7  # seconds inside a clip
_FRAME, _QUIET = 600, 10**-3.3


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
        """Name that no other row has."""
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
        lines = read_text(path, _LARGEST).split("\n")
    except (OSError, ValueError) as error:
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
                raw["text"] or "",
                raw["speaker"],
                raw.get("source", ""),
                raw.get("speed", 1.0),
            )
            strings = (row.audio, row.text, row.speaker, row.source)
            if not all(isinstance(value, str) for value in strings):
                raise TypeError("audio, text, speaker and source must be strings")
            if not _SLOWEST <= row.speed <= _FASTEST:
                raise ValueError(f"speed must be {_SLOWEST:g} to {_FASTEST:g}")
            if not row.audio.strip() or (raw["text"] is not None and not row.text.strip()):
                raise ValueError("audio must not be empty, and text only null")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
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

    Nothing of it is in `out` before all is; what an interrupted run has decoded is not decoded
    again.

    Returns:
        The number of clips prepared. Clips that can't be decoded are reported and left out.

    Raises:
        StudioError: the manifest can't be read, `out` can't be written, or no clip is left.
    """
    rows = list(read_manifest(manifest, report))
    with unfinished(out, _INDEX) as folder, closing(_Files(manifest.parent)) as files:
        done = _done_before(folder, rows)
        if done:
            report(f"{len(done)} clips were prepared before it was interrupted, and are kept")
        count = _decode(rows, done, files, folder, report)
        if not count:
            raise StudioError(
                f"No clip of {manifest} could be prepared.",
                "Put right what was told of its rows, and run it again.",
            )
        for stale in out.glob("phonemes.*"):  # of the corpus that was here before
            stale.unlink()
    return count


def _decode(
    rows: list[Row], done: list[Entry], files: _Files, folder: Path, report: Callable[[str], None]
) -> int:
    """Append what `done` lacks of `rows` to the arrays in `folder`; return the number of clips
    there.
    """
    start, count = _end(done), len(done)
    left = iter(done)
    known = next(left, None)
    with (
        _appending(folder / _PCM, 2 * start) as pcm,
        _appending(folder / _PITCH, 4 * start // PITCH_HOP) as pitch,
        _appending(folder / _INDEX, sum(len(_line(entry)) for entry in done)) as index,
    ):
        for row in rows:
            if known is not None and _is_of(known, row):
                known = next(left, None)
                continue
            samples = _decoded(row, files, report)
            if samples is None:
                continue
            pcm.write((samples.clip(-1, 1) * 32767).astype("<i2").tobytes())
            pitch.write(_pitch(samples).astype("<f4").tobytes())
            pcm.flush()
            pitch.flush()
            index.write(
                _line(Entry(row.name, row.text, row.speaker, row.source, start, len(samples)))
            )
            index.flush()  # after the arrays: what it names is there
            start += len(samples)
            count += 1
    return count


def _decoded(row: Row, files: _Files, report: Callable[[str], None]) -> NDArray[np.float32] | None:
    """Decode a row to samples in whole hops; None, and a report, of what can't be used.

    They are trimmed and levelled as references are: a model that hears silence or noise before the
    first word learns to go on with it after a reference, and says nothing.
    """
    from ditar_studio.audio.clips.clip import Clip
    from ditar_studio.engine.voice import trim_and_level

    try:
        samples, rate = files.read(row)
        if not np.isfinite(samples).all():
            raise ValueError("samples are not finite")
        clip = Clip(samples, round(rate * row.speed)).resample(SAMPLE_RATE)
        samples = trim_and_level(clip).samples
        pause = _longest_pause(samples)
        if pause > _LONGEST_PAUSE:
            raise ValueError(f"a pause of {pause:.1f} s inside it")
        if not _MIN_SECONDS <= len(samples) / SAMPLE_RATE <= _MAX_SECONDS:
            raise ValueError(f"{len(samples) / SAMPLE_RATE:.1f} s is too short or too long")
    except (OSError, KeyError, ValueError, RuntimeError, tarfile.TarError, StudioError) as error:
        report(f"{row.audio}: left out: {error}")
        return None
    return samples[: len(samples) // PITCH_HOP * PITCH_HOP]


def _longest_pause(samples: NDArray[np.float32]) -> float:
    """Return seconds of the longest stretch in [n] that is 33 dB quieter than the loudest 25 ms."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    power = np.square(frames).mean(axis=1)
    loud = np.flatnonzero(power > _QUIET * power.max(initial=0.0))
    return float(np.diff(loud).max(initial=1) - 1) * _FRAME / SAMPLE_RATE


def _pitch(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    from ditar_studio.training.pitch import track_pitch

    return track_pitch(samples, SAMPLE_RATE, PITCH_HOP)


def _line(entry: Entry) -> bytes:
    return (json.dumps(asdict(entry)) + "\n").encode()


def _appending(path: Path, size: int) -> BinaryIO:
    """Return the file, cut to `size` bytes and open at its end."""
    path.touch()
    file = open(path, "rb+")  # noqa: SIM115
    file.truncate(size)
    file.seek(size)
    return file


def _is_of(entry: Entry, row: Row) -> bool:
    given = (row.name, row.text, row.speaker, row.source)
    return (entry.audio, entry.text, entry.speaker, entry.source) == given


def _end(entries: list[Entry]) -> int:
    """Count the samples of the flat array that entries take up."""
    return max((entry.start + entry.samples for entry in entries), default=0)


def _done_before(folder: Path, rows: list[Row]) -> list[Entry]:
    """Return entries that an interrupted run left in `folder`; none if they are not all of these
    rows.
    """
    paths = [folder / name for name in (_INDEX, _PCM, _PITCH)]
    if not all(path.is_file() for path in paths):
        return []
    pcm_size, pitch_size = (path.stat().st_size for path in paths[1:])
    done: list[Entry] = []
    remaining = iter(rows)
    for line in paths[0].read_bytes().splitlines():
        try:
            entry = Entry(**json.loads(line))
        except (ValueError, TypeError):
            break
        end = entry.start + entry.samples
        if 2 * end > pcm_size or 4 * end // PITCH_HOP > pitch_size:
            break
        if not any(_is_of(entry, row) for row in remaining):
            return []
        done.append(entry)
    return done


def _read_index(root: Path) -> list[Entry]:
    """Read all entries of a prepared corpus, whose arrays must be as long as these say.

    Raises:
        StudioError: it is not a prepared corpus, or not a complete one.
    """
    again = f"Run “{program()} train prepare” again."
    if not (root / _INDEX).is_file():
        if is_unfinished(root):
            raise StudioError(f"The preparation of {root} was interrupted.", again)
        raise StudioError(
            f"{root} is not a prepared corpus.", f"Run “{program()} train prepare” first."
        )
    try:
        with open(root / _INDEX, encoding="utf-8") as file:
            entries = [Entry(**json.loads(line)) for line in file]
        end = _end(entries)
        sizes = {_PCM: 2 * end, _PITCH: 4 * end // PITCH_HOP}
        whole = end > 0 and all((root / n).stat().st_size == size for n, size in sizes.items())
    except (OSError, ValueError, TypeError):
        whole = False
    if not whole:
        raise StudioError(f"The prepared corpus {root} is not complete.", again)
    return entries


class PreparedCorpus:
    """Read access to what `prepare` wrote.

    Args:
        root: the folder that `prepare` filled.
        exclude: speakers to leave out (a development set).

    Raises:
        StudioError: the folder holds no corpus, or not a complete one.
    """

    def __init__(self, root: Path, exclude: frozenset[str] = frozenset()) -> None:
        self.root = root
        self.entries = [entry for entry in _read_index(root) if entry.speaker not in exclude]
        self._pcm = np.memmap(root / _PCM, dtype="<i2", mode="r")
        self._pitch = np.memmap(root / _PITCH, dtype="<f4", mode="r")

    def samples(
        self, entry: Entry, start: int = 0, count: int | None = None
    ) -> NDArray[np.float32]:
        """Return samples [count] of a clip in -1..1, from `start`."""
        stop = entry.samples if count is None else min(start + count, entry.samples)
        piece = self._pcm[entry.start + start : entry.start + stop]
        return (piece / np.float32(32767)).astype(np.float32)

    def pitch(self, entry: Entry, start: int = 0, count: int | None = None) -> NDArray[np.float32]:
        """Return pitch values [count / 150] in Hz (0 = unvoiced) of the samples that `samples`
        would give.
        """
        stop = entry.samples if count is None else min(start + count, entry.samples)
        first, last = entry.start + start, entry.start + stop
        return np.array(self._pitch[first // PITCH_HOP : last // PITCH_HOP])
