"""Phonemes of a prepared corpus, computed once and kept beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from ditar_studio.errors import StudioError
from ditar_studio.text import phonemes, symbols
from ditar_studio.training.corpus import PreparedCorpus

BOUNDARY = symbols.encode([symbols.BOUNDARY])[0]


def load_labels(corpus: PreparedCorpus, report: Callable[[str], None]) -> dict[str, list[int]]:
    """Return symbol indices of every clip's text, by clip name; texts that can't be read are
    reported and left out.
    """
    path = corpus.root / f"phonemes.v{symbols.VERSION}.json"
    known: dict[str, list[int]] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    missing = [entry for entry in corpus.entries if entry.audio not in known]
    for entry in missing:
        try:
            text = entry.text
            known[entry.audio] = symbols.encode(phonemes.phonemize(text)) if text else []
        except StudioError as error:
            report(f"{entry.audio}: left out: {error}")
            known[entry.audio] = []
    if missing:
        part = path.with_suffix(".part")
        part.write_text(json.dumps(known), "utf-8")
        os.replace(part, path)
    return known


def spoken(labels: list[int]) -> list[int]:
    """Return the symbols that are heard: all but the word boundaries."""
    return [label for label in labels if label != BOUNDARY]
