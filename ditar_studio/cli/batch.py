"""`ditar-studio batch`: many texts, one WAV each; what is done is not done again."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ditar_studio.cli.console import Console, one_line
from ditar_studio.cli.jobs import BadRow, Job, read_jobs
from ditar_studio.cli.output import Inputs, Output, free_place, refuse_input
from ditar_studio.cli.recording import Recording
from ditar_studio.cli.speaking import (
    files_read,
    lexicon_of,
    load,
    model_values,
    peak_memory,
    settings_of,
    speak_into,
    stop_on_interrupt,
)
from ditar_studio.cli.tuning import References
from ditar_studio.errors import StudioError
from ditar_studio.services import files
from ditar_studio.services.generation_settings import GenerationSettings
from ditar_studio.text.ssml import read_marked
from ditar_studio.text_file import read_bytes

if TYPE_CHECKING:
    from ditar_studio.services.references import Reference

FAILED, INTERRUPTED = 1, 130

_JOURNAL = "batch-journal.jsonl"
_LARGEST = 256 << 20


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
        StudioError: the job file, the folder, the settings or the model can't be used.
    """
    settings_of(arguments, GenerationSettings())
    rows = read_jobs(Path(arguments.jobs))
    folder = Path(arguments.out_dir)
    results: list[dict[str, Any]] = []
    with exclusive_folder(folder), stop_on_interrupt() as cancel:
        batch: _Batch | None = None
        for row in rows:
            if cancel.is_set():
                break
            name = row.id if isinstance(row, Job) else ""
            console.say(f"[{len(results) + 1}/{len(rows)}] {name}")
            if isinstance(row, BadRow):
                result = _failed(f"Row {row.number}", row.error, console)
            else:
                batch = batch or _Batch(arguments, rows, folder, cancel, console)
                result = {"id": row.id, **batch.do(row)}
            results.append({"row": row.number, **result})
    return _summary(results, len(rows), cancel.is_set())


@contextlib.contextmanager
def exclusive_folder(folder: Path) -> Iterator[None]:
    """Make a folder and keep other batches out of it; the system does when a process dies.

    Raises:
        StudioError: it can't be written to, or another batch is at work in it.
    """
    taken = StudioError(
        f"Another batch is at work in “{folder}”.", "Wait for it, or choose another folder."
    )
    with contextlib.ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(files.exclusive(folder, taken))
        except (OSError, ValueError) as error:
            raise StudioError(
                f"The folder “{folder}” can't be written to: {error}.", "Choose another one."
            ) from error
        yield


def _failed(what: str, error: Exception, console: Console) -> dict[str, Any]:
    """Report that a row failed, and return its result."""
    if isinstance(error, StudioError):
        message, remedy = error.message, error.remedy
    elif isinstance(error, OSError):
        message, remedy = f"{error}.", "Make way for it, and run the batch again."
    else:
        message = f"something unexpected went wrong ({type(error).__name__}: {error})."
        remedy = "The log says more about it."
    message = one_line(message)
    console.warn(f"{what}: {message}", remedy, error)
    return {"state": "failed", "error": message}


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
    failed = [str(result["row"]) for result in results if result["state"] == "failed"]
    if failed:
        text += f"\nFailed rows: {', '.join(failed)}"
    code = INTERRUPTED if interrupted else FAILED if failed else 0
    return Outcome(values, text, code)


