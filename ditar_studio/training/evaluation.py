"""Judging produced speech: what is heard, how close the voice is, how clean it sounds.

A development tool over a list of jobs and the folder of WAV files made from it. The judges
(`judges`) are independent of the model; nothing here is ever a loss to train on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ditar_studio.audio.io import read_clip
from ditar_studio.audio.likeness import judged
from ditar_studio.errors import StudioError
from ditar_studio.training.judges import Panel, open_panel
from ditar_studio.training.wer import comparable_words, word_errors

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FIELDS: Final = ("id", "text", "reference", "transcript")


@dataclass(frozen=True)
class Job:
    """One thing to say in one voice.

    Attributes:
        id: names the produced file, `ID.wav`.
        text: what is to be said.
        reference: the clip whose voice is to be cloned.
        transcript: what is said in the reference.
        speaker: who speaks in the reference; rows of one speaker are one voice to identify.
    """

    id: str
    text: str
    reference: Path
    transcript: str
    speaker: str


@dataclass(frozen=True)
class Verdict:
    """What the judges say of one produced file.

    Attributes:
        id: as in the job.
        problem: why there is no judgement, such as a missing file; empty if there is one.
        heard: what the better of the recognisers heard.
        words: words in the text.
        errors: words heard differently by the better recogniser.
        similarity: cosine of the speaker embeddings of the file and its reference.
        identified: whether no other speaker's reference is closer.
        quality: DNSMOS overall, 1 to 5.
        seconds: length of the file.
    """

    id: str
    problem: str
    heard: str
    words: int
    errors: int
    similarity: float = 0.0
    identified: bool = False
    quality: float = 0.0
    seconds: float = 0.0

    @property
    def word_error_rate(self) -> float:
        return self.errors / max(self.words, 1)


@dataclass(frozen=True)
class Report:
    """The verdicts of a list of jobs; a missing file counts as heard wrong in every word."""

    verdicts: tuple[Verdict, ...]
    recognisers: tuple[str, ...]

    @property
    def judged(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if not verdict.problem)

    def summary(self) -> dict[str, Any]:
        """Figures over all rows: rates are shares of words or rows, means are over judged rows."""
        done = self.judged
        words = sum(verdict.words for verdict in self.verdicts)
        errors = sum(verdict.errors for verdict in self.verdicts)
        return {
            "rows": len(self.verdicts),
            "judged": len(done),
            "word_error_rate": round(errors / max(words, 1), 4),
            "median_word_error_rate": _median([v.word_error_rate for v in self.verdicts]),
            "similarity": _mean([v.similarity for v in done]),
            "identified": _mean([float(v.identified) for v in done]),
            "quality": _mean([v.quality for v in done]),
            "seconds": round(sum(v.seconds for v in done), 2),
            "recognisers": list(self.recognisers),
        }

    def save(self, folder: Path) -> None:
        """Writes `rows.jsonl` (a row a verdict) and `summary.json`.

        Raises:
            StudioError: the folder can't be written to.
        """
        rows = (
            {**asdict(verdict), "word_error_rate": round(verdict.word_error_rate, 4)}
            for verdict in self.verdicts
        )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "rows.jsonl").write_text(
                "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8"
            )
            (folder / "summary.json").write_text(json.dumps(self.summary(), indent=2) + "\n")
        except OSError as error:
            raise StudioError(
                f"The evaluation can't be written to {folder}: {error.strerror}.",
                "Choose another folder.",
            ) from error


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None


def _median(values: Sequence[float]) -> float | None:
    return round(float(np.median(values)), 4) if values else None


def read_jobs(path: Path) -> list[Job]:
    """Jobs of a JSONL file: rows of id, text, reference, transcript and, if known, speaker.

    A relative reference is looked for beside the file.

    Raises:
        StudioError: the file can't be read, or a row of it can't be used; its line is named.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise StudioError(f"The list of jobs {path} can't be read.", "Check the path.") from error
    jobs: list[Job] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        jobs.append(_job(line, f"Line {number} of {path}", path.parent))
        if any(job.id == jobs[-1].id for job in jobs[:-1]):
            raise StudioError(
                f"Line {number} of {path} has an id that was used before: {jobs[-1].id}.",
                "Give every row its own id.",
            )
    if not jobs:
        raise StudioError(f"The list of jobs {path} is empty.", "Add at least one row.")
    return jobs


