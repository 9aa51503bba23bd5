"""`ditar-studio batch`: many texts, one WAV each; what is done is not done again."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ditar_studio.cli.console import Console
from ditar_studio.cli.speaking import (
    lexicon_of,
    load,
    model_values,
    peak_memory,
    settings_of,
    speak_into,
    stop_on_interrupt,
)
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.errors import StudioError

if TYPE_CHECKING:
    from ditar_studio.audio.io import Subtype
    from ditar_studio.engine.generate import GenerationRequest
    from ditar_studio.engine.speech_model import SpeechModel
    from ditar_studio.engine.voice import Reference, VoiceCache
    from ditar_studio.text.lexicon import Lexicon

FAILED, INTERRUPTED = 1, 130

_SETTINGS = ("seed", "temperature", "guidance", "steps")
_JOURNAL = "batch-journal.jsonl"


@dataclass(frozen=True)
class Job:
    """A row: what to say, how, and the name of its file.

    Attributes:
        id: the file's name without “.wav”.
        text: what to say.
        reference: the recording.
        transcript: the words in it.
        changes: settings of this row alone.
    """

    id: str
    text: str
    reference: Path
    transcript: str
    changes: dict[str, Any]


def run(arguments: argparse.Namespace) -> int:
    """Speak all rows; exit code 0, 1 if a row failed, 130 when interrupted."""
    console = Console.of(arguments)
    outcome = speak_all(arguments, console)
    console.result(outcome.values, outcome.text)
    return outcome.code


@dataclass(frozen=True)
class Outcome:
    """A batch's end: values for programs, words for people, the exit code."""

    values: dict[str, Any]
    text: str
    code: int


def speak_all(arguments: argparse.Namespace, console: Console) -> Outcome:
    """Speak all rows that aren't done yet.

    Raises:
        StudioError: the job file, the folder or the settings can't be used.
    """
    settings_of(arguments, GenerationSettings())
    jobs_path, folder = Path(arguments.jobs), Path(arguments.out_dir)
    rows = list(read_jobs(jobs_path))
    if not rows:
        raise StudioError(f"“{jobs_path.name}” has no rows.", "Write one JSON object a line.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise StudioError(
            f"The folder “{folder}” can't be made: {error}.", "Choose another one."
        ) from error
    lexicon = lexicon_of(arguments)
    results: list[dict[str, Any]] = []
    with stop_on_interrupt() as cancel:
        batch = _Batch(arguments, folder, lexicon, cancel, console)
        for number, row in enumerate(rows):
            if cancel.is_set():
                break
            console.say(f"[{number + 1}/{len(rows)}] {row.id if isinstance(row, Job) else ''}")
            results.append(batch.do(row))
    return _summary(results, len(rows), cancel.is_set())


def _summary(results: list[dict[str, Any]], rows: int, interrupted: bool) -> Outcome:
    count = {
        state: sum(result["state"] == state for result in results)
        for state in ("made", "kept", "failed", "stopped")
    }
    made = [result for result in results if result["state"] == "made"]
    seconds = sum(result["seconds"] for result in made)
    rtf = sum(result["rtf"] * result["seconds"] for result in made) / seconds if seconds else 0.0
    values = {
        "rows": rows,
        "made": count["made"],
        "kept": count["kept"],
        "failed": count["failed"],
        "interrupted": interrupted,
        "seconds": round(seconds, 3),
        "rtf": round(rtf, 4),
        "peak_rss_mb": peak_memory(),
        "results": results,
    }
    text = (
        f"{count['made']} made, {count['kept']} done before, {count['failed']} failed, "
        f"{rows - count['made'] - count['kept'] - count['failed']} left; "
        f"{seconds:.1f} s of speech, RTF {rtf:.2f}"
    )
    code = INTERRUPTED if interrupted else FAILED if count["failed"] else 0
    return Outcome(values, text, code)


