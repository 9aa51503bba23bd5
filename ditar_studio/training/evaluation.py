"""Judging speech: what is heard, how close the voice is, how clean it sounds, its pitch and pace.

A development tool over lists of jobs and sound files made from them. The judges (`judges`) are
independent of the model; nothing here is ever a loss to train on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from ditar_studio.audio.analysis.likeness import judged
from ditar_studio.audio.clips.files import read_clip
from ditar_studio.errors import StudioError
from ditar_studio.text import symbols
from ditar_studio.text.phonemes import phonemize
from ditar_studio.training.wer import comparable_words, word_errors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ditar_studio.training.jobs import Job
    from ditar_studio.training.judges import Panel

_NO_SOUND: Final = {symbols.BOUNDARY, *symbols.PUNCTUATION}


@dataclass(frozen=True)
class Take:
    """A sound file to judge.

    Attributes:
        job: what is said in it, in whose voice.
        path: of the sound file.
        group: what it has in common with some of the others, such as the seed.
    """

    job: Job
    path: Path
    group: str = ""


@dataclass(frozen=True)
class Verdict:
    """The judges' verdict on one take.

    Attributes:
        id, accent, half: as in the job.
        group: as in the take.
        problem: why there is no judgement but on the words, such as a missing file; else empty.
        heard: what the better of the recognisers heard.
        words: words in the text.
        errors: words heard differently by the better recogniser.
        similarity: cosine of the speaker embeddings of the file and its reference.
        other_similarity: the same with the second recording; None where there is none.
        identified: whether no other speaker's reference is closer.
        quality: DNSMOS overall, 1 to 5.
        pitch_error: semitones from the reference's median pitch to the file's; None where one
            has no pitch.
        pace_error: how many sounds a second there are more than in the reference, as a share of
            its; None where one has no speech.
        seconds: length of the file.
    """

    id: str
    group: str
    accent: str
    half: str
    problem: str
    heard: str
    words: int
    errors: int
    similarity: float | None = None
    other_similarity: float | None = None
    identified: bool | None = None
    quality: float | None = None
    pitch_error: float | None = None
    pace_error: float | None = None
    seconds: float = 0.0

    @property
    def word_error_rate(self) -> float:
        return self.errors / max(self.words, 1)


@dataclass(frozen=True, eq=False)
class _Voice:
    """The judges' knowledge of a reference."""

    embedding: NDArray[np.float32]
    pitch: float | None
    pace: float | None


class Listener:
    """The panel, with the references that it has heard.

    Args:
        panel: of the judges.
        among: jobs whose speakers a voice could be mistaken for.
    """

    def __init__(self, panel: Panel, among: Iterable[Job]) -> None:
        self._panel = panel
        self._speakers = {job.reference: job.speaker for job in among}
        self._embeddings: dict[Path, NDArray[np.float32]] = {}
        self._voices: dict[Path, _Voice] = {}

    def verdict(self, take: Take) -> Verdict:
        """Judge a take, whose job is one of those given.

        Raises:
            StudioError: a reference can't be read.
        """
        job, panel = take.job, self._panel
        expected = comparable_words(job.text)
        reference = self._voice(job)
        try:
            clip = read_clip(take.path)
        except StudioError as error:
            known, count = (job.id, take.group, job.accent, job.half), len(expected)
            return Verdict(*known, error.message, "", count, count)
        samples = judged(clip)
        errors, heard = self._best_transcript(expected, samples)
        embedding = panel.embed(samples)
        other = self._embedding(job.other) if job.other else None
        return Verdict(
            id=job.id,
            group=take.group,
            accent=job.accent,
            half=job.half,
            problem="",
            heard=heard,
            words=len(expected),
            errors=errors,
            similarity=round(float(embedding @ reference.embedding), 4),
            other_similarity=None if other is None else round(float(embedding @ other), 4),
            identified=self._is_identified(embedding, job),
            quality=round(panel.quality(samples), 4),
            pitch_error=_semitones(reference.pitch, panel.pitch(samples)),
            pace_error=_excess(reference.pace, self._pace(job.text, samples)),
            seconds=round(clip.seconds, 3),
        )

    def _best_transcript(
        self, expected: Sequence[str], samples: NDArray[np.float32]
    ) -> tuple[int, str]:
        """Return the fewest word errors of any recogniser and what it heard; none is asked after a
        perfect one, nor where it isn't known what is said.
        """
        best: tuple[int, str] | None = None
        for recognise in self._panel.recognisers.values() if expected else ():
            heard = recognise(samples)
            errors = word_errors(expected, comparable_words(heard))
            if best is None or errors < best[0]:
                best = errors, heard
            if errors == 0:
                break
        return best or (0, "")

    def _embedding(self, recording: Path) -> NDArray[np.float32]:
        if recording not in self._embeddings:
            self._embeddings[recording] = self._panel.embed(judged(read_clip(recording)))
        return self._embeddings[recording]

    def _voice(self, job: Job) -> _Voice:
        """Return what is known of the job's reference; heard when it is first asked for."""
        if job.reference not in self._voices:
            samples = judged(read_clip(job.reference))
            self._voices[job.reference] = _Voice(
                self._embedding(job.reference),
                self._panel.pitch(samples),
                self._pace(job.transcript, samples),
            )
        return self._voices[job.reference]

    def _pace(self, text: str, samples: NDArray[np.float32]) -> float | None:
        """Count the sounds a second of speech, longer pauses left out."""
        seconds = self._panel.speech_seconds(samples)
        sounds = sum(sound not in _NO_SOUND for sound in phonemize(text)) if text else 0
        return sounds / seconds if seconds and sounds else None

    def _is_identified(self, embedding: NDArray[np.float32], job: Job) -> bool:
        """Return whether the reference closest to `embedding` is of the job's own speaker."""
        if not np.any(embedding):
            return False
        closest = max(self._speakers, key=lambda path: float(embedding @ self._embedding(path)))
        return self._speakers[closest] == job.speaker


def _semitones(reference: float | None, made: float | None) -> float | None:
    return round(12 * math.log2(made / reference), 2) if reference and made else None


def _excess(reference: float | None, made: float | None) -> float | None:
    return round(made / reference - 1, 4) if reference and made else None