def _job(line: str, where: str, folder: Path) -> Job:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise StudioError(f"{where} is not a JSON object.", "Write one object a line.")
    for field in _FIELDS:
        if not isinstance(row.get(field), str) or not row[field].strip():
            raise StudioError(f"{where} has no text in “{field}”.", f"Set {', '.join(_FIELDS)}.")
    if Path(row["id"]).name != row["id"]:
        raise StudioError(f"{where} has an id that is no file name.", "Leave out slashes.")
    return Job(
        id=row["id"],
        text=row["text"],
        reference=folder / row["reference"],
        transcript=row["transcript"],
        speaker=str(row.get("speaker") or row["reference"]),
    )


def evaluate(
    jobs: Iterable[Job],
    folder: Path,
    panel: Panel | None = None,
    on_verdict: Callable[[Verdict], None] = lambda verdict: None,
) -> Report:
    """Judges `folder/ID.wav` for each job.

    Args:
        jobs: what was to be said, in whose voice.
        folder: where the produced files are.
        panel: the judges; those of `open_panel` unless given.
        on_verdict: told of each verdict as it is reached.

    Raises:
        StudioError: a judge is not installed, or a reference can't be read.
    """
    listed = list(jobs)
    panel = panel or open_panel()
    voices = {
        reference: panel.embed(judged(read_clip(reference)))
        for reference in dict.fromkeys(job.reference for job in listed)
    }
    verdicts = []
    for job in listed:
        verdicts.append(_verdict(job, folder / f"{job.id}.wav", listed, panel, voices))
        on_verdict(verdicts[-1])
    return Report(tuple(verdicts), tuple(panel.recognisers))


def _verdict(
    job: Job,
    produced: Path,
    jobs: Sequence[Job],
    panel: Panel,
    voices: dict[Path, NDArray[np.float32]],
) -> Verdict:
    expected = comparable_words(job.text)
    try:
        clip = read_clip(produced)
    except StudioError as error:
        return Verdict(job.id, error.message, "", len(expected), len(expected))
    samples = judged(clip)
    errors, heard = _best_heard(expected, samples, panel)
    voice = panel.embed(samples)
    return Verdict(
        id=job.id,
        problem="",
        heard=heard,
        words=len(expected),
        errors=errors,
        similarity=round(float(voice @ voices[job.reference]), 4),
        identified=_is_identified(voice, job, jobs, voices),
        quality=round(panel.quality(samples), 4),
        seconds=round(clip.seconds, 3),
    )


def _best_heard(
    expected: Sequence[str], samples: NDArray[np.float32], panel: Panel
) -> tuple[int, str]:
    """The fewest word errors of any recogniser and what it heard; none is asked after a perfect."""
    best: tuple[int, str] | None = None
    for hear in panel.recognisers.values():
        heard = hear(samples)
        errors = word_errors(expected, comparable_words(heard))
        if best is None or errors < best[0]:
            best = errors, heard
        if errors == 0:
            break
    if best is None:
        raise ValueError("the panel has no recogniser")
    return best


def _is_identified(
    voice: NDArray[np.float32],
    job: Job,
    jobs: Sequence[Job],
    voices: dict[Path, NDArray[np.float32]],
) -> bool:
    """Whether the reference closest to `voice` is of the job's own speaker."""
    if not np.any(voice):
        return False
    closest = max(jobs, key=lambda other: float(voice @ voices[other.reference]))
    return closest.speaker == job.speaker
