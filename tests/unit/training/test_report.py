from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ditar_studio.errors import StudioError
from ditar_studio.training.evaluation import Verdict
from ditar_studio.training.report import Report, figures


def verdict(name: str, group: str = "seed 0", **changes: Any) -> Verdict:
    values = {"accent": "", "half": "", "problem": "", "heard": "", "words": 10, "errors": 1}
    values |= {"similarity": 0.7, "quality": 3.0, "identified": False, "seconds": 2.0}
    return Verdict(name, group, **(values | changes))


def test_figures_are_of_words_and_of_voices() -> None:
    found = figures(
        [
            verdict("a", pitch_error=-5.0, pace_error=0.1, identified=True, other_similarity=0.8),
            verdict("b", pitch_error=1.0, pace_error=-0.3, words=30, errors=5, similarity=0.5),
            verdict("c", pitch_error=0.5, quality=2.0),
        ]
    )
    intervals = found.pop("intervals")
    assert found == {
        "rows": 3,
        "judged": 3,
        "word_error_rate": 0.14,
        "similarity": pytest.approx(0.6333, abs=1e-4),
        "other_similarity": 0.8,
        "identified": pytest.approx(0.3333, abs=1e-4),
        "quality": pytest.approx(2.6667, abs=1e-4),
        "pitch_error": 1.0,
        "pitch_far_off": pytest.approx(0.3333, abs=1e-4),
        "pace_error": 0.2,
    }
    assert intervals["similarity"] == [0.5, 0.7]
    assert intervals["other_similarity"] == [0.8, 0.8]


def test_an_interval_shrinks_with_voices_and_not_with_seeds() -> None:
    def width(voices: int, seeds: int) -> float:
        verdicts = [
            verdict(f"{voice}", f"seed {seed}", similarity=0.5 + 0.4 * (voice % 2))
            for voice in range(voices)
            for seed in range(seeds)
        ]
        low, high = figures(verdicts)["intervals"]["similarity"]
        assert low < 0.7 < high
        return float(high - low)

    assert width(16, 1) == width(16, 4)
    assert width(256, 1) < width(16, 1) / 3


def test_what_has_a_problem_counts_in_words_alone() -> None:
    missing = Verdict("b", "seed 0", "", "", "no file", "", 10, 10)
    found = figures([verdict("a"), missing])
    assert (found["rows"], found["judged"]) == (2, 1)
    assert (found["word_error_rate"], found["similarity"]) == (0.55, 0.7)
    none = figures([replace(missing, words=0, errors=0)])
    assert (none["word_error_rate"], none["similarity"]) == (None, None)
    assert none["intervals"]["similarity"] is None


def test_parts_are_seeds_halves_and_accents_where_there_are_several() -> None:
    verdicts = tuple(
        verdict(name, f"seed {seed}", half=half, accent=accent, similarity=similarity)
        for seed in (0, 1)
        for name, half, accent, similarity in (("x", "a", "Irish", 0.5), ("y", "b", "Indian", 0.7))
    )
    summary = Report(verdicts, ("ear",)).summary()
    assert list(summary["parts"]) == ["seed 0", "seed 1", "half a", "half b", "Irish", "Indian"]
    assert [summary["similarity"], summary["parts"]["Irish"]["similarity"]] == [0.6, 0.5]
    assert (summary["seconds"], summary["recognisers"]) == (8.0, ["ear"])
    assert Report(verdicts[:1], ()).summary()["parts"] == {}


def test_groups_that_are_not_alike_are_not_taken_together() -> None:
    verdicts = (verdict("a", "self", accent="Irish"), verdict("a", "decoded", similarity=0.5))
    summary = Report(verdicts, (), alike=False).summary()
    assert list(summary["parts"]) == ["self", "decoded"]
    assert "similarity" not in summary


def test_the_table_has_a_line_a_part_and_intervals_where_there_are_many_rows() -> None:
    many = tuple(verdict(f"{n}", half="ab"[n % 20 == 0], pitch_error=2.0) for n in range(21))
    head, total, interval, half_a, half_b = Report(many, ()).table().splitlines()[:5]
    assert head.split()[:3] == ["rows", "WER", "similarity"]
    assert total.split() == ["all", "21", "10.0%", "0.700", "0%", "3.00", "2.0", "0%"]
    assert interval.split()[:3] == ["95", "%", "10.0%-10.0%"]
    assert half_a.split()[:3] == ["half", "b", "2"]
    assert half_b.split()[:3] == ["half", "a", "19"]


def test_a_report_is_saved_as_rows_and_a_summary(tmp_path: Path) -> None:
    report = Report((verdict("a"),), ("ear",))
    report.save(tmp_path / "report")
    saved = json.loads((tmp_path / "report" / "rows.jsonl").read_text())
    assert (saved["id"], saved["word_error_rate"], saved["quality"]) == ("a", 0.1, 3.0)
    assert json.loads((tmp_path / "report" / "summary.json").read_text()) == report.summary()
    (tmp_path / "file").touch()
    with pytest.raises(StudioError, match="could not be written"):
        report.save(tmp_path / "file")
