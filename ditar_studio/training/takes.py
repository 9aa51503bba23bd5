"""Speaking the jobs of a list, so that they can be judged; what is there already is kept."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ditar_studio.audio.clips.files import StreamingWavWriter
from ditar_studio.engine.generate import generate
from ditar_studio.engine.request import GenerationRequest, SpokenLine
from ditar_studio.engine.voice import Reference, VoiceCache
from ditar_studio.errors import StudioError
from ditar_studio.training.evaluation import Take

if TYPE_CHECKING:
    from ditar_studio.audio.clips.clip import Clip
    from ditar_studio.engine.settings import GenerationSettings
    from ditar_studio.engine.speech_model import SpeechModel
    from ditar_studio.text.lexicon import Lexicon
    from ditar_studio.training.jobs import Job

_JOURNAL = "takes.jsonl"
_MARK = "Synthetic speech, made with DiTAR Studio"


def take_of(job: Job, seed: int, folder: Path) -> Take:
    """Return a job spoken with a seed: `folder/seed-N/ID.wav`, whether it is there or not."""
    return Take(job, folder / f"seed-{seed}" / f"{job.id}.wav", f"seed {seed}")


def save_take(path: Path, clip: Clip) -> None:
    """Write a take; the file appears whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with StreamingWavWriter(part, clip.sample_rate, comment=_MARK) as writer:
        writer.append(clip.samples)
    part.replace(path)


def _instant(job: Job) -> Reference:
    return Reference(job.reference, job.transcript)


class TakeFolder:
    """The folder of the takes of one model.

    Args:
        folder: see `take_of`.
        model: the model that speaks.
        settings: how; a take's seed replaces theirs.
        lexicon: the user's pronunciations.
        manner: all else that changes the sound, such as the precision, as plain values.
        voice: the voice that a job is spoken in; None: that of its reference, instantly.
    """

    def __init__(
        self,
        folder: Path,
        model: SpeechModel,
        settings: GenerationSettings,
        lexicon: Lexicon | None = None,
        manner: object = None,
        voice: Callable[[Job], Reference] | None = None,
    ) -> None:
        self._folder = folder
        self._model = model
        self._voices = VoiceCache(model)
        self._settings = settings
        self._lexicon = lexicon
        self._manner = manner
        self._voice = voice or _instant

    def make(
        self,
        jobs: Iterable[Job],
        seeds: Iterable[int],
        cancel: threading.Event,
        force: bool = False,
    ) -> Iterator[tuple[Take, StudioError | None]]:
        """Make the takes of all jobs and seeds, but for those that are there and were made with
        the same text, reference, settings and weights.

        Args:
            cancel: set it to stop.
            force: make again what is there.

        Yields:
            Each take, and why there is no file of it if there is none.

        Raises:
            StudioError: the folder can't be written to.
        """
        seeds = tuple(seeds)
        try:
            made = self._read_journal()
            for job in jobs:
                for seed in seeds:
                    if cancel.is_set():
                        return
                    take = take_of(job, seed, self._folder)
                    error = None
                    try:
                        self._make(take, seed, made, cancel, force)
                    except StudioError as failure:
                        error = failure
                    yield take, error
        except OSError as failure:
            raise StudioError(
                f"The folder “{self._folder}” can't be written to: {failure.strerror}.",
                "Choose another folder.",
            ) from failure

    def _make(
        self, take: Take, seed: int, made: dict[str, str], cancel: threading.Event, force: bool
    ) -> None:
        settings = dataclasses.replace(self._settings, seed=seed)
        recipe = self._recipe(take.job, settings)
        name = take.path.relative_to(self._folder).as_posix()
        if take.path.is_file() and not force:
            if name not in made:
                raise StudioError(
                    f"There is a file “{take.path}” that no evaluation made.",
                    "Move it, or use --force.",
                )
            if made[name] == recipe:
                return
        take.path.unlink(missing_ok=True)
        request = GenerationRequest(
            (SpokenLine(take.job.text),), self._voice(take.job), settings, self._lexicon
        )
        generation = generate(self._model, request, cancel, self._voices)
        if not generation.cancelled:
            save_take(take.path, generation.clip)
            with open(self._folder / _JOURNAL, "a", encoding="utf-8") as journal:
                journal.write(json.dumps({"file": name, "recipe": recipe}) + "\n")

    def _recipe(self, job: Job, settings: GenerationSettings) -> str:
        clip = job.reference.read_bytes() if job.reference.is_file() else b""
        values = [
            job.text,
            job.transcript,
            hashlib.sha256(clip).hexdigest(),
            settings.as_dict(),
            self._model.info.weights_hash,
            self._manner,
        ]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

    def _read_journal(self) -> dict[str, str]:
        """Return recipes by file; what can't be read of the journal is made again."""
        path = self._folder / _JOURNAL
        made: dict[str, str] = {}
        for line in path.read_text("utf-8", "replace").splitlines() if path.is_file() else ():
            try:
                row = json.loads(line)
                made[row["file"]] = row["recipe"]
            except (ValueError, KeyError, TypeError):
                continue
        return made
