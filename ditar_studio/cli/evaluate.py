"""`ditar-studio evaluate`: speak a list of jobs and let independent judges listen."""

from __future__ import annotations

import argparse
from pathlib import Path

from ditar_studio.cli import batch
from ditar_studio.cli.console import Console


def run(arguments: argparse.Namespace) -> int:
    """Speak what isn't spoken yet, then judge; exit code 0, or that of the batch."""
    from ditar_studio.training.evaluation import Verdict, evaluate, read_jobs
    from ditar_studio.training.judges import open_panel

    console = Console.of(arguments)
    jobs = read_jobs(Path(arguments.jobs))
    panel = open_panel()
    if not arguments.only_judge:
        code = batch.speak_all(arguments, console).code
        if code == batch.INTERRUPTED:
            return code
    done = 0

    def tell(verdict: Verdict) -> None:
        nonlocal done
        done += 1
        errors = f"{verdict.errors}/{verdict.words} words wrong"
        console.progress(done / len(jobs), f"{verdict.id}: {errors}")

    folder = Path(arguments.out_dir)
    report = evaluate(jobs, folder, panel, tell)
    report.save(folder)
    summary = report.summary()
    lines = [f"{name.replace('_', ' ')}: {value}" for name, value in summary.items()]
    console.result(summary, "\n".join(lines))
    return 0
