"""`ditar-studio evaluate`: speak a list of jobs and let independent judges listen."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ditar_studio.cli.batch import exclusive_folder
from ditar_studio.cli.console import Console
from ditar_studio.cli.output import Inputs, refuse_input
from ditar_studio.cli.speaking import files_read, lexicon_of, load, settings_of, stop_on_interrupt
from ditar_studio.cli.tuning import References
from ditar_studio.engine.settings import GenerationSettings
from ditar_studio.engine.voice import Reference
from ditar_studio.errors import StudioError

if TYPE_CHECKING:
    from ditar_studio.training.evaluation import Take
    from ditar_studio.training.jobs import Job

FAILED, INTERRUPTED = 1, 130

_NOTEBOOK = "verdicts.jsonl"

_SOUND_OPTIONS = ("precision", "lora", "lora_alpha", "lexicon", "fine_tune")
"""What changes the sound without being a setting."""


def run(arguments: argparse.Namespace) -> int:
    """Speak what isn't spoken yet, then judge.

    Returns:
        The exit code: 0, 1 if a file could not be judged, 130 when interrupted.
    """
    from ditar_studio.training.jobs import read_jobs
    from ditar_studio.training.report import ROWS, SUMMARY

    settings_of(arguments, GenerationSettings())
    listed = read_jobs(Path(arguments.jobs))
    jobs = [job for job in listed if arguments.half in (None, job.half)]
    if not jobs:
        raise StudioError(f"The list has no half “{arguments.half}”.", "Leave out --half.")
    folder = Path(arguments.out_dir)
    recordings = [path for job in listed for path in (job.reference, job.other) if path]
    read = Inputs([*files_read(arguments), *recordings])
    for name in (_NOTEBOOK, ROWS, SUMMARY):
        refuse_input(folder / name, read)
    with exclusive_folder(folder):
        return _evaluate(arguments, listed, jobs, read)


def _evaluate(
    arguments: argparse.Namespace, listed: list[Job], jobs: list[Job], read: Inputs
) -> int:
    from ditar_studio.training.evaluation import Listener
    from ditar_studio.training.judges import open_panel
    from ditar_studio.training.notebook import Notebook
    from ditar_studio.training.report import Report

    console, folder = Console.of(arguments), Path(arguments.out_dir)
    panel = open_panel(arguments.recogniser and Path(arguments.recogniser))
    with stop_on_interrupt() as cancel:
        takes = []
        for take in _takes(arguments, jobs, read, cancel, console):
            takes.append(take)
            share = len({take.job.id for take in takes}) / len(jobs)
            console.progress(share, f"making {take.job.id}, {take.group}")
            if cancel.is_set():
                return INTERRUPTED
    listener = Listener(panel, listed)
    notebook = Notebook(folder / _NOTEBOOK, panel.recognisers, listed)
    verdicts = []
    for take in takes:
        verdict = notebook.find(take)
        if verdict is None:
            verdict = listener.verdict(take)
            notebook.note(take, verdict)
        verdicts.append(verdict)
        errors = f"{verdict.errors}/{verdict.words} words wrong"
        share = len(verdicts) / len(takes)
        console.progress(share, f"judging {verdict.id}, {verdict.group}: {errors}")
    report = Report(tuple(verdicts), tuple(panel.recognisers), alike=not arguments.reconstruct)
    report.save(folder)
    console.result(report.summary(), report.table())
    return FAILED if any(verdict.problem for verdict in verdicts) else 0


def _takes(
    arguments: argparse.Namespace,
    jobs: list[Job],
    read: Inputs,
    cancel: threading.Event,
    console: Console,
) -> Iterator[Take]:
    """Return what is to be judged, made as far as it isn't there."""
    from ditar_studio.training.takes import TakeFolder, take_of

    folder = Path(arguments.out_dir)
    seeds = list(dict.fromkeys(arguments.seeds or [arguments.seed or 0]))
    if arguments.reconstruct:
        yield from _reconstructed(arguments, jobs, folder)
    elif arguments.only_judge:
        yield from (take_of(job, seed, folder) for job in jobs for seed in seeds)
    else:
        for job in jobs:
            for seed in seeds:
                refuse_input(take_of(job, seed, folder).path, read)
        model = load(arguments)
        settings = settings_of(arguments, model.info.default_settings)
        manner = [getattr(arguments, option) for option in _SOUND_OPTIONS]
        references = References(model, arguments.fine_tune, cancel, console)

        def voice(job: Job) -> Reference:
            more = job.more if arguments.fine_tune == "thorough" else ()
            return references.get(
                Reference(job.reference, job.transcript),
                [Reference(each.path, each.transcript) for each in more],
            )

        takes = TakeFolder(folder, model, settings, lexicon_of(arguments), manner, voice)
        for take, error in takes.make(jobs, seeds, cancel, arguments.force):
            if error is not None:
                console.warn(f"{take.job.id}: {error.message}", error.remedy)
            yield take


def _reconstructed(arguments: argparse.Namespace, jobs: list[Job], folder: Path) -> Iterator[Take]:
    from ditar_studio.engine.load import BUILT_IN, built_in_folder
    from ditar_studio.engine.native import WEIGHTS
    from ditar_studio.model.weights import load_ditar, load_speaker, load_vae
    from ditar_studio.training.reconstruction import reconstruct

    if arguments.vae is not None:
        vae = load_vae(Path(arguments.vae))
        speaker = load_speaker(Path(arguments.speaker)) if arguments.speaker else None
    else:
        from ditar_studio.services.models import located

        name = located(arguments.model) or BUILT_IN
        path = built_in_folder() if name == BUILT_IN else Path(name).expanduser()
        model = load_ditar(path / WEIGHTS if path.is_dir() else path)
        vae, speaker = model.vae, model.speaker
    yield from reconstruct(vae, speaker, jobs, folder)
