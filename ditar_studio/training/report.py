"""Summaries of many verdicts: figures with intervals, for all voices and for parts of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ditar_studio.store import files
from ditar_studio.training.evaluation import Verdict

ROWS, SUMMARY = "rows.jsonl", "summary.json"
"""The files of a report."""

_DRAWS: Final = 2000
_FAR_OFF: Final = 4.0  # semitones
_MANY: Final = 20  # rows, from which on a table has intervals

Values = NDArray[np.float64]


@dataclass(frozen=True)
class _Figure:
    """One of the figures.

    Attributes:
        name: key in JSON.
        title: of its column.
        shown: its form in a table.
        of_verdict: what a verdict contributes, a number or k of them; None leaves it out.
        over_voices: values [..., voices] or [..., voices, k] -> the figure [...].
    """

    name: str
    title: str
    shown: str
    of_verdict: Callable[[Verdict], float | tuple[int, int] | None]
    over_voices: Callable[[Values], Values]


def _rate(values: Values) -> Values:
    errors, words = np.moveaxis(values.sum(axis=-2), -1, 0)
    return np.asarray(errors / words)


def _mean(values: Values) -> Values:
    return np.asarray(values.mean(axis=-1))


def _median(values: Values) -> Values:
    return np.asarray(np.median(values, axis=-1))


def _share_far_off(values: Values) -> Values:
    return np.asarray((values > _FAR_OFF).mean(axis=-1))


def _words(verdict: Verdict) -> tuple[int, int] | None:
    return (verdict.errors, verdict.words) if verdict.words else None


def _size(value: float | None) -> float | None:
    return None if value is None else abs(value)


_FIGURES: Final = (
    _Figure("word_error_rate", "WER", ".1%", _words, _rate),
    _Figure("similarity", "similarity", ".3f", lambda v: v.similarity, _mean),
    _Figure("other_similarity", "to another", ".3f", lambda v: v.other_similarity, _mean),
    _Figure("identified", "rank 1", ".0%", lambda v: v.identified, _mean),
    _Figure("quality", "DNSMOS", ".2f", lambda v: v.quality, _mean),
    _Figure("pitch_error", "pitch", ".1f", lambda v: _size(v.pitch_error), _median),
    _Figure("pitch_far_off", "pitch >4", ".0%", lambda v: _size(v.pitch_error), _share_far_off),
    _Figure("pace_error", "pace", ".0%", lambda v: _size(v.pace_error), _median),
)


def figures(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Average over voices; those of one voice are averaged first. None where nothing is known.

    `intervals` has for each the limits within which 95 % of the figures lie that as many voices
    drawn from these, with replacement, have (bootstrap).
    """
    found: dict[str, Any] = {
        "rows": len(verdicts),
        "judged": sum(not verdict.problem for verdict in verdicts),
    }
    intervals: dict[str, list[float] | None] = {}
    for figure in _FIGURES:
        values = _by_voice(verdicts, figure)
        found[figure.name] = intervals[figure.name] = None
        if len(values):
            drawn = np.random.default_rng(0).integers(0, len(values), (_DRAWS, len(values)))
            limits = np.quantile(figure.over_voices(values[drawn]), (0.025, 0.975))
            found[figure.name] = round(float(figure.over_voices(values)), 4)
            intervals[figure.name] = [round(float(limit), 4) for limit in limits]
    return {**found, "intervals": intervals}


def _by_voice(verdicts: Iterable[Verdict], figure: _Figure) -> Values:
    """Return what each voice contributes, [voices] or [voices, k]."""
    voices: dict[str, list[float | tuple[int, int]]] = {}
    for verdict in verdicts:
        value = figure.of_verdict(verdict)
        if value is not None:
            voices.setdefault(verdict.id, []).append(value)
    return np.array([np.mean(values, axis=0) for values in voices.values()], np.float64)


@dataclass(frozen=True)
class Report:
    """The verdicts of a list; a missing file counts as heard wrong in every word.

    Attributes:
        verdicts: in the order in which they were reached.
        recognisers: who heard the words.
        alike: whether the groups of takes are of one kind, as seeds are, so that they can be
            taken together.
    """

    verdicts: tuple[Verdict, ...]
    recognisers: tuple[str, ...]
    alike: bool = True

    def parts(self) -> dict[str, list[Verdict]]:
        """Return the verdicts by group and, if the groups are alike, by half and accent, where
        there are several.
        """
        groups = _divided(self.verdicts, lambda verdict: verdict.group)
        if not self.alike:
            return groups
        halves = _divided(self.verdicts, lambda verdict: f"half {verdict.half}")
        accents = _divided(self.verdicts, lambda verdict: verdict.accent)
        divided = [parts for parts in (groups, halves, accents) if len(parts) > 1]
        return {name: part for parts in divided for name, part in parts.items()}

    def summary(self) -> dict[str, Any]:
        """Summarise all verdicts, if they are alike, and each of the `parts`."""
        return {
            **(figures(self.verdicts) if self.alike else {}),
            "seconds": round(sum(verdict.seconds for verdict in self.verdicts), 2),
            "recognisers": list(self.recognisers),
            "parts": {name: figures(verdicts) for name, verdicts in self.parts().items()},
        }

    def table(self) -> str:
        """Return the summary for people: a line a part, and the intervals below those of
        many rows.
        """
        summary = self.summary()
        lines = [["", "rows", *(figure.title for figure in _FIGURES)]]
        for name, values in [
            *([("all", summary)] if self.alike else []),
            *summary["parts"].items(),
        ]:
            cells = [_shown(values[figure.name], figure.shown) for figure in _FIGURES]
            lines.append([name, str(values["rows"]), *cells])
            if values["rows"] >= _MANY:
                limits = (values["intervals"][figure.name] for figure in _FIGURES)
                cells = [
                    "-".join(_shown(limit, figure.shown) for limit in pair) if pair else ""
                    for pair, figure in zip(limits, _FIGURES, strict=True)
                ]
                lines.append(["  95 %", "", *cells])
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip()
            for line in lines
        )

    def save(self, folder: Path) -> None:
        """Write `rows.jsonl` (a row a verdict) and `summary.json`, each whole or not at all.

        Raises:
            StudioError: the folder can't be written to.
        """
        rows = (
            {**asdict(verdict), "word_error_rate": round(verdict.word_error_rate, 4)}
            for verdict in self.verdicts
        )
        texts = {
            ROWS: "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows),
            SUMMARY: json.dumps(self.summary(), indent=2) + "\n",
        }
        for name, text in texts.items():
            with files.replacing(folder / name) as partial:
                partial.write_text(text, "utf-8")


def _divided(verdicts: Iterable[Verdict], by: Callable[[Verdict], str]) -> dict[str, list[Verdict]]:
    parts: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        parts.setdefault(by(verdict), []).append(verdict)
    return parts


def _shown(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