class _Batch:
    """The rows' work, with the model loaded."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        rows: list[Job | BadRow],
        folder: Path,
        cancel: threading.Event,
        console: Console,
    ) -> None:
        from ditar_studio.services.loaded_model import VoiceCache

        self._arguments = arguments
        self._folder = folder
        self._cancel = cancel
        self._console = console
        self._lexicon = lexicon_of(arguments)
        self._model = load(arguments)
        self._voices = VoiceCache(self._model)
        self._references = References(self._model, arguments.fine_tune, cancel, console)
        self._settings = settings_of(arguments, self._model.info.default_settings)
        references = (row.reference for row in rows if isinstance(row, Job))
        self._read = Inputs([*files_read(arguments), *references])
        self._journal = _Journal(folder / _JOURNAL)

    def do(self, job: Job) -> dict[str, Any]:
        """Speak one row, and return its result, whatever that is."""
        try:
            return self._speak(job)
        except Exception as error:
            return _failed(job.id, error, self._console)

    def _speak(self, job: Job) -> dict[str, Any]:
        from ditar_studio.services.references import Reference
        from ditar_studio.services.speaking import GenerationRequest, SpokenLine

        reference = Reference(job.reference, job.transcript)
        settings = dataclasses.replace(self._settings, **job.changes)
        recipe = self._recipe(job, reference, settings)
        path = self._folder / f"{job.id}.wav"
        force = self._arguments.force
        if path.is_file() and not force:
            digest = files.sha256(path)
            if self._journal.holds(job.id, digest, recipe):
                return {"state": "kept"}
            force = self._is_ours(job, path, digest)
        output = Output(
            path,
            self._read,
            force,
            growing=f"{job.id}~batch.wav",
            before_end=lambda grown: self._journal.note(job.id, files.sha256(grown), recipe),
        )
        tuned = self._references.get(reference)
        text = read_marked(job.text)
        from ditar_studio.services.voice_library import others_named

        others = others_named([text])
        request = GenerationRequest((SpokenLine(text),), tuned, settings, self._lexicon, others)
        spoken = speak_into(
            Recording(output, self._console, self._arguments.subtype, self._arguments.watermark),
            self._model,
            request,
            self._voices,
            self._cancel,
            self._console,
            job.reference.stem,
        )
        return {"state": "stopped" if spoken.cancelled else "made", **spoken.as_dict()}

    def _is_ours(self, job: Job, path: Path, digest: str) -> bool:
        """Return whether a file is what a batch made of a row; one that was changed since is put
        aside.

        Raises:
            StudioError: no batch made it, or this one reads it.
        """
        refuse_input(path, self._read)
        if not self._journal.knows(job.id):
            raise StudioError(
                f"there is a file “{path}” that no batch made.", "Move it, or use --force."
            )
        if self._journal.holds(job.id, digest):
            return True
        kept = free_place(path.with_name(f"{job.id}~changed.wav"))
        os.rename(path, kept)
        self._console.warn(
            f"{job.id}: “{path.name}” is not as it was made.", f"It is “{kept.name}” now."
        )
        return False

    def _recipe(self, job: Job, reference: Reference, settings: GenerationSettings) -> str:
        arguments, lexicon = self._arguments, self._lexicon
        values = [
            job.text,
            reference.key(),
            settings.as_dict(),
            model_values(self._model),
            arguments.precision,
            arguments.fine_tune,
            arguments.lora,
            arguments.lora_alpha,
            dict(lexicon.entries) if lexicon else None,
            arguments.subtype,
            arguments.watermark,
        ]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


class _Journal:
    """The record of what batches made in a folder: by id, the recipes and the contents of files.

    A row is noted before its file gets its name, so that a kill in between leaves no file that is
    nobody's.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._made: dict[str, set[tuple[str, str]]] = {}
        try:
            content = read_bytes(path, _LARGEST)
        except FileNotFoundError:
            content = b""
        except OSError as error:
            raise StudioError(
                f"The journal “{path}” can't be read: {error.strerror}.", "Choose another folder."
            ) from error
        self._torn = bool(content) and not content.endswith(b"\n")
        for line in content.split(b"\n"):
            try:
                row = json.loads(line)
                self._add(str(row["id"]), str(row["sha256"]), str(row["recipe"]))
            except (ValueError, KeyError, TypeError, RecursionError):
                continue

    def knows(self, name: str) -> bool:
        """Return whether a file of this row was ever made."""
        return name in self._made

    def holds(self, name: str, digest: str, recipe: str | None = None) -> bool:
        """Return whether a row made a file of this content, if given by this recipe."""
        return any(made == digest and recipe in (None, by) for made, by in self._made.get(name, ()))

    def note(self, name: str, digest: str, recipe: str) -> None:
        """Write down that a row is made."""
        row = json.dumps({"id": name, "sha256": digest, "recipe": recipe})
        with open(self._path, "a", encoding="utf-8") as journal:
            journal.write(("\n" if self._torn else "") + row + "\n")
        self._torn = False
        self._add(name, digest, recipe)

    def _add(self, name: str, digest: str, recipe: str) -> None:
        self._made.setdefault(name, set()).add((digest, recipe))