def read_jobs(path: Path) -> Iterator[Job | StudioError]:
    """The rows of a job file; for a bad row what is wrong with it.

    Raises:
        StudioError: the file itself can't be read.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise StudioError(
            f"The job file “{path}” can't be read.", "Give a text file with one JSON object a line."
        ) from error
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            job = _job(json.loads(line), path.parent)
            if job.id.casefold() in seen:
                raise StudioError(f"the id “{job.id}” is used twice.", "Give each row its own.")
            seen.add(job.id.casefold())
            yield job
        except StudioError as error:
            yield StudioError(f"Row {number}: {error.message}", error.remedy)
        except (ValueError, RecursionError):
            yield StudioError(f"Row {number} is not JSON.", "Write one JSON object a line.")


def _job(row: object, folder: Path) -> Job:
    if not isinstance(row, dict):
        raise StudioError("it is not an object.", 'Write {"id": ..., "text": ..., ...}.')
    for name in ("id", "text", "reference"):
        if not isinstance(row.get(name), str) or not row[name].strip():
            raise StudioError(f"“{name}” is missing or not a text.", "Complete the row.")
    if not isinstance(row.get("transcript", ""), str):
        raise StudioError("“transcript” is not a text.", "Write down the words of the reference.")
    if not re.fullmatch(r"[\w][\w .,+-]{0,150}", row["id"]):
        raise StudioError(
            f"the id {row['id']!r} can't be a file's name.", "Use letters, digits, - and _."
        )
    changes = {name: row[name] for name in _SETTINGS if name in row}
    dataclasses.replace(GenerationSettings(), **changes)
    reference = Path(row["reference"])
    beside = folder / reference
    if not reference.is_absolute() and beside.exists():
        reference = beside
    return Job(row["id"], row["text"], reference, row.get("transcript", ""), changes)


class _Batch:
    """The rows' work; the model is loaded when a row first needs it."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        folder: Path,
        lexicon: Lexicon | None,
        cancel: threading.Event,
        console: Console,
    ) -> None:
        self._arguments = arguments
        self._folder = folder
        self._lexicon = lexicon
        self._cancel = cancel
        self._console = console
        self._subtype: Subtype = arguments.subtype
        self._model: SpeechModel | None = None
        self._voices: VoiceCache | None = None
        self._journal = folder / _JOURNAL
        self._done = self._read_journal()

    def do(self, row: Job | StudioError) -> dict[str, Any]:
        """Speak one row; what became of it."""
        if isinstance(row, StudioError):
            self._console.warn(row.message, row.remedy)
            return {"state": "failed", "error": row.message}
        try:
            return self._speak(row)
        except StudioError as error:
            self._console.warn(f"{row.id}: {error.message}", error.remedy)
            return {"id": row.id, "state": "failed", "error": error.message}
        except OSError as error:
            self._console.warn(f"{row.id}: {error}.", "Make way for it, and run the batch again.")
            return {"id": row.id, "state": "failed", "error": str(error)}

    def _speak(self, job: Job) -> dict[str, Any]:
        from ditar_studio.engine.generate import GenerationRequest, Line
        from ditar_studio.engine.voice import Reference, VoiceCache

        reference = Reference(job.reference, job.transcript)
        if self._model is None or self._voices is None:
            self._model = load(self._arguments)
            self._voices = VoiceCache(self._model)
        settings = settings_of(self._arguments, self._model.info.default_settings)
        settings = dataclasses.replace(settings, **job.changes)
        request = GenerationRequest((Line(job.text),), reference, settings, self._lexicon)
        path = self._folder / f"{job.id}.wav"
        recipe = self._recipe(self._model, request, reference)
        if path.is_file() and self._done.get(job.id) == recipe and not self._arguments.force:
            return {"id": job.id, "state": "kept"}
        partial = path.with_suffix(".part.wav")
        spoken = speak_into(
            partial, self._model, request, self._voices, self._cancel, self._console, self._subtype
        )
        if spoken.cancelled:
            return {"id": job.id, "state": "stopped", "out": str(partial), **spoken.as_dict()}
        partial.replace(path)
        self._note(job.id, recipe)
        return {"id": job.id, "state": "made", "out": str(path), **spoken.as_dict()}

    def _recipe(self, model: SpeechModel, request: GenerationRequest, reference: Reference) -> str:
        values = [
            request.lines[0].text,
            reference.key(),
            request.settings.as_dict(),
            model_values(model),
            self._arguments.precision,
            self._arguments.lora,
            self._arguments.lora_alpha,
            self._arguments.lexicon,
            self._subtype,
        ]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

    def _read_journal(self) -> dict[str, str]:
        done: dict[str, str] = {}
        if self._journal.is_file():
            for line in self._journal.read_text(encoding="utf-8", errors="replace").splitlines():
                try:
                    row = json.loads(line)
                    done[row["id"]] = row["recipe"]
                except (ValueError, KeyError, TypeError):
                    continue
        return done

    def _note(self, name: str, recipe: str) -> None:
        with open(self._journal, "a", encoding="utf-8") as journal:
            journal.write(json.dumps({"id": name, "recipe": recipe}) + "\n")
