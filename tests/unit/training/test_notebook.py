from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ditar_studio.training.evaluation import Take, Verdict
from ditar_studio.training.jobs import Job
from ditar_studio.training.notebook import Notebook

VERDICT = Verdict("a", "seed 0", "Irish", "a", "", "hello", 1, 0, 0.7, identified=True)


@pytest.fixture
def take(tmp_path: Path) -> Take:
    for name in ("take.wav", "reference.wav", "other.wav"):
        (tmp_path / name).write_text(name)
    other = tmp_path / "other.wav"
    job = Job("a", "hello", tmp_path / "reference.wav", "words", "s", other=other)
    return Take(job, tmp_path / "take.wav", "seed 0")


def found(take: Take, *recognisers: str, among: tuple[Job, ...] = ()) -> Verdict | None:
    path = take.path.parent / "out" / "verdicts.jsonl"
    return Notebook(path, recognisers or ("tiny",), among or (take.job,)).find(take)


def note(take: Take) -> None:
    path = take.path.parent / "out" / "verdicts.jsonl"
    Notebook(path, ["tiny"], [take.job]).note(take, VERDICT)


def test_a_verdict_is_found_while_all_is_the_same(take: Take) -> None:
    assert found(take) is None
    note(take)
    assert found(take) == VERDICT
    assert found(take, "tiny", "small") is None
    assert found(replace(take, group="seed 1")) is None
    assert found(replace(take, job=replace(take.job, text="bye"))) is None
    rival = replace(take.job, reference=take.path, speaker="rival")
    assert found(take, among=(take.job, rival)) is None


@pytest.mark.parametrize("name", ["take.wav", "reference.wav", "other.wav"])
def test_a_changed_file_is_judged_again(take: Take, name: str) -> None:
    note(take)
    changed = take.path.parent / name
    changed.write_text("changed")
    assert found(take) is None
    changed.write_text(name)
    assert found(take) == VERDICT


def test_a_damaged_line_is_passed_over(take: Take) -> None:
    note(take)
    with open(take.path.parent / "out" / "verdicts.jsonl", "a") as file:
        file.write('{"key": "x", "verdict": {"id": 1}}\n{broken')
    assert found(take) == VERDICT
